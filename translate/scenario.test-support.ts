// The life of objects in a bucket, from the first write to the removal of the bucket: what must hold under
// every behaviour of Jottacloud and wherever a bucket lives.
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  bytesOf,
  codeOf,
  contextOf,
  freshBytes,
  get,
  head,
  list,
  md5Of,
  put,
  storeForeign,
  type World,
  waysOfPut,
} from './acts.test-support.ts'

export async function scenario(
  world: World,
  { isRetrying }: { isRetrying: boolean },
): Promise<void> {
  await objectsOfAllWays(world, isRetrying)
  await deletedAndBack(world)
  await createdOnce(world)
  await copied(world)
  await multipart(world)
  await foreignFiles(world)
  await emptied(world)
}

async function objectsOfAllWays({ bridge }: World, isRetrying: boolean): Promise<void> {
  for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
    const key = `photos/${way} æ%2B;+.jpg`
    for (const version of ['one', 'two']) {
      const bytes = freshBytes(sizeBytes)
      const again = (): Promise<{ etag: string }> =>
        put(bridge, key, bytes, { announceMd5, metadata: { user: { version } } })
      const first = await codeOf(again())
      assert.ok(first === 'no error' || (isRetrying && first === 'ServiceUnavailable'), first)
      // Also the same content again, which changes nothing but the time.
      assert.is((await again()).etag, md5Of(bytes), way)
      assert.ok((await get(bridge, key)).equals(bytes), way)
      assert.ok((await get(bridge, key, 'bytes=-7')).equals(bytes.subarray(-7)), way)
      const { metadata, etag, sizeBytes: shown } = await head(bridge, key)
      assert.equal([metadata.user, etag, shown], [{ version }, md5Of(bytes), sizeBytes])
    }
  }
  await put(bridge, 'empty', '')
  assert.is((await get(bridge, 'empty')).length, 0)
  assert.is((await list(bridge, { prefix: 'photos/' })).length, waysOfPut.length)
}

async function deletedAndBack({ bridge }: World): Promise<void> {
  const context = contextOf()
  for (const round of ['first', 'second', 'third']) {
    await put(bridge, 'deep/er/file', 'the same content each time', {
      metadata: { user: { round } },
    })
    assert.is((await head(bridge, 'deep/er/file')).metadata.user.round, round)
    await bridge.deleteObject({ bucket, key: 'deep/er/file' }, context)
    await bridge.deleteObject({ bucket, key: 'deep/er/file' }, context)
    assert.is(await codeOf(head(bridge, 'deep/er/file')), 'NoSuchKey')
    assert.equal(await list(bridge, { prefix: 'deep' }), [])
    assert.equal(await list(bridge, { delimiter: '/' }), ['empty', 'photos/'])
  }
  // What was a folder becomes an object, and an object a folder.
  await put(bridge, 'deep', 'a file now')
  assert.is((await get(bridge, 'deep')).toString(), 'a file now')
  await put(bridge, 'deep/er', 'a folder beside it')
  await bridge.deleteObject({ bucket, key: 'deep' }, context)
  assert.is((await get(bridge, 'deep/er')).toString(), 'a folder beside it')
  await bridge.deleteObject({ bucket, key: 'deep/er' }, context)
  await put(bridge, 'deep/er', 'a folder again')
  assert.is((await get(bridge, 'deep/er')).toString(), 'a folder again')
  await bridge.deleteObject({ bucket, key: 'deep/er' }, context)
}

async function createdOnce({ bridge }: World): Promise<void> {
  const conditions = { ifNoneMatch: ['*'] }
  for (const content of ['one', 'two']) {
    await put(bridge, 'once', content, { conditions })
    assert.is(await codeOf(put(bridge, 'once', 'other', { conditions })), 'PreconditionFailed')
    assert.is((await get(bridge, 'once')).toString(), content)
    await bridge.deleteObject({ bucket, key: 'once' }, contextOf())
  }
}

