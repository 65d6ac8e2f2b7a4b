// Metadata of objects: bound to their content, staged and then committed, with the parts of multipart uploads.
import * as assert from 'uvu/assert'
import type { NewObjectRecord, ObjectRecord } from '../records.ts'
import {
  collect,
  commit,
  content,
  fullRecord,
  hardKeys,
  marked,
  markOf,
  otherContent,
  type Proof,
  record,
} from './samples.ts'

export const objects: Record<string, Proof> = {
  async 'a record comes back as it was, also after a restart'(open) {
    const state = await open()
    await commit(state, fullRecord)
    await commit(state, record('bare'))
    assert.equal(await state.objects.find('bucket', 'full', fullRecord), asFound(fullRecord))
    await state.close()

    const again = await open()
    const found = await again.objects.find('bucket', 'full', fullRecord)
    assert.equal(found, asFound(fullRecord))
    assert.ok(Object.hasOwn(found?.metadata.user ?? {}, '__proto__'))
    assert.equal(await again.objects.find('bucket', 'bare', content), asFound(record('bare')))
  },

  async 'parts are told from a part number on, each with its place, and go with their record'(
    open,
  ) {
    const state = await open()
    await commit(state, fullRecord)
    const partsOf = (wanted: typeof content, afterPartNumber: number, limit: number) =>
      state.objects.parts('bucket', 'full', wanted, { afterPartNumber, limit })
    const mib = 2 ** 20
    const [first, second, third, last] = [
      { partNumber: 1, start: 0, sizeBytes: 8 * mib, checksums: { CRC32: 'a=', SHA256: 'b=' } },
      { partNumber: 2, start: 8 * mib, sizeBytes: 8 * mib, checksums: {} },
      { partNumber: 3, start: 16 * mib, sizeBytes: 5 * 2 ** 30, checksums: {} },
      { partNumber: 4, start: 16 * mib + 5 * 2 ** 30, sizeBytes: 0, checksums: {} },
    ]
    assert.equal(await partsOf(fullRecord, 0, 10_000), [first, second, third, last])
    assert.equal(await partsOf(fullRecord, 1, 2), [second, third])
    assert.equal(await partsOf(fullRecord, 4, 5), [])
    assert.equal(await partsOf(content, 0, 5), [])

    // Another write of the same content in other parts, still staged: the committed ones count.
    const again = { ...fullRecord, parts: [{ sizeBytes: 1, checksums: {} }] }
    const writeId = await state.objects.stage(again)
    assert.is((await partsOf(fullRecord, 0, 10)).length, 4)
    await state.objects.commit(writeId)
    assert.equal(await partsOf(fullRecord, 0, 10), [
      { partNumber: 1, start: 0, sizeBytes: 1, checksums: {} },
    ])
    await state.objects.remove('bucket', 'full')
    assert.equal(await partsOf(fullRecord, 0, 10), [])
  },

  async 'ten thousand parts of ten thousand sizes are kept, and a record is read without them'(
    open,
  ) {
    const state = await open()
    const parts = Array.from({ length: 10_000 }, (_, index) => ({
      sizeBytes: index + 1,
      checksums: { SHA256: `${index}=`.padStart(44, 'A') },
    }))
    await commit(state, record('many', { parts }))
    assert.is((await state.objects.find('bucket', 'many', content))?.partCount, 10_000)
    const after = { afterPartNumber: 9_999, limit: 5 }
    assert.equal(await state.objects.parts('bucket', 'many', content, after), [
      { ...parts[9_999], partNumber: 10_000, start: (9_999 * 10_000) / 2 },
    ])
  },

  async 'tags are replaced in the record of a content, which stays as it is otherwise'(open) {
    const state = await open()
    const tags = [{ key: 'new', value: 'tag' }]
    const tag = (wanted: typeof content, key = 'full') =>
      state.objects.setLabels('bucket', key, wanted, { tags })
    await commit(state, fullRecord)
    assert.is(await tag(content), false)
    assert.is(await tag(fullRecord, 'other'), false)
    assert.equal(await state.objects.find('bucket', 'full', fullRecord), asFound(fullRecord))
    assert.is(await tag(fullRecord), true)
    const tagged = { ...asFound(fullRecord), tags }
    assert.equal(await state.objects.find('bucket', 'full', fullRecord), tagged)
    const all = { afterPartNumber: 0, limit: 9 }
    assert.is((await state.objects.parts('bucket', 'full', fullRecord, all)).length, 4)

    // What is staged for other content keeps its own.
    const writeId = await state.objects.stage(record('full', otherContent))
    assert.is(await tag(fullRecord), true)
    await state.objects.commit(writeId)
    const found = await state.objects.find('bucket', 'full', otherContent)
    assert.equal(found, asFound(record('full', otherContent)))
  },

  async 'a staged record that gets labels is committed, and tells them from then on'(open) {
    const state = await open()
    await commit(state, marked('old', { acl: 'public' }))
    await state.objects.stage(marked('new', { ...otherContent, acl: 'public' }))
    const third = { ...content, sizeBytes: 9 }
    const later = await state.objects.stage(marked('later', { ...third, acl: 'public' }))
    assert.ok(await state.objects.setLabels('bucket', 'key', otherContent, { acl: 'private' }))
    const found = await state.objects.find('bucket', 'key', otherContent)
    assert.is(found?.acl, 'private')
    assert.equal(await state.objects.latest('bucket', 'key'), found)
    assert.is(await markOf(state), undefined)
    assert.is(await markOf(state, third), 'later')
    await state.objects.discard(later)
    assert.is(await markOf(state, otherContent), 'new')
  },

  async 'the latest record of a key is found without its content, the committed one first'(open) {
    const state = await open()
    assert.is(await state.objects.latest('bucket', 'full'), undefined)
    const staged = await state.objects.stage(fullRecord)
    assert.equal(await state.objects.latest('bucket', 'full'), asFound(fullRecord))
    await state.objects.commit(staged)
    await state.objects.setLabels('bucket', 'full', fullRecord, { acl: 'another' })
    await state.objects.stage(record('full', otherContent))
    const found = await state.objects.latest('bucket', 'full')
    assert.equal(found, { ...asFound(fullRecord), acl: 'another' })
    assert.is(await state.objects.latest('other', 'full'), undefined)
  },

  async 'a record is found only for the content that it describes'(open) {
    const state = await open()
    for (const act of ['staged', 'committed']) {
      const written = marked(act)
      if (act === 'staged') await state.objects.stage(written)
      else await commit(state, written)
      assert.is(await markOf(state), act)
      assert.is(await markOf(state, { ...content, sizeBytes: 6 }), undefined)
      assert.is(await markOf(state, otherContent), undefined)
      assert.is(await state.objects.find('bucket', 'other', content), undefined)
      assert.is(await state.objects.find('other', 'key', content), undefined)
    }
  },

  async 'removing a key takes all its records, removing a bucket all of the bucket'(open) {
    const state = await open()
    const put = async (bucket: string, key: string) => {
      await commit(state, record(key, { bucket }))
      await state.objects.stage(record(key, { bucket, ...otherContent }))
    }
    const left = async () => {
      const found: string[] = []
      for (const [bucket, key] of [
        ['a', 'x'],
        ['a', 'y'],
        ['b', 'x'],
      ] as const) {
        for (const wanted of [content, otherContent]) {
          const hit = await state.objects.find(bucket, key, wanted)
          if (hit !== undefined) found.push(`${bucket}/${key}`)
        }
      }
      return found
    }
    await put('a', 'x')
    await put('a', 'y')
    await put('b', 'x')
    await state.objects.remove('a', 'x')
    assert.equal(await left(), ['a/y', 'a/y', 'b/x', 'b/x'])
    await state.objects.remove('a', 'x')
    await state.objects.removeBucket('a')
    assert.equal(await left(), ['b/x', 'b/x'])
  },

  async 'keys of any Unicode are kept apart and exported in UTF-8 order'(open) {
    const state = await open()
    for (const key of hardKeys.toReversed()) {
      await commit(state, record(key, { metadata: { user: { key } } }))
    }
    await commit(state, record('first', { bucket: 'a-bucket' }))
    for (const key of hardKeys) {
      const found = await state.objects.find('bucket', key, content)
      assert.is(found?.key, key)
      assert.is(found?.metadata.user.key, key)
    }
    const exported = await collect(state.objects.all())
    assert.equal(
      exported.map(({ key }) => key),
      ['first', ...hardKeys],
    )
  },

  async 'many records are found at once, each by its own content'(open) {
    const state = await open()
    for (const key of hardKeys) await commit(state, record(key))
    const staged = await state.objects.stage(record('a', { ...otherContent, multipartEtag: 'm-1' }))
    const wanted = [
      ...hardKeys.filter((key) => key.toLowerCase() !== 'a').map((key) => ({ key, ...content })),
      { key: 'a', ...otherContent },
      { key: 'missing', ...content },
      { key: 'A', ...otherContent },
    ]
    const found = await state.objects.findListed('bucket', wanted)
    const expected = hardKeys.filter((key) => key !== 'A')
    assert.equal([...found.keys()].sort(), expected.sort())
    assert.is(found.get('a')?.multipartEtag, 'm-1')
    await state.objects.discard(staged)

    assert.is((await state.objects.findListed('bucket', [])).size, 0)
    assert.is((await state.objects.findListed('other', wanted)).size, 0)
  },

  async 'many records are found by the same rule as one'(open) {
    const state = await open()
    const wanted = [{ key: 'key', ...content }]
    const found = async () =>
      (await state.objects.findListed('bucket', wanted)).get('key')?.multipartEtag
    const parted = (multipartEtag: string) => record('key', { multipartEtag })
    await state.objects.stage(parted('first-1'))
    await state.objects.stage(parted('second-1'))
    assert.is(await found(), 'second-1')
    await commit(state, parted('committed-1'))
    await state.objects.stage(parted('third-1'))
    assert.is(await found(), 'committed-1')
  },

  async 'what a listing shows is that of the whole record'(open) {
    const state = await open()
    const all: Partial<NewObjectRecord>[] = [
      {},
      { multipartEtag: 'm-2' },
      { storageClass: 'GLACIER' },
      { checksums: { type: 'COMPOSITE', values: { SHA256: 'a', CRC32: '"' } } },
      { multipartEtag: '', storageClass: '', checksums: { type: 'FULL_OBJECT', values: {} } },
    ]
    for (const [n, more] of all.entries()) await commit(state, record(`${n}`, more))
    const wanted = all.map((_, n) => ({ key: `${n}`, ...content }))
    const found = await state.objects.findListed('bucket', wanted)
    for (const { key } of wanted) {
      const { multipartEtag, storageClass, checksums } = {
        storageClass: undefined,
        ...(await state.objects.find('bucket', key, content)),
      }
      assert.equal(found.get(key), { multipartEtag, storageClass, checksums }, key)
    }
  },

  async 'of each key and content that record is exported that is found'(open) {
    const state = await open()
    const exported = async () =>
      (await collect(state.objects.all())).map((one) => [
        one.key,
        one.metadata.user.mark,
        one.isStaged,
      ])
    await commit(state, marked('committed'))
    await state.objects.stage(marked('hidden by the committed one'))
    await state.objects.stage(marked('first', otherContent))
    await state.objects.stage(marked('latest', otherContent))
    await state.objects.stage({ ...marked('staged alone'), key: 'other' })
    assert.equal(await exported(), [
      ['key', 'committed', false],
      ['key', 'latest', true],
      ['other', 'staged alone', true],
    ])
    assert.is(await markOf(state), 'committed')
    assert.is(await markOf(state, otherContent), 'latest')
  },

  async 'a thousand keys of a large bucket are found, and all are exported'(open) {
    const state = await open()
    const keys = Array.from({ length: 1200 }, (_, index) => `key-${String(index).padStart(5, '0')}`)
    for (const key of keys) await commit(state, record(key))
    const wanted = keys.slice(100, 1100).map((key) => ({ key, ...content }))
    assert.is((await state.objects.findListed('bucket', wanted)).size, 1000)
    const exported = await collect(state.objects.all())
    assert.equal(
      exported.map(({ key }) => key),
      keys,
    )
    for await (const first of state.objects.all()) {
      assert.is(first.key, keys[0])
      break
    }
  },

  async 'what one process writes, the next call of another sees'(open) {
    const [one, other] = [await open(), await open()]
    const writeId = await one.objects.stage(marked('new'))
    assert.is(await markOf(other), 'new')
    await other.objects.commit(writeId)
    assert.is(await markOf(one), 'new')
    await one.objects.remove('bucket', 'key')
    assert.is(await markOf(other), undefined)
  },
}

/** How a record is found that was written so. */
function asFound({ parts = [], ...rest }: NewObjectRecord): ObjectRecord {
  return { ...rest, partCount: parts.length === 0 ? undefined : parts.length }
}
