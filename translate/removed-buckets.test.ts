// A bucket that one process removes, and writes of another one that has seen it a moment before.
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  freshBytes,
  get,
  list,
  put,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'

const test = suite('removed buckets')

const layoutNames = ['mountpoint', 'folder'] as const

for (const layout of layoutNames) {
  for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
    test(`a PUT (${way}, ${layout}) brings no bucket back that another process removed`, async () => {
      await withWorld({ layout }, async ({ bridge, startAgain, foreign, at }) => {
        const other = await startAgain()
        await other.setBucketConfiguration({ bucket, name: 'cors', text: '{}' }, contextOf())
        await put(bridge, 'a/b', 'seen')
        await bridge.deleteObject({ bucket, key: 'a/b' }, contextOf())
        await other.deleteBucket(bucket, contextOf())
        const late = put(bridge, 'a/b', freshBytes(sizeBytes), { announceMd5 })
        assert.is(await codeOf(late), 'NoSuchBucket')
        assert.equal(await other.listBuckets(contextOf()), [])
        const root = await foreign.stat(at(), contextOf())
        assert.ok(root === undefined || root.deleted)
        await other.createBucket(bucket, contextOf())
        assert.equal([...(await bridge.bucketConfigurations(bucket)).keys()], ['created'])
        await put(bridge, 'a/b', 'new', { announceMd5 })
        assert.equal(await list(other), ['a/b'])
        assert.is((await get(other, 'a/b')).toString(), 'new')
      })
    })
  }

  test(`nor do a copy and a completion (${layout})`, async () => {
    const named = { elsewhere: {} }
    await withWorld({ layout, named }, async ({ bridge, startAgain }) => {
      const other = await startAgain()
      await bridge.createBucket('elsewhere', contextOf())
      await bridge.putObject(
        {
          ...{ bucket: 'elsewhere', key: 'source', conditions: {}, tags: [] },
          ...{ body: bodyOf('content'), metadata: { user: {} } },
        },
        contextOf(),
      )
      const { uploadId } = await bridge.createMultipartUpload(
        {
          ...{ bucket, key: 'a/b', metadata: { user: {} } },
          ...{ checksumAlgorithm: undefined, checksumType: undefined },
        },
        contextOf(),
      )
      const address = { bucket, key: 'a/b', uploadId }
      const part = { ...address, partNumber: 1, body: bodyOf('content') }
      const { etag } = await bridge.uploadPart(part, contextOf())
      await other.deleteBucket(bucket, contextOf())
      const source = { bucket: 'elsewhere', key: 'source' }
      const copy = { bucket, key: 'a/b', source, sourceConditions: {}, replaceMetadata: undefined }
      assert.is(await codeOf(bridge.copyObject(copy, contextOf())), 'NoSuchBucket')
      const parts = [{ partNumber: 1, etag, checksums: {} }]
      const input = { ...address, parts, conditions: {} }
      const completing = bridge.completeMultipartUpload(input, contextOf())
      assert.is(await codeOf(completing), 'NoSuchBucket')
      const names = (await other.listBuckets(contextOf())).map(({ name }) => name)
      assert.equal(names, ['elsewhere'])
    })
  })

  test(`a bucket that was seen while it was being removed is looked for again (${layout})`, async () => {
    await withWorld({ layout }, async ({ bridge, emulator, startAgain, clock }) => {
      const other = await startAgain()
      await put(bridge, 'a/b', 'seen')
      await bridge.deleteObject({ bucket, key: 'a/b' }, contextOf())
      const operation = layout === 'mountpoint' ? 'dl' : 'dlDir'
      const removing = emulator.faults.hold({ operation })
      const removal = other.deleteBucket(bucket, contextOf())
      await removing.reached()
      clock.nowMs += 10_000
      await bridge.headBucket(bucket, contextOf())
      const late = codeOf(put(bridge, 'a/b', 'late'))
      removing.release()
      await removal
      assert.is(await late, 'NoSuchBucket')
      assert.equal(await other.listBuckets(contextOf()), [])
    })
  })

  test(`a bucket is not removed while a large body is on its way into it (${layout})`, async () => {
    await withWorld({ layout }, async ({ bridge, emulator, startAgain }) => {
      const other = await startAgain()
      const bytes = freshBytes(200_000)
      const gate = Promise.withResolvers<void>()
      const arriving = async function* () {
        await gate.promise
        yield bytes
      }
      const stream = Readable.from(arriving(), { objectMode: false })
      const allocating = emulator.faults.hold({ operation: 'allocate' })
      const putting = put(bridge, 'a/b', bytes, { announceMd5: true, stream })
      await allocating.reached()
      allocating.release()
      assert.is(await codeOf(other.deleteBucket(bucket, contextOf())), 'OperationAborted')
      gate.resolve()
      await putting
      assert.ok((await get(other, 'a/b')).equals(bytes))
    })
  })
}

test.run()