async function copied({ bridge }: World): Promise<void> {
  const context = contextOf()
  const bytes = freshBytes(5000)
  await put(bridge, 'source', bytes, { metadata: { user: { from: 'source' } } })
  const copy = (key: string) =>
    bridge.copyObject(
      {
        ...{ bucket, key, source: { bucket, key: 'source' } },
        ...{ sourceConditions: {}, replaceMetadata: undefined },
      },
      context,
    )
  for (const key of ['new/folder/copy', 'new/folder/copy', 'source']) {
    assert.is((await copy(key)).etag, md5Of(bytes))
    assert.ok((await get(bridge, key)).equals(bytes))
    assert.equal((await head(bridge, key)).metadata.user, { from: 'source' })
  }
  await bridge.deleteObject({ bucket, key: 'new/folder/copy' }, context)
  await copy('new/folder/copy')
  assert.ok((await get(bridge, 'new/folder/copy')).equals(bytes))
  await bridge.deleteObjects({ bucket, keys: ['source', 'new/folder/copy'] }, context)
}

async function multipart({ bridge }: World): Promise<void> {
  const context = contextOf()
  const bytes = freshBytes(90_000)
  const { uploadId } = await bridge.createMultipartUpload(
    {
      ...{ bucket, key: 'big/one', metadata: { user: { a: 'b' } } },
      ...{ checksumAlgorithm: undefined, checksumType: undefined },
    },
    context,
  )
  const address = { bucket, key: 'big/one', uploadId }
  const body = bodyOf(bytes)
  const part = await bridge.uploadPart({ ...address, partNumber: 1, body }, context)
  const parts = [{ partNumber: 1, etag: part.etag, checksums: {} }]
  const { etag } = await bridge.completeMultipartUpload(
    { ...address, parts, conditions: {} },
    context,
  )
  assert.match(etag, /^[0-9a-f]{32}-1$/)
  const input = { bucket, key: 'big/one', conditions: {}, range: undefined }
  const found = await bridge.getObject(input, context)
  assert.is(found.object.etag, etag)
  assert.ok((await bytesOf(found.stream)).equals(bytes))
  await bridge.deleteObject(address, context)
}

async function foreignFiles({ bridge, foreign, at }: World): Promise<void> {
  await storeForeign(foreign, at('from the', 'app.txt'), 'by hand')
  assert.is((await get(bridge, 'from the/app.txt')).toString(), 'by hand')
  await put(bridge, 'from the/app.txt', 'by S3', { metadata: { user: { is: 's3' } } })
  await storeForeign(foreign, at('from the', 'app.txt'), 'by hand, again')
  const object = await head(bridge, 'from the/app.txt')
  assert.equal([object.etag, object.metadata.user], [md5Of('by hand, again'), {}])
  await foreign.removeFile(at('from the', 'app.txt'), 'trash', contextOf())
  assert.is(await codeOf(get(bridge, 'from the/app.txt')), 'NoSuchKey')
}

async function emptied({ bridge, warnings, placement }: World): Promise<void> {
  const context = contextOf()
  const isAlias = placement.named.get(bucket)?.path !== undefined
  const refusal = isAlias ? 'MethodNotAllowed' : 'BucketNotEmpty'
  assert.is(await codeOf(bridge.deleteBucket(bucket, context)), refusal)
  const keys = await list(bridge)
  const results = await bridge.deleteObjects({ bucket, keys }, context)
  assert.equal(
    results.filter(({ error }) => error !== undefined),
    [],
  )
  assert.equal(await list(bridge), [])
  if (!isAlias) {
    await bridge.deleteBucket(bucket, context)
    assert.is(await codeOf(head(bridge, 'empty')), 'NoSuchBucket')
    await bridge.createBucket(bucket, context)
  }
  assert.equal(await list(bridge), [])
  await put(bridge, 'photos/again', 'x')
  assert.equal(await list(bridge), ['photos/again'])
  assert.equal(warnings, [])
}
