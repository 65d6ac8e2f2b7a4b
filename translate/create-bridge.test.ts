// The bridge must be right whatever Jottacloud does where nobody knows what it does: one scenario under
// each value of each switch of the emulator (sections 8 and 9 of the protocol reference).
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type amounts, behaviours, checkSwitches } from '../jotta/emulator/options.ts'
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
  placeOf,
  put,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'

const test = suite('bridge under every behaviour')

const otherAmounts = {
  rejectConflictsStatus: [400, 412, 500],
  cutUploadsAfterBytes: [70_000],
  partialExpiryMs: [0],
} as const satisfies Partial<Record<keyof typeof amounts, readonly number[]>>

const cases: [name: string, value: string | number][] = [
  ...Object.entries(behaviours).flatMap(([name, values]) =>
    values.slice(1).map((value): [string, string] => [name, value]),
  ),
  ...Object.entries(otherAmounts).flatMap(([name, values]) =>
    values.map((value): [string, number] => [name, value]),
  ),
].filter(([name]) => name !== 'writeLock')

for (const [name, value] of [['everything', 'default'] as const, ...cases]) {
  test(`objects live and die as they should with ${name}: ${value}`, async () => {
    const switches = name === 'everything' ? {} : checkSwitches({ [name]: value })
    await withWorld({ emulator: switches }, async (world) => {
      // A service that takes little at a time refuses one staged body; the client comes again.
      await scenario(world, { isRetrying: name === 'cutUploadsAfterBytes' })
    })
  })
}

async function scenario(world: World, { isRetrying }: { isRetrying: boolean }): Promise<void> {
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
  assert.is(await codeOf(put(bridge, 'deep/er', 'x')), 'ObjectParentIsFile')
  await bridge.deleteObject({ bucket, key: 'deep' }, context)
  await put(bridge, 'deep/er', 'a folder again')
  assert.is((await get(bridge, 'deep/er')).toString(), 'a folder again')
  assert.is(await codeOf(put(bridge, 'deep', 'x')), 'ExistingObjectIsDirectory')
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

async function foreignFiles({ bridge, foreign }: World): Promise<void> {
  await storeForeign(foreign, placeOf('from the', 'app.txt'), 'by hand')
  assert.is((await get(bridge, 'from the/app.txt')).toString(), 'by hand')
  await put(bridge, 'from the/app.txt', 'by S3', { metadata: { user: { is: 's3' } } })
  await storeForeign(foreign, placeOf('from the', 'app.txt'), 'by hand, again')
  const object = await head(bridge, 'from the/app.txt')
  assert.equal([object.etag, object.metadata.user], [md5Of('by hand, again'), {}])
  await foreign.removeFile(placeOf('from the', 'app.txt'), 'trash', contextOf())
  assert.is(await codeOf(get(bridge, 'from the/app.txt')), 'NoSuchKey')
}

async function emptied({ bridge, warnings }: World): Promise<void> {
  const context = contextOf()
  assert.is(await codeOf(bridge.deleteBucket(bucket, context)), 'BucketNotEmpty')
  const keys = await list(bridge)
  const results = await bridge.deleteObjects({ bucket, keys }, context)
  assert.equal(
    results.filter(({ error }) => error !== undefined),
    [],
  )
  assert.equal(await list(bridge), [])
  await bridge.deleteBucket(bucket, context)
  assert.is(await codeOf(head(bridge, 'empty')), 'NoSuchBucket')
  await bridge.createBucket(bucket, context)
  assert.equal(await list(bridge), [])
  await put(bridge, 'photos/again', 'x')
  assert.equal(await list(bridge), ['photos/again'])
  assert.equal(warnings, [])
}

test('an account that is locked for writing refuses every change and still serves reads', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    await put(bridge, 'x', 'there', { metadata: { user: { a: 'b' } } })
    emulator.faults.set({ writeLock: 'on' })
    for (const { sizeBytes, announceMd5 } of waysOfPut) {
      const refused = await codeOf(put(bridge, 'x', freshBytes(sizeBytes), { announceMd5 }))
      assert.is(refused, 'QuotaExceeded')
    }
    assert.is(await codeOf(bridge.createBucket('another', contextOf())), 'QuotaExceeded')
    assert.is(await codeOf(bridge.deleteObject({ bucket, key: 'x' }, contextOf())), 'QuotaExceeded')
    assert.is((await get(bridge, 'x')).toString(), 'there')
    assert.equal((await head(bridge, 'x')).metadata.user, { a: 'b' })
  })
})

test('a full account refuses in whatever words, and keeps what was there', async () => {
  for (const quotaStatus of [460, 402, 507, 403]) {
    await withWorld({ emulator: { quotaStatus } }, async ({ bridge, emulator }) => {
      await put(bridge, 'x', 'there')
      emulator.faults.set({ capacityBytes: 5000 })
      for (const { sizeBytes, announceMd5 } of waysOfPut) {
        const bytes = freshBytes(sizeBytes + 5000)
        assert.is(await codeOf(put(bridge, 'x', bytes, { announceMd5 })), 'QuotaExceeded')
      }
      assert.is((await get(bridge, 'x')).toString(), 'there')
    })
  }
})

test.run()
