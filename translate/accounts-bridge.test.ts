import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAccountsBridge } from './accounts-bridge.ts'
import {
  bodyOf,
  bytesOf,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  md5Of,
  type World,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge, CopyObjectInput, ObjectMetadata } from './bridge.ts'

const test = suite('accounts')

/** Two accounts, each a service of its own; buckets that begin with `work` are on the second. */
async function withAccounts(
  act: (bridge: Bridge, home: World, work: World) => Promise<void>,
): Promise<void> {
  await withWorld({}, async (home) => {
    await withWorld({}, async (work) => {
      const bridges = new Map([
        ['default', home.bridge],
        ['work', work.bridge],
      ])
      const accountOf = (name: string) => (name.startsWith('work') ? 'work' : 'default')
      const bridge = createAccountsBridge({ bridges, accountOf })
      for (const name of ['work-one', 'home-one']) await bridge.createBucket(name, contextOf())
      await act(bridge, home, work)
    })
  })
}

async function put(
  bridge: Bridge,
  bucket: string,
  key: string,
  content: string | Buffer,
  metadata: ObjectMetadata = { user: {} },
) {
  const sums = { checksums: () => ({ SHA256: 'proven before' }) }
  const body = bodyOf(content, sums)
  return await bridge.putObject({ bucket, key, body, metadata, conditions: {} }, contextOf())
}

async function get(bridge: Bridge, bucket: string, key: string) {
  const input = { bucket, key, conditions: {}, range: undefined }
  const { object, stream } = await bridge.getObject(input, contextOf())
  return { object, bytes: await bytesOf(stream) }
}

function uploadedBytes({ emulator }: World): number {
  return emulator.faults.bytesIn({ operation: 'upload' })
}

function copyOf(changes: Partial<CopyObjectInput> = {}): CopyObjectInput {
  return {
    bucket: 'work-one',
    key: 'copies/copy',
    source: { bucket: 'home-one', key: 'source' },
    sourceConditions: {},
    replaceMetadata: undefined,
    ...changes,
  }
}

test('each bucket is on its account, and all are listed together', async () => {
  await withAccounts(async (bridge, home, work) => {
    const names = (await bridge.listBuckets(contextOf())).map(({ name }) => name)
    // The second account's `bucket` is the first one's by name, and so is not listed twice.
    assert.equal(names, ['bucket', 'home-one', 'work-one'])
    assert.is(await codeOf(home.bridge.headBucket('work-one', contextOf())), 'NoSuchBucket')
    assert.is(await codeOf(work.bridge.headBucket('home-one', contextOf())), 'NoSuchBucket')
    for (const name of ['work-one', 'home-one']) {
      await put(bridge, name, 'x', name)
      assert.is((await get(bridge, name, 'x')).bytes.toString(), name)
      await bridge.deleteObject({ bucket: name, key: 'x' }, contextOf())
      await bridge.deleteBucket(name, contextOf())
      assert.is(await codeOf(bridge.headBucket(name, contextOf())), 'NoSuchBucket')
    }
  })
})

test('uploads in parts belong to the account of their bucket', async () => {
  await withAccounts(async (bridge, home, work) => {
    const begun = {
      ...{ bucket: 'work-one', key: 'big', metadata: { user: {} } },
      ...{ checksumAlgorithm: undefined, checksumType: undefined },
    }
    const { uploadId } = await bridge.createMultipartUpload(begun, contextOf())
    const address = { bucket: 'work-one', key: 'big', uploadId }
    const input = { ...address, partNumber: 1, body: bodyOf('one part') }
    const { etag } = await bridge.uploadPart(input, contextOf())
    assert.is(await home.state.uploads.find(uploadId), undefined)
    assert.is((await work.state.uploads.find(uploadId))?.key, 'big')
    const parts = [{ partNumber: 1, etag, checksums: {} }]
    await bridge.completeMultipartUpload({ ...address, parts, conditions: {} }, contextOf())
    assert.is((await get(bridge, 'work-one', 'big')).bytes.toString(), 'one part')
    // As an object of parts it has no MD5 in its ETag; its copy has.
    const copied = await bridge.copyObject(
      copyOf({ bucket: 'home-one', source: { bucket: 'work-one', key: 'big' } }),
      contextOf(),
    )
    assert.is(copied.etag, md5Of('one part'))
  })
})

