import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  get,
  head,
  md5Of,
  put,
  storeForeign,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge, Tag } from './bridge.ts'

const test = suite('object tags')

const one: Tag[] = [{ key: 'is', value: 'one' }]
const two: Tag[] = [{ key: 'is', value: 'two' }]

const tag = (bridge: Bridge, key: string, tags: readonly Tag[]) =>
  bridge.putObjectTagging({ bucket, key, tags }, contextOf())
const tagsOf = (bridge: Bridge, key: string) =>
  bridge.getObjectTagging({ bucket, key }, contextOf())

test('tags come with a write, are replaced and removed, and leave content, time and metadata', async () => {
  await withWorld({}, async ({ bridge, clock }) => {
    const metadata = { contentType: 'text/css', user: { a: 'b' } }
    const body = bodyOf('content')
    const labels = { tags: one, storageClass: 'STANDARD_IA' }
    const input = { bucket, key: 'a/b', body, metadata, conditions: {}, ...labels }
    await bridge.putObject(input, contextOf())
    const before = await head(bridge, 'a/b')
    assert.equal([before.tags, before.storageClass], [one, 'STANDARD_IA'])
    clock.nowMs += 60_000
    await tag(bridge, 'a/b', two)
    assert.equal(await tagsOf(bridge, 'a/b'), two)
    assert.equal(await head(bridge, 'a/b'), { ...before, tags: two })
    await bridge.deleteObjectTagging({ bucket, key: 'a/b' }, contextOf())
    assert.equal(await head(bridge, 'a/b'), { ...before, tags: [] })
    assert.is((await get(bridge, 'a/b')).toString(), 'content')
    // A new object has its own.
    await put(bridge, 'a/b', 'content')
    const after = await head(bridge, 'a/b')
    assert.equal([after.tags, after.storageClass], [[], 'STANDARD'])
  })
})

test('what another program stored can be tagged, and keeps its type and time', async () => {
  await withWorld({}, async ({ bridge, foreign, at, state }) => {
    await storeForeign(foreign, at('photo.jpg'), 'by hand')
    const before = await head(bridge, 'photo.jpg')
    await bridge.deleteObjectTagging({ bucket, key: 'photo.jpg' }, contextOf())
    const content = { md5: md5Of('by hand'), sizeBytes: 7 }
    assert.is(await state.objects.find(bucket, 'photo.jpg', content), undefined)
    await tag(bridge, 'photo.jpg', one)
    assert.equal(await head(bridge, 'photo.jpg'), { ...before, tags: one })
    // Changed behind our back, it is another object, without tags.
    await storeForeign(foreign, at('photo.jpg'), 'by hand, again')
    assert.equal(await tagsOf(bridge, 'photo.jpg'), [])
  })
})

test('keys without an object cannot be tagged', async () => {
  await withWorld({}, async ({ bridge }) => {
    await put(bridge, 'folder/Key', 'x')
    for (const key of ['none', 'folder', 'folder/key', 'a//b']) {
      assert.is(await codeOf(tag(bridge, key, one)), 'NoSuchKey', key)
      assert.is(await codeOf(tagsOf(bridge, key)), 'NoSuchKey', key)
    }
    await bridge.deleteObject({ bucket, key: 'folder/Key' }, contextOf())
    assert.is(await codeOf(tag(bridge, 'folder/Key', one)), 'NoSuchKey')
    const elsewhere = bridge.putObjectTagging({ bucket: 'none', key: 'k', tags: one }, contextOf())
    assert.is(await codeOf(elsewhere), 'NoSuchBucket')
  })
})

test('tags that come while the object is written over never end on the wrong content', async () => {
  await withWorld({}, async ({ bridge }) => {
    for (let round = 0; round < 8; round += 1) {
      const old = `old ${round}`
      await put(bridge, 'key', old)
      const write = (content: string) =>
        bridge.putObject(
          {
            ...{ bucket, key: 'key', body: bodyOf(content), metadata: { user: {} } },
            ...{ conditions: {}, tags: two },
          },
          contextOf(),
        )
      await Promise.all([write(`new ${round}`), tag(bridge, 'key', one)])
      // Either the tagging came first, and went with the old content, or it was for the new one.
      const [current] = await tagsOf(bridge, 'key')
      assert.ok(current?.value === 'one' || current?.value === 'two')
      await put(bridge, 'key', old)
      assert.equal(await tagsOf(bridge, 'key'), [])
    }
  })
})

test('the tags and the class of a multipart upload are those of its beginning', async () => {
  await withWorld({}, async ({ bridge }) => {
    const context = contextOf()
    const created = {
      ...{ bucket, key: 'big', metadata: { user: {} }, tags: one, storageClass: 'GLACIER_IR' },
      ...{ checksumAlgorithm: undefined, checksumType: undefined },
    }
    const { uploadId } = await bridge.createMultipartUpload(created, context)
    const address = { bucket, key: 'big', uploadId }
    const part = { ...address, partNumber: 1, body: bodyOf('part') }
    const { etag } = await bridge.uploadPart(part, context)
    const listed = await bridge.listParts({ ...address, afterPartNumber: 0, maxParts: 9 }, context)
    assert.is(listed.storageClass, 'GLACIER_IR')
    const parts = [{ partNumber: 1, etag, checksums: {} }]
    await bridge.completeMultipartUpload({ ...address, parts, conditions: {} }, context)
    const object = await head(bridge, 'big')
    assert.equal([object.tags, object.storageClass], [one, 'GLACIER_IR'])
    const page = { bucket, prefix: '', delimiter: '', after: '', maxKeys: 9 }
    const [entry] = (await bridge.listObjects(page, context)).entries
    assert.is(entry?.kind === 'object' && entry.storageClass, 'GLACIER_IR')
    // Tags that come later do not touch the parts.
    await tag(bridge, 'big', two)
    assert.equal([(await head(bridge, 'big')).partCount, await tagsOf(bridge, 'big')], [1, two])
  })
})

test.run()
