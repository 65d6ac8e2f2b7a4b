// Multipart uploads: how they move from open to completed, how they are listed, and when they expire.
import * as assert from 'uvu/assert'
import type { UploadRecord } from '../records.ts'
import type { State } from '../state.ts'
import { fullRecord, hardKeys, type Proof } from './samples.ts'
import { later, noon, numbers, part, result, upload } from './upload-samples.ts'

const wholeList = { prefix: '', keyMarker: '', uploadIdMarker: '', limit: 1000 }

export const uploads: Record<string, Proof> = {
  async 'an upload comes back as it was, also after a restart'(open) {
    const state = await open()
    const full = upload('full', {
      key: 'a\0é\u{1f600}',
      metadata: fullRecord.metadata,
      initiator: { id: 'arn:aws:iam::anna:user/laptop', name: 'laptop' },
      checksumAlgorithm: 'CRC64NVME',
      checksumType: 'FULL_OBJECT',
    })
    await state.uploads.create(full)
    await state.uploads.create(upload('bare'))
    await state.close()
    const again = await open()
    const fresh = { status: 'open' as const, result: undefined }
    assert.equal(await again.uploads.find('full'), { ...full, ...fresh })
    assert.equal(await again.uploads.find('bare'), { ...upload('bare'), ...fresh })
    assert.is(await again.uploads.find('unknown'), undefined)
  },

  async 'an upload moves from open to completing, back, and to completed for good'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    assert.is(await state.uploads.markCompleting('u'), true)
    assert.is(await statusOf(state, 'u'), 'completing')
    assert.is(await state.uploads.markCompleting('u'), true, 'as after a crash')
    await state.uploads.markOpen('u')
    assert.is(await statusOf(state, 'u'), 'open')
    await state.uploads.markCompleting('u')
    await state.uploads.markCompleted('u', result, noon)
    assert.is(await state.uploads.markCompleting('u'), false)
    await state.uploads.markOpen('u')
    assert.is(await statusOf(state, 'u'), 'completed')
    assert.equal((await state.uploads.find('u'))?.result, result)
    assert.is(await state.uploads.markCompleting('unknown'), false)
    await state.uploads.markOpen('unknown')
    assert.is(await statusOf(state, 'unknown'), undefined)
  },

  async 'a completion keeps its result, forgets the parts and names their files, once'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    await state.uploads.create(upload('other'))
    await state.parts.put(part('u', 2))
    await state.parts.put(part('u', 1))
    await state.parts.put(part('other', 1))
    await state.uploads.markCompleting('u')
    const checked = { etag: 'e-2', checksums: fullRecord.checksums }
    assert.equal([...(await state.uploads.markCompleted('u', checked, noon))].sort(), [
      'u-1',
      'u-2',
    ])
    assert.equal(await numbers(state, 'u'), [])
    assert.equal(await numbers(state, 'other'), [1])
    assert.is(await state.parts.isRecorded('u-1'), false)
    assert.equal(await state.uploads.markCompleted('u', result, later(1)), [])
    assert.equal(await state.uploads.markCompleted('unknown', result, noon), [])
    await state.close()
    const again = await open()
    assert.equal((await again.uploads.find('u'))?.result, checked)
  },

  async 'removing an upload, or all of a bucket, names their files'(open) {
    const state = await open()
    for (const uploadId of ['u', 'v']) {
      await state.uploads.create(upload(uploadId))
      await state.parts.put(part(uploadId, 1))
    }
    await state.uploads.create(upload('w', { bucket: 'other' }))
    await state.parts.put(part('w', 1))
    await state.uploads.markCompleting('v')

    assert.equal(await state.uploads.remove('u'), ['u-1'])
    assert.equal(await state.uploads.remove('u'), [])
    assert.is(await state.uploads.find('u'), undefined)
    assert.equal(await numbers(state, 'u'), [])
    assert.equal(await state.uploads.removeBucket('bucket'), ['v-1'])
    assert.equal(await state.uploads.removeBucket('bucket'), [])
    assert.is(await statusOf(state, 'w'), 'open')
    assert.equal(await numbers(state, 'w'), [1])
  },

  async 'uploads are listed by key in UTF-8 order, then by time, then by id'(open) {
    const state = await open()
    for (const [index, key] of hardKeys.entries()) {
      await state.uploads.create(upload(`late-${index}`, { key, initiated: later(1) }))
      await state.uploads.create(upload(`early-b-${index}`, { key }))
      await state.uploads.create(upload(`early-a-${index}`, { key }))
    }
    await state.uploads.create(upload('elsewhere', { bucket: 'other' }))
    assert.equal(
      await listed(state),
      hardKeys.flatMap((_, index) => [`early-a-${index}`, `early-b-${index}`, `late-${index}`]),
    )
  },

  async 'open and completing uploads are listed, completed ones are not'(open) {
    const state = await open()
    for (const uploadId of ['a', 'b', 'c']) await state.uploads.create(upload(uploadId))
    await state.uploads.markCompleting('b')
    await state.uploads.markCompleted('c', result, noon)
    assert.equal(await listed(state), ['a', 'b'])
  },

  async 'a prefix takes exactly the keys that begin with it'(open) {
    const state = await open()
    const keys = [...hardKeys, 'a%', 'a_b', 'ab', 'B', 'a\u{10ffff}', 'a\uffff']
    for (const [index, key] of keys.entries()) {
      await state.uploads.create(upload(`u${index}`, { key }))
    }
    for (const prefix of ['', 'a', 'a\0', 'a%', 'a_', 'A', 'a\u{10ffff}', '\u{10ffff}', 'zz']) {
      const found = await state.uploads.list('bucket', { ...wholeList, prefix })
      assert.equal(
        found.map(({ key }) => key).sort(),
        keys.filter((key) => key.startsWith(prefix)).sort(),
        JSON.stringify(prefix),
      )
    }
  },

  async 'pages of uploads leave nothing out and repeat nothing'(open) {
    const state = await open()
    const ids: string[] = []
    for (const key of ['a', 'b', 'b\0', 'c']) {
      for (const [index, time] of [0, 0, 5].entries()) {
        // The ids fall while the times rise: only both together give the order.
        const uploadId = `${9 - index}${ids.length}`
        await state.uploads.create(upload(uploadId, { key, initiated: later(time) }))
        ids.push(uploadId)
      }
    }
    const whole = await listed(state)
    for (const limit of [1, 2, 5, 12]) {
      const found: UploadRecord[] = []
      for (let last: UploadRecord | undefined; ; ) {
        const page: readonly UploadRecord[] = await state.uploads.list('bucket', {
          prefix: '',
          keyMarker: last?.key ?? '',
          uploadIdMarker: last?.uploadId ?? '',
          limit,
        })
        found.push(...page)
        last = page.at(-1)
        if (last === undefined) break
        assert.ok(page.length <= limit)
      }
      assert.equal(
        found.map(({ uploadId }) => uploadId),
        whole,
      )
    }
  },

  async 'a key marker alone passes the whole key; one with an unknown id passes none of it'(open) {
    const state = await open()
    await state.uploads.create(upload('a1', { key: 'a' }))
    await state.uploads.create(upload('b1', { key: 'b' }))
    await state.uploads.create(upload('b2', { key: 'b', initiated: later(1) }))
    await state.uploads.create(upload('c1', { key: 'c', initiated: later(5) }))
    assert.equal(await listed(state, { keyMarker: 'b' }), ['c1'])
    assert.equal(await listed(state, { keyMarker: 'aa' }), ['b1', 'b2', 'c1'])
    assert.equal(await listed(state, { keyMarker: 'b', uploadIdMarker: 'b1' }), ['b2', 'c1'])
    for (const uploadIdMarker of ['gone', 'c1']) {
      assert.equal(await listed(state, { keyMarker: 'b', uploadIdMarker }), ['b1', 'b2', 'c1'])
    }
    assert.equal(await listed(state, { prefix: 'b', keyMarker: 'a' }), ['b1', 'b2'])
    assert.equal(await listed(state, { prefix: 'a', keyMarker: 'b' }), [])
    await state.uploads.markCompleted('b1', result, noon)
    assert.equal(await listed(state, { keyMarker: 'b', uploadIdMarker: 'b1' }), ['b2', 'c1'])
  },

  async 'uploads expire by their beginning, finished ones by their end'(open) {
    const state = await open()
    await state.uploads.create(upload('old', { initiated: later(-1) }))
    await state.uploads.create(upload('old-completing', { initiated: later(-1) }))
    await state.uploads.markCompleting('old-completing')
    await state.uploads.create(upload('new'))
    for (const [uploadId, completedAt] of [
      ['done-long-ago', later(-11)],
      ['done-lately', later(-10)],
    ] as const) {
      await state.uploads.create(upload(uploadId, { initiated: later(-100) }))
      await state.uploads.markCompleted(uploadId, result, completedAt)
    }
    const expired = await state.uploads.expired(noon, later(-10))
    assert.equal(expired.map(({ uploadId, status }) => [uploadId, status]).sort(), [
      ['done-long-ago', 'completed'],
      ['old', 'open'],
      ['old-completing', 'completing'],
    ])
    assert.is(await state.uploads.countUnfinished(), 3)
  },
}

async function listed(state: State, options: Partial<typeof wholeList> = {}): Promise<string[]> {
  const found = await state.uploads.list('bucket', { ...wholeList, ...options })
  return found.map(({ uploadId }) => uploadId)
}

async function statusOf(state: State, uploadId: string): Promise<string | undefined> {
  return (await state.uploads.find(uploadId))?.status
}
