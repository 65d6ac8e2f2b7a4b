// How much buckets with a quota hold.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

export const usage: Record<string, Proof> = {
  async 'nothing is reserved in a bucket that was never counted, and counts add up after'(open) {
    const [one, other] = [await open(), await open()]
    const write = { id: 'a', bucket: 'b', sizeBytes: 10, limitBytes: 100, nowMs: 5 }
    assert.is(await one.usage.find('b'), undefined)
    assert.not.ok(await one.usage.reserve(write))
    const counted = { countedBytes: 70, startedMs: 1, before: undefined, abandonedBeforeMs: 0 }
    assert.ok(await one.usage.setCounted('b', counted))
    assert.ok(await one.usage.reserve(write))
    assert.ok(await other.usage.reserve({ ...write, id: 'c', sizeBytes: 20 }))
    assert.not.ok(await one.usage.reserve({ ...write, id: 'd', sizeBytes: 1 }))
    await one.usage.settle('a', 'dropped')
    await other.usage.settle('c', 'stored')
    await other.usage.settle('c', 'stored')
    await one.usage.settle('unknown', 'stored')
    const all = { countedBytes: 70, countedMs: 1, addedBytes: 20, pendingBytes: 0 }
    assert.equal(await one.usage.find('b'), all)
    assert.ok(await one.usage.reserve(write))
    assert.equal(await other.usage.find('b'), { ...all, pendingBytes: 10 })
    assert.is(await other.usage.find('other'), undefined)
  },

  async 'a count forgets what was written before it began, and nothing else'(open) {
    const state = await open()
    const counted = { countedBytes: 0, startedMs: 1, before: undefined, abandonedBeforeMs: 0 }
    await state.usage.setCounted('b', counted)
    const write = { bucket: 'b', limitBytes: 1000, nowMs: 10 }
    const store = async (id: string, sizeBytes: number): Promise<void> => {
      assert.ok(await state.usage.reserve({ ...write, id, sizeBytes }))
      await state.usage.settle(id, 'stored')
    }
    await store('before', 1)
    assert.ok(await state.usage.reserve({ ...write, id: 'during', sizeBytes: 2, nowMs: 20 }))
    assert.ok(await state.usage.reserve({ ...write, id: 'abandoned', sizeBytes: 4, nowMs: 9 }))
    const before = await state.usage.find('b')
    await state.usage.settle('during', 'stored')
    await store('after', 8)
    const second = { countedBytes: 1, startedMs: 15, before, abandonedBeforeMs: 10 }
    assert.ok(await state.usage.setCounted('b', second))
    const found = { countedBytes: 1, countedMs: 15, addedBytes: 10, pendingBytes: 0 }
    assert.equal(await state.usage.find('b'), found)
    // One that began before another was kept comes too late.
    assert.not.ok(await state.usage.setCounted('b', { ...second, countedBytes: 999 }))
    assert.equal(await state.usage.find('b'), found)
  },

  async 'buckets are forgotten one by one, or all but some'(open) {
    const state = await open()
    const counted = { countedBytes: 0, startedMs: 1, before: undefined, abandonedBeforeMs: 0 }
    for (const bucket of ['a', 'b', 'c']) {
      await state.usage.setCounted(bucket, counted)
      const write = { id: bucket, bucket, sizeBytes: 1, limitBytes: 10, nowMs: 1 }
      assert.ok(await state.usage.reserve(write))
    }
    await state.usage.removeBucket('a')
    await state.usage.keepOnly(new Set(['c', 'd']))
    const known = async (bucket: string) => (await state.usage.find(bucket))?.pendingBytes
    assert.equal([await known('a'), await known('b'), await known('c')], [undefined, undefined, 1])
    await state.usage.settle('b', 'stored')
    assert.is(await state.usage.find('b'), undefined)
  },
}
