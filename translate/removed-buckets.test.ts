// A bucket that one process removes, and writes of another one that has seen it a moment before.
import { readdir } from 'node:fs/promises'
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
  head,
  list,
  placeOf,
  put,
  storeForeign,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import type { OwnBridge } from './create-bridge.ts'
import type { State } from './state/state.ts'

const test = suite('removed buckets')

/** As known-buckets.ts and leases.ts have them. */
const knownForMs = 10_000
const leaseMs = 30_000

/** The waits of bridges that play dead end by their limit, and with them the process. */
const mortals = { lockWaitMs: 30_000 }

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

  for (const moment of ['before', 'during'] as const) {
    test(`nor does a write that saw it ${moment} the removal when whoever removed it was killed before it could tell (${layout})`, async () => {
      await withWorld(
        { layout, ...mortals },
        async ({ bridge, emulator, startAgain, clock, state }) => {
          const ending = neverAnswered()
          const mortal = await startAgain(undefined, withRemovals(state, { end: ending.call }))
          await put(bridge, 'a/b', 'seen')
          await bridge.deleteObject({ bucket, key: 'a/b' }, contextOf())
          let late = moment === 'before' ? await beginPut(bridge) : undefined
          const operation = layout === 'mountpoint' ? 'dl' : 'dlDir'
          const removing = emulator.faults.hold({ operation })
          void mortal.deleteBucket(bucket, contextOf())
          await removing.reached()
          if (late === undefined) {
            clock.nowMs += knownForMs
            late = await beginPut(bridge)
          }
          removing.release()
          await ending.reached
          clock.nowMs += leaseMs
          assert.is(await late.finish(), 'NoSuchBucket')
          assert.equal(await (await startAgain()).listBuckets(contextOf()), [])
        },
      )
    })
  }

  test(`a removal that a crash left open costs one look more, and keeps nobody from anything (${layout})`, async () => {
    await withWorld({ layout, ...mortals }, async ({ bridge, startAgain, clock, state }) => {
      const beginning = neverAnswered(() => state.bucketRemovals.begin())
      const mortal = await startAgain(undefined, withRemovals(state, { begin: beginning.call }))
      /** In upstream calls; leaves the bucket empty. */
      const costOfPut = async (): Promise<number> => {
        const context = contextOf()
        await put(bridge, 'key', freshBytes(9), { context })
        await bridge.deleteObject({ bucket, key: 'key' }, contextOf())
        return context.counter.upstreamCalls
      }
      await costOfPut()
      const usual = await costOfPut()
      clock.nowMs += knownForMs
      const afterAWhile = await costOfPut()
      const look = afterAWhile - usual
      assert.ok(look > 0)

      void mortal.deleteBucket(bucket, contextOf())
      await beginning.reached
      clock.nowMs += leaseMs
      assert.is(await costOfPut(), afterAWhile + look)
      assert.is(await costOfPut(), usual)
      clock.nowMs += knownForMs
      assert.is(await costOfPut(), afterAWhile)

      const other = await startAgain()
      await other.deleteBucket(bucket, contextOf())
      assert.is(await codeOf(put(bridge, 'key', 'late')), 'NoSuchBucket')
      assert.equal(await other.listBuckets(contextOf()), [])
      await other.createBucket(bucket, contextOf())
      await put(bridge, 'key', 'new')
      assert.equal(await list(other), ['key'])
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

/** A call that a process dies in: what it does is done, and nobody ever hears of it. */
function neverAnswered(act?: () => Promise<void>) {
  const reached = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    call: async (): Promise<void> => {
      await act?.()
      reached.resolve()
      await new Promise<never>(() => undefined)
    },
  }
}

function withRemovals(state: State, changed: Partial<State['bucketRemovals']>): State {
  return { ...state, bucketRemovals: { ...state.bucketRemovals, ...changed } }
}

/** Has seen the bucket, and waits for its body. */
async function beginPut(bridge: OwnBridge) {
  const read = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const arriving = async function* () {
    read.resolve()
    await gate.promise
    yield Buffer.from('late')
  }
  const stream = Readable.from(arriving(), { objectMode: false })
  const code = codeOf(put(bridge, 'a/b', 'late', { stream }))
  await read.promise
  return {
    async finish(): Promise<string> {
      gate.resolve()
      return await code
    },
  }
}

test('a bucket that went away without its removal ending leaves no uploads, parts or metadata', async () => {
  await withWorld({}, async ({ bridge, foreign, spoolDirectory }) => {
    const context = contextOf()
    await put(bridge, 'a', 'content', { metadata: { user: { old: 'yes' } } })
    const metadata = { user: {} }
    const { uploadId } = await bridge.createMultipartUpload(
      { bucket, key: 'b', metadata, checksumAlgorithm: undefined, checksumType: undefined },
      context,
    )
    const part = { bucket, key: 'b', uploadId, partNumber: 1 }
    await bridge.uploadPart({ ...part, body: bodyOf('part') }, context)
    assert.is((await readdir(spoolDirectory)).length, 1)

    await foreign.removeMountpoint('S3', bucket, 'permanent', context)
    await bridge.createBucket(bucket, context)
    const { entries } = await bridge.listMultipartUploads(
      {
        ...{ bucket, prefix: '', delimiter: '' },
        ...{ keyMarker: '', uploadIdMarker: '', maxUploads: 10 },
      },
      context,
    )
    assert.equal(entries, [])
    const late = bridge.uploadPart({ ...part, body: bodyOf('part') }, context)
    assert.is(await codeOf(late), 'NoSuchUpload')
    assert.equal(await readdir(spoolDirectory), [])
    await storeForeign(foreign, placeOf('a'), 'content')
    assert.equal((await head(bridge, 'a')).metadata.user, {})
  })
})

test.run()
