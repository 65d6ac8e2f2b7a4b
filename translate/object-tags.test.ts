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

test('an ACL comes with a write, is replaced alone, and is no copy', async () => {
  await withWorld({}, async ({ bridge, clock }) => {
    const kept = (key: string) => bridge.keptLabels({ bucket, key })
    const body = bodyOf('content')
    const labels = { tags: one, acl: 'first' }
    await bridge.putObject(
      { bucket, key: 'k', body, metadata: { user: {} }, conditions: {}, ...labels },
      contextOf(),
    )
    const before = await head(bridge, 'k')
    assert.is(before.acl, 'first')
    clock.nowMs += 60_000
    await bridge.putObjectAcl({ bucket, key: 'k', acl: 'second' }, contextOf())
    assert.equal(await head(bridge, 'k'), { ...before, acl: 'second' })
    const seen = await kept('k')
    assert.equal([seen?.acl, seen?.tags], ['second', one])
    const copy = { sourceConditions: {}, replaceMetadata: undefined }
    const source = { bucket, key: 'k' }
    await bridge.copyObject({ bucket, key: 'c', source, ...copy }, contextOf())
    assert.is((await head(bridge, 'c')).acl, undefined)
    await bridge.copyObject({ bucket, key: 'c', source, ...copy, acl: 'own' }, contextOf())
    assert.is((await head(bridge, 'c')).acl, 'own')
    await put(bridge, 'k', 'written over')
    assert.is((await kept('k'))?.acl, undefined)
    await bridge.deleteObject(source, contextOf())
    assert.is(await kept('k'), undefined)
    const gone = bridge.putObjectAcl({ ...source, acl: 'x' }, contextOf())
    assert.is(await codeOf(gone), 'NoSuchKey')
  })
})

test('who was let in by an ACL or tags reads only what has them still', async () => {
  await withWorld({}, async ({ bridge, foreign, at }) => {
    const body = bodyOf('open')
    await bridge.putObject(
      { bucket, key: 'k', body, metadata: { user: {} }, conditions: {}, acl: 'open', tags: one },
      contextOf(),
    )
    const seen = await bridge.keptLabels({ bucket, key: 'k' })
    const read = { bucket, key: 'k', conditions: {}, range: undefined, seen }
    const source = { bucket, key: 'k' }
    const copy = { sourceConditions: {}, replaceMetadata: undefined, sourceSeen: seen }
    const all = async () => [
      await codeOf(bridge.headObject(read, contextOf())),
      await codeOf(bridge.getObject(read, contextOf()).then(({ stream }) => stream.destroy())),
      await codeOf(bridge.copyObject({ bucket, key: 'c', source, ...copy }, contextOf())),
    ]
    assert.equal(await all(), Array(3).fill('no error'))
    await tag(bridge, 'k', two)
    assert.equal(await all(), Array(3).fill('AccessDenied'))
    await tag(bridge, 'k', one)
    assert.equal(await all(), Array(3).fill('no error'))
    // Replaced behind our back: what is kept still says that it is open.
    await storeForeign(foreign, at('k'), 'not for strangers')
    assert.is((await bridge.keptLabels({ bucket, key: 'k' }))?.acl, 'open')
    assert.equal(await all(), Array(3).fill('AccessDenied'))
  })
})

test('a process that stood still after its look at an object tags nothing', async () => {
  await withWorld({}, async ({ bridge, state, clock, startAgain }) => {
    const other = await startAgain()
    await put(bridge, 'k', 'first')
    const { renew } = state.leases
    Object.assign(state.leases, {
      async renew(held: Parameters<typeof renew>[0]) {
        Object.assign(state.leases, { renew })
        clock.nowMs += 31_000
        await put(other, 'k', 'second', { metadata: { user: { is: 'second' } } })
        return await renew({ ...held, expiresMs: clock.nowMs + 30_000 })
      },
    })
    assert.is(await codeOf(tag(bridge, 'k', one)), 'ServiceUnavailable')
    assert.equal(await tagsOf(bridge, 'k'), [])
    assert.equal((await head(bridge, 'k')).metadata.user, { is: 'second' })
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
    const completion = { ...address, parts, conditions: {} }
    const { stored } = await bridge.completeMultipartUpload(completion, context)
    assert.equal(stored, { sizeBytes: 4, tags: one })
    assert.is((await bridge.completeMultipartUpload(completion, context)).stored, undefined)
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
