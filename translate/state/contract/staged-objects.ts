// The two halves of a write: what is staged, and then committed, discarded, left or settled.
import * as assert from 'uvu/assert'
import type { ObjectAddress } from '../../bridge.ts'
import {
  collect,
  commit,
  content,
  marked,
  markOf,
  otherContent,
  type Proof,
  record,
} from './samples.ts'

export const stagedObjects: Record<string, Proof> = {
  async 'a committed record goes before staged ones, and of those the latest'(open) {
    const state = await open()
    await state.objects.stage(marked('staged first'))
    const second = await state.objects.stage(marked('staged second'))
    assert.is(await markOf(state), 'staged second')
    await state.objects.commit(second)
    await state.objects.stage(marked('staged third'))
    assert.is(await markOf(state), 'staged second')
  },

  async 'until the commit, the old content keeps its record and the new has one already'(open) {
    const state = await open()
    await commit(state, marked('old'))
    const writeId = await state.objects.stage(marked('new', otherContent))
    assert.is(await markOf(state), 'old')
    assert.is(await markOf(state, otherContent), 'new')
    await state.objects.commit(writeId)
    assert.is(await markOf(state), undefined)
    assert.is(await markOf(state, otherContent), 'new')
  },

  async 'a process that dies between the halves loses nothing'(open) {
    const dying = await open()
    await commit(dying, marked('old'))
    const writeId = await dying.objects.stage(marked('new', otherContent))
    await dying.close()

    const state = await open()
    assert.is(await markOf(state, otherContent), 'new', 'its content was stored')
    assert.is(await markOf(state), 'old', 'its content was not')
    await state.objects.commit(writeId)
    assert.is(await markOf(state), undefined)
    assert.is(await markOf(state, otherContent), 'new')
  },

  async 'a commit forgets what was staged before, not what was staged after'(open) {
    const state = await open()
    await state.objects.stage(marked('abandoned', { sizeBytes: 1 }))
    const first = await state.objects.stage(marked('first'))
    const second = await state.objects.stage(marked('second', otherContent))
    await state.objects.commit(first)
    assert.is(await markOf(state, { ...content, sizeBytes: 1 }), undefined)
    assert.is(await markOf(state), 'first')
    await state.objects.commit(second)
    assert.is(await markOf(state), undefined)
    assert.is(await markOf(state, otherContent), 'second')
    assert.is((await collect(state.objects.all())).length, 1)
  },

  async 'a record that is left hides those before it of the same content, which are forgotten'(
    open,
  ) {
    const state = await open()
    await commit(state, marked('committed', { sizeBytes: 1 }))
    const first = await state.objects.stage(marked('first'))
    const other = await state.objects.stage(marked('other', otherContent))
    const second = await state.objects.stage(marked('second'))
    await state.objects.leave(second)
    await state.objects.leave('999999')
    assert.is(await markOf(state), 'second')
    assert.is(await markOf(state, otherContent), 'other')
    assert.is(await markOf(state, { ...content, sizeBytes: 1 }), 'committed')
    await state.objects.discard(second)
    assert.is(await markOf(state), undefined, 'the first was forgotten')
    await state.objects.commit(first)
    await state.objects.commit(other)
    assert.is(await markOf(state, otherContent), 'other')
  },

  async 'keys with old staged records are found, in a table of any size'(open) {
    const state = await open()
    const left = async (beforeMs: number, after?: ObjectAddress) =>
      (await collect(state.objects.leftStaged(beforeMs, () => 0, after))).map(
        ({ bucket, key }) => bucket + key,
      )
    for (let n = 0; n < 6000; n += 1) {
      const key = `key-${String(n).padStart(4, '0')}`
      const writeId = await state.objects.stage(record(key), n)
      if (n % 3000 !== 2999) await state.objects.commit(writeId)
    }
    await state.objects.stage(record('key-5999', otherContent), 1)
    await state.objects.stage(record('a', { bucket: 'other' }), 9000)
    assert.equal(await left(3000), ['bucketkey-2999', 'bucketkey-5999'])
    assert.equal(await left(9001), ['bucketkey-2999', 'bucketkey-5999', 'othera'])
    assert.equal(await left(1), [])
    for (const [key, rest] of [
      ['key-2998', ['bucketkey-2999', 'bucketkey-5999', 'othera']],
      ['key-2999', ['bucketkey-5999', 'othera']],
      ['key-5999', ['othera']],
    ] as const) {
      assert.equal(await left(9001, { bucket: 'bucket', key }), rest)
    }
    assert.equal(await left(9001, { bucket: 'other', key: 'a' }), [])
  },

  async 'a record of unknown age is as old as the first look at what is left'(open) {
    const state = await open()
    const left = async (beforeMs: number, nowMs: number) =>
      (await collect(state.objects.leftStaged(beforeMs, () => nowMs))).length
    await state.objects.stage(marked('left'), 0)
    await state.objects.settle('bucket', 'key', undefined, 99)
    assert.is(await markOf(state), 'left', 'nobody looked yet')
    assert.is(await left(99, 100), 0)
    await state.objects.settle('bucket', 'key', undefined, 100)
    assert.is(await markOf(state), 'left')
    assert.is(await left(101, 200), 1)
    await state.objects.settle('bucket', 'key', undefined, 101)
    assert.is(await markOf(state), undefined)
  },

  async 'of the records that are left, the one of the content is committed, and old ones go'(open) {
    const state = await open()
    const third = { ...content, sizeBytes: 9 }
    const kinds = async () => [
      await markOf(state),
      await markOf(state, otherContent),
      await markOf(state, third),
    ]
    const stage = async () => {
      await state.objects.remove('bucket', 'key')
      await state.objects.commit(await state.objects.stage(marked('committed'), 1))
      await state.objects.stage(marked('left', otherContent), 10)
      await state.objects.stage(marked('young', third), 20)
    }
    await stage()
    await state.objects.settle('bucket', 'key', otherContent, 15)
    assert.equal(await kinds(), [undefined, 'left', 'young'])
    assert.is((await state.objects.latest('bucket', 'key'))?.metadata.user.mark, 'left')

    await stage()
    await state.objects.settle('bucket', 'key', content, 15)
    assert.equal(await kinds(), ['committed', undefined, 'young'])

    await stage()
    await state.objects.settle('bucket', 'key', undefined, 15)
    assert.equal(await kinds(), ['committed', undefined, 'young'])
    await state.objects.settle('other', 'key', content, 99)
    assert.equal(await kinds(), ['committed', undefined, 'young'])
  },

  async 'a discarded record is gone; ids that are unknown, used up or nonsense do nothing'(open) {
    const state = await open()
    await commit(state, marked('committed'))
    const discarded = await state.objects.stage(marked('discarded', otherContent))
    await state.objects.discard(discarded)
    assert.is(await markOf(state, otherContent), undefined)

    const committed = await state.objects.stage(marked('again'))
    await state.objects.commit(committed)
    const later = await state.objects.stage(marked('later', otherContent))
    for (const id of [discarded, committed, '999999', '', 'x', '-1', '1e0', '9'.repeat(30)]) {
      await state.objects.commit(id)
      await state.objects.discard(id)
    }
    assert.is(await markOf(state), 'again')
    assert.is(await markOf(state, otherContent), 'later')
    await state.objects.commit(later)
    assert.is(await markOf(state, otherContent), 'later')
  },

  async 'an id is never given twice, not even after its record is gone'(open) {
    const state = await open()
    const writeId = await state.objects.stage(marked('gone'))
    await state.objects.discard(writeId)
    await state.objects.stage(marked('kept'))
    await state.objects.discard(writeId)
    assert.is(await markOf(state), 'kept')
  },
}