test('a copy within an account moves no bytes, one to another account carries them', async () => {
  await withAccounts(async (bridge, home, work) => {
    const metadata = { contentType: 'text/x-odd', cacheControl: 'no-cache', user: { a: 'b' } }
    for (const sizeBytes of [0, 1000, 200_000]) {
      const bytes = freshBytes(sizeBytes)
      await put(bridge, 'home-one', 'source', bytes, metadata)
      const [sent = 0, received = 0] = [home, work].map(uploadedBytes)
      const near = copyOf({ bucket: 'bucket' })
      assert.is((await bridge.copyObject(near, contextOf())).etag, md5Of(bytes))
      const copied = await bridge.copyObject(copyOf(), contextOf())
      assert.is(uploadedBytes(home), sent)
      assert.is(uploadedBytes(work), received + sizeBytes)
      const { object, bytes: found } = await get(bridge, 'work-one', 'copies/copy')
      assert.ok(found.equals(bytes))
      assert.equal(object.metadata, metadata)
      assert.equal(object.checksums?.values, { SHA256: 'proven before' })
      assert.equal([copied.etag, copied.modified], [object.etag, object.modified])
      assert.equal([copied.sizeBytes, copied.tags], [sizeBytes, object.tags])
      const replaced = copyOf({ replaceMetadata: { user: { c: 'd' } } })
      await bridge.copyObject(replaced, contextOf())
      const after = await get(bridge, 'work-one', 'copies/copy')
      assert.equal(after.object.metadata.user, { c: 'd' })
      for (const { warnings } of [home, work]) assert.equal(warnings, [])
    }
  })
})

test('a copy to another account holds its conditions', async () => {
  await withAccounts(async (bridge) => {
    const { etag } = await put(bridge, 'home-one', 'source', 'content')
    const before = new Date('2020-01-01T00:00:00Z')
    const cases: [conditions: CopyObjectInput['sourceConditions'], code: string][] = [
      [{ ifMatch: [etag] }, 'no error'],
      [{ ifMatch: ['other'] }, 'PreconditionFailed'],
      [{ ifNoneMatch: [etag] }, 'PreconditionFailed'],
      [{ ifNoneMatch: ['other'] }, 'no error'],
      [{ ifUnmodifiedSince: before }, 'PreconditionFailed'],
      [{ ifMatch: [etag], ifUnmodifiedSince: before }, 'no error'],
    ]
    for (const [sourceConditions, code] of cases) {
      const act = bridge.copyObject(copyOf({ sourceConditions }), contextOf())
      assert.is(await codeOf(act), code, JSON.stringify(sourceConditions))
    }
  })
})

test('a copy that cannot be made says what is missing, and changes nothing', async () => {
  await withAccounts(async (bridge, home) => {
    const cases: [input: CopyObjectInput, code: string][] = [
      [copyOf(), 'NoSuchKey'],
      [copyOf({ source: { bucket: 'nowhere', key: 'x' } }), 'NoSuchBucket'],
      [copyOf({ bucket: 'work-two' }), 'NoSuchBucket'],
      [
        copyOf({ key: 'k'.repeat(1025), source: { bucket: 'home-one', key: 'other' } }),
        'KeyTooLongError',
      ],
    ]
    await put(bridge, 'home-one', 'other', 'content')
    for (const [input, code] of cases) {
      assert.is(await codeOf(bridge.copyObject(input, contextOf())), code)
    }
    await put(bridge, 'work-one', 'copies/copy', 'the old one')
    await put(bridge, 'home-one', 'source', freshBytes(200_000))
    home.emulator.faults.add({ kind: 'corruptDownload', atByte: 100_000 })
    const error = await failureOf(bridge.copyObject(copyOf(), contextOf()))
    assert.is(error?.name, 'S3Error')
    assert.is((await get(bridge, 'work-one', 'copies/copy')).bytes.toString(), 'the old one')
  })
})

test('where one account cannot be asked, no list is given, and the other goes on', async () => {
  await withAccounts(async (bridge, home, work) => {
    work.emulator.faults.add({
      kind: 'fail',
      status: 503,
      count: 50,
      match: { operation: 'device' },
    })
    assert.is(await codeOf(bridge.listBuckets(contextOf())), 'ServiceUnavailable')
    await put(bridge, 'home-one', 'x', 'x')
    assert.is((await get(home.bridge, 'home-one', 'x')).bytes.toString(), 'x')
  })
})

test.run()
