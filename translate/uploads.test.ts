import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  get,
  head,
  list,
  md5Of,
  put,
  type World,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge, CompleteMultipartUploadInput } from './bridge.ts'
import { uploadLock } from './complete-upload.ts'
import { multipartEtag } from './etag.ts'
import { createKeyLocks } from './key-locks.ts'
import { createLeases } from './leases.ts'
import { partSizeMinBytes } from './limits.ts'
import type { LeaseHeld } from './state/records.ts'
import { sweepUploads } from './upload-expiry.ts'

const test = suite('multipart uploads')
const large = freshBytes(partSizeMinBytes)
const small = freshBytes(1234)
const metadata = { contentType: 'x/y', user: { a: 'b' } }

async function create({ bridge }: Pick<World, 'bridge'>, key = 'folder/key') {
  const { uploadId } = await bridge.createMultipartUpload(
    { bucket, key, metadata, checksumAlgorithm: undefined, checksumType: undefined },
    contextOf(),
  )
  // s3cmd and others pass it on a command line, where a leading `-` would make an option of it.
  assert.match(uploadId, /^[0-9a-z]+$/)
  return { bucket, key, uploadId }
}

type Address = Awaited<ReturnType<typeof create>>

async function send(bridge: Bridge, address: Address, partNumber: number, bytes: Buffer) {
  const part = { ...address, partNumber, body: bodyOf(bytes) }
  return await bridge.uploadPart(part, contextOf())
}

function completion(
  address: Address,
  parts: readonly (readonly [partNumber: number, bytes: Buffer])[],
  more: Partial<CompleteMultipartUploadInput> = {},
): CompleteMultipartUploadInput {
  return {
    ...address,
    parts: parts.map(([partNumber, bytes]) => ({ partNumber, etag: md5Of(bytes), checksums: {} })),
    conditions: {},
    ...more,
  }
}

async function partFiles({ spoolDirectory }: World): Promise<string[]> {
  return await readdir(spoolDirectory)
}

const two = [
  [3, large],
  [7, small],
] as const

async function createTwo(world: World, key?: string): Promise<Address> {
  const address = await create(world, key)
  for (const [partNumber, bytes] of two) await send(world.bridge, address, partNumber, bytes)
  return address
}

test('parts become one object in their order, and the same answer is given again', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    const address = await create(world)
    for (const [partNumber, bytes] of [...two].reverse())
      await send(bridge, address, partNumber, bytes)
    await send(bridge, address, 9, freshBytes(10))
    assert.equal(await list(bridge), [])
    const input = completion(address, two)
    const { etag } = await bridge.completeMultipartUpload(input, contextOf())
    assert.is(etag, multipartEtag([md5Of(large), md5Of(small)]))
    assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
    const object = await head(bridge, 'folder/key')
    assert.equal([object.etag, object.partCount, object.metadata], [etag, 2, metadata])
    assert.equal(await partFiles(world), [])
    const sent = emulator.faults.bytesIn({ operation: 'upload' })
    assert.equal((await bridge.completeMultipartUpload(input, contextOf())).etag, etag)
    assert.is(emulator.faults.bytesIn({ operation: 'upload' }), sent)
    for (const act of [
      send(bridge, address, 1, small),
      bridge.abortMultipartUpload(address, contextOf()),
      bridge.listParts({ ...address, afterPartNumber: 0, maxParts: 10 }, contextOf()),
    ]) {
      assert.is(await codeOf(act), 'NoSuchUpload')
    }
    await bridge.deleteObject(address, contextOf())
    assert.is(await codeOf(get(bridge, 'folder/key')), 'NoSuchKey')
  })
})

test('a finished upload is none any more for another list of its parts', async () => {
  await withWorld({}, async (world) => {
    const { bridge, startAgain } = world
    const address = await createTwo(world)
    const input = completion(address, two)
    const { etag } = await bridge.completeMultipartUpload(input, contextOf())
    const others = [
      completion(address, [[3, large]]),
      completion(address, [[7, small]]),
      completion(address, [
        [3, small],
        [7, large],
      ]),
      completion(address, [...two, [8, small]]),
    ]
    for (const process of [bridge, await startAgain()]) {
      for (const other of others) {
        assert.is(await codeOf(process.completeMultipartUpload(other, contextOf())), 'NoSuchUpload')
      }
      const again = await process.completeMultipartUpload(input, contextOf())
      assert.equal(again, { etag, checksums: undefined })
    }
    assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
  })
})

for (const processes of [1, 2]) {
  test(`a completion with another list waits for the one under way (${processes} processes) and finds no upload`, async () => {
    await withWorld({}, async (world) => {
      const { bridge, emulator, startAgain } = world
      const slower = processes === 1 ? bridge : await startAgain()
      const address = await createTwo(world)
      const allocating = emulator.faults.hold({ operation: 'allocate' })
      const first = bridge.completeMultipartUpload(completion(address, two), contextOf())
      await allocating.reached()
      const other = completion(address, [[3, large]])
      const second = codeOf(slower.completeMultipartUpload(other, contextOf()))
      const same = slower.completeMultipartUpload(completion(address, two), contextOf())
      allocating.release()
      const { etag } = await first
      assert.is(await second, 'NoSuchUpload')
      assert.is((await same).etag, etag)
      assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
    })
  })
}

test('with the plain MD5 as ETag, as configured', async () => {
  await withWorld({ multipartEtag: 'md5' }, async (world) => {
    const address = await createTwo(world)
    const result = await world.bridge.completeMultipartUpload(completion(address, two), contextOf())
    assert.is(result.etag, md5Of(Buffer.concat([large, small])))
    assert.is((await head(world.bridge, 'folder/key')).etag, result.etag)
  })
})

test('a part sent again replaces the earlier one, and its file goes', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const address = await create(world)
    await send(bridge, address, 1, freshBytes(500))
    await Promise.all([1, 2, 3].map(() => send(bridge, address, 1, small)))
    assert.is((await partFiles(world)).length, 1)
    const stale = completion(address, [[1, large]])
    assert.is(await codeOf(bridge.completeMultipartUpload(stale, contextOf())), 'InvalidPart')
    await bridge.completeMultipartUpload(completion(address, [[1, small]]), contextOf())
    assert.ok((await get(bridge, 'folder/key')).equals(small))
  })
})

test('a completion that must not be is refused, and can be put right', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const address = await createTwo(world)
    const cases: [code: string, input: CompleteMultipartUploadInput][] = [
      ['MalformedXML', completion(address, [])],
      ['InvalidPartOrder', completion(address, [...two].reverse())],
      ['InvalidPart', completion(address, [[4, large]])],
      ['InvalidPart', completion(address, [[3, small]])],
      ['InvalidRequest', completion(address, two, { sizeBytes: 5 })],
      ['BadDigest', completion(address, two, { checksums: { CRC32: 'AAAAAA==' } })],
      ['NoSuchUpload', completion({ ...address, key: 'other' }, two)],
      ['NoSuchUpload', completion({ ...address, uploadId: 'none' }, two)],
      ['NoSuchKey', completion(address, two, { conditions: { ifMatch: ['*'] } })],
    ]
    for (const [code, input] of cases) {
      assert.is(await codeOf(bridge.completeMultipartUpload(input, contextOf())), code)
    }
    await send(bridge, address, 2, small)
    const tooSmall = completion(address, [[2, small], ...two])
    assert.is(await codeOf(bridge.completeMultipartUpload(tooSmall, contextOf())), 'EntityTooSmall')
    assert.equal(await list(bridge), [])
    await bridge.completeMultipartUpload(completion(address, two), contextOf())
    assert.equal(await list(bridge), ['folder/key'])
  })
})

test('a completion joins the one that runs, which goes on without its client', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    const address = await createTwo(world)
    const sending = emulator.faults.hold({ operation: 'upload' })
    const leaving = new AbortController()
    const input = completion(address, two)
    const first = failureOf(bridge.completeMultipartUpload(input, contextOf(leaving.signal)))
    await sending.reached()
    const others = [1, 2].map(() => bridge.completeMultipartUpload(input, contextOf()))
    leaving.abort(new Error('gone'))
    assert.is((await first)?.message, 'gone')
    const aborting = bridge.abortMultipartUpload(address, contextOf())
    assert.is(await codeOf(aborting), 'OperationAborted')
    assert.is(await codeOf(send(bridge, address, 8, small)), 'OperationAborted')
    sending.release()
    const etags = (await Promise.all(others)).map(({ etag }) => etag)
    assert.equal(new Set(etags).size, 1)
    assert.is(emulator.faults.count({ operation: 'upload' }), 1)
    assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
  })
})

test('a completion that fails with nobody waiting does no harm, and is asked for again', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, state } = world
    const address = await createTwo(world)
    const input = completion(address, two)
    emulator.faults.failNext({ status: 460, match: { operation: 'allocate' } })
    const allocating = emulator.faults.hold({ operation: 'allocate' })
    const leaving = new AbortController()
    const alone = failureOf(bridge.completeMultipartUpload(input, contextOf(leaving.signal)))
    // Gone before it is waited for at all.
    leaving.abort(new Error('gone'))
    assert.is((await alone)?.message, 'gone')
    await allocating.reached()
    allocating.release()
    // Nobody is told of its end.
    const status = async () => (await state.uploads.find(address.uploadId))?.status
    while ((await status()) === 'completing') await setImmediate()
    assert.is(await status(), 'open')
    await bridge.completeMultipartUpload(input, contextOf())
    assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
  })
})

test('stopping ends a completion, and the next process takes it up', async () => {
  for (const how of ['stopped', 'killed'] as const) {
    await withWorld({}, async (world) => {
      const { bridge, emulator, state, startAgain } = world
      const address = await createTwo(world)
      const input = completion(address, two)
      if (how === 'killed') {
        assert.ok(await state.uploads.markCompleting(address.uploadId))
        const again = await startAgain()
        await send(again, address, 9, small)
        await again.completeMultipartUpload(input, contextOf())
        assert.ok((await get(again, 'folder/key')).equals(Buffer.concat([large, small])))
        return
      }
      const sending = emulator.faults.hold({ operation: 'upload' })
      const completing = failureOf(bridge.completeMultipartUpload(input, contextOf()))
      await sending.reached()
      world.stop()
      assert.is((await completing)?.message, 'stopped')
      sending.release()
      assert.is((await state.uploads.find(address.uploadId))?.status, 'open')
      assert.is((await partFiles(world)).length, 2)
    })
  }
})

test('two processes that complete one upload give one answer', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, startAgain } = world
    const other = await startAgain()
    const address = await createTwo(world)
    const input = completion(address, two)
    const allocating = emulator.faults.hold({ operation: 'allocate' })
    const both = [bridge, other].map((each) => each.completeMultipartUpload(input, contextOf()))
    await allocating.reached()
    assert.is(emulator.faults.count({ operation: 'allocate' }), 1)
    allocating.release()
    const [one, second] = await Promise.all(both)
    assert.is(one?.etag, second?.etag)
    assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
    assert.equal((await other.completeMultipartUpload(input, contextOf())).etag, one?.etag)
  })
})

test('a completion that fails when another process has finished gives what that one gave', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, state } = world
    const address = await createTwo(world)
    emulator.faults.failNext({ status: 460, match: { operation: 'allocate' } })
    const allocating = emulator.faults.hold({ operation: 'allocate' })
    const completing = bridge.completeMultipartUpload(completion(address, two), contextOf())
    await allocating.reached()
    const result = { etag: `${md5Of('x')}-2`, checksums: undefined }
    await state.uploads.markCompleted(address.uploadId, result, new Date(0))
    allocating.release()
    assert.equal(await completing, result)
  })
})

test('a failed completion leaves the old object, and all parts for another try', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    await put(bridge, 'folder/key', 'old', { metadata: { user: { is: 'old' } } })
    const address = await createTwo(world)
    const input = completion(address, two)
    for (const [status, code] of [
      [421, 'InternalError'],
      [460, 'QuotaExceeded'],
      [503, 'ServiceUnavailable'],
    ] as const) {
      emulator.faults.failNext({ status, count: 99, match: { operation: 'upload' } })
      assert.is(await codeOf(bridge.completeMultipartUpload(input, contextOf())), code)
      emulator.faults.clear()
      assert.is((await get(bridge, 'folder/key')).toString(), 'old')
      assert.equal((await head(bridge, 'folder/key')).metadata.user, { is: 'old' })
      assert.is((await partFiles(world)).length, 2)
    }
    // Cut many times, it goes on where it was.
    emulator.faults.add({ kind: 'cutUpload', afterBytes: 1_500_000, count: 3 })
    await bridge.completeMultipartUpload(input, contextOf())
    assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
  })
})

test('a part that is missing from the spool is an error, and nothing else is lost', async () => {
  await withWorld({}, async (world) => {
    const { bridge, spoolDirectory, state } = world
    await put(bridge, 'folder/key', 'old')
    const address = await createTwo(world)
    const [last] = await state.parts.list(address.uploadId, { afterPartNumber: 3, limit: 1 })
    await rm(join(spoolDirectory, last?.fileName ?? ''))
    const input = completion(address, two)
    const failure = await failureOf(bridge.completeMultipartUpload(input, contextOf()))
    assert.ok(failure !== undefined)
    assert.is((await get(bridge, 'folder/key')).toString(), 'old')
    assert.is((await partFiles(world)).length, 1)
    await send(bridge, address, 7, small)
    await bridge.completeMultipartUpload(input, contextOf())
    assert.ok((await get(bridge, 'folder/key')).equals(Buffer.concat([large, small])))
  })
})

test('an aborted upload is gone with its files, also while a part arrives', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const address = await createTwo(world)
    const gate = Promise.withResolvers<void>()
    const arriving = async function* () {
      yield small.subarray(0, 10)
      await gate.promise
      yield small.subarray(10)
    }
    const stream = Readable.from(arriving(), { objectMode: false })
    const body = bodyOf(small, { stream })
    const sending = codeOf(bridge.uploadPart({ ...address, partNumber: 5, body }, contextOf()))
    await bridge.abortMultipartUpload(address, contextOf())
    gate.resolve()
    assert.is(await sending, 'NoSuchUpload')
    assert.equal(await partFiles(world), [])
    assert.is(await codeOf(bridge.abortMultipartUpload(address, contextOf())), 'NoSuchUpload')
    const input = completion(address, two)
    assert.is(await codeOf(bridge.completeMultipartUpload(input, contextOf())), 'NoSuchUpload')
  })
})

test('a part that does not arrive whole is not recorded', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const address = await create(world)
    const short = bodyOf(small.subarray(1), { sizeBytes: small.length })
    const wrong = bodyOf(small, { md5: md5Of('another') })
    for (const [body, code] of [
      [short, 'IncompleteBody'],
      [wrong, 'BadDigest'],
    ] as const) {
      assert.is(
        await codeOf(bridge.uploadPart({ ...address, partNumber: 1, body }, contextOf())),
        code,
      )
    }
    assert.equal(await partFiles(world), [])
    const { parts } = await bridge.listParts(
      { ...address, afterPartNumber: 0, maxParts: 9 },
      contextOf(),
    )
    assert.equal(parts, [])
  })
})

test('ten thousand parts are listed page by page', async () => {
  await withWorld({}, async (world) => {
    const { bridge, state } = world
    const address = await create(world)
    for (let partNumber = 1; partNumber <= 10_000; partNumber += 1) {
      await state.parts.put({
        ...{ uploadId: address.uploadId, partNumber, sizeBytes: 1, md5: md5Of('x') },
        ...{ modified: new Date(0), checksums: {}, fileName: `${partNumber}.part` },
      })
    }
    const seen: number[] = []
    let after: number | undefined = 0
    while (after !== undefined) {
      const page = await bridge.listParts(
        { ...address, afterPartNumber: after, maxParts: 999 },
        contextOf(),
      )
      seen.push(...page.parts.map(({ partNumber }) => partNumber))
      after = page.nextAfterPartNumber
    }
    assert.equal(
      seen,
      Array.from({ length: 10_000 }, (_, n) => n + 1),
    )
    const none = await bridge.listParts(
      { ...address, afterPartNumber: 10_000, maxParts: 5 },
      contextOf(),
    )
    assert.equal([none.parts.length, none.nextAfterPartNumber], [0, undefined])
  })
})

test('uploads under way are listed, in order and rolled up, until they end', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock } = world
    for (const key of ['b/1', 'a', 'b/2', 'a', 'c']) {
      clock.nowMs += 1000
      await create(world, key)
    }
    const input = { bucket, prefix: '', keyMarker: '', uploadIdMarker: '' }
    const seen: string[] = []
    let markers: { keyMarker: string; uploadIdMarker: string } | undefined = { ...input }
    while (markers !== undefined) {
      const page = await bridge.listMultipartUploads(
        { ...input, ...markers, delimiter: '/', maxUploads: 1 },
        contextOf(),
      )
      seen.push(
        ...page.entries.map((entry) => (entry.kind === 'prefix' ? entry.prefix : entry.key)),
      )
      markers = page.nextMarkers
    }
    assert.equal(seen, ['a', 'a', 'b/', 'c'])
    await bridge.deleteBucket(bucket, contextOf())
    await bridge.createBucket(bucket, contextOf())
    const { entries } = await bridge.listMultipartUploads(
      { ...input, delimiter: '', maxUploads: 10 },
      contextOf(),
    )
    assert.equal(entries, [])
  })
})

test('keys that cannot be stored are refused before their parts are sent', async () => {
  await withWorld({}, async (world) => {
    assert.is(await codeOf(create(world, '')), 'InvalidArgument')
    assert.is(await codeOf(create(world, 'x'.repeat(1025))), 'KeyTooLongError')
  })
})

test('keys with irregular names are completed under them', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const keys = ['Key', 'key', 'key/a//b', 'key/', 'x'.repeat(1024)]
    for (const key of keys) {
      const address = await createTwo(world, key)
      await bridge.completeMultipartUpload(completion(address, two), contextOf())
    }
    assert.equal(new Set(await list(bridge)), new Set(keys))
    for (const key of keys) {
      assert.ok((await get(bridge, key)).equals(Buffer.concat([large, small])), key)
    }
  })
})

test('abandoned uploads expire with their files; others, and answers given, are kept their time', async () => {
  const dayMs = 24 * 3_600_000
  await withWorld({}, async (world) => {
    const { bridge, state, spool, clock } = world
    const sweep = () =>
      sweepUploads(
        { state, spool, locks: locksOf(world) },
        { uploadExpiryMs: 7 * dayMs, nowMs: clock.nowMs },
      )
    const abandoned = await createTwo(world, 'abandoned')
    const completing = await createTwo(world, 'completing')
    await state.uploads.markCompleting(completing.uploadId)
    await hold(world, completing, 30 * dayMs)
    const completed = await createTwo(world, 'completed')
    await bridge.completeMultipartUpload(completion(completed, two), contextOf())
    clock.nowMs += 6 * dayMs
    assert.equal(await sweep(), { uploads: 1, strayFiles: 0 })
    assert.is(await state.uploads.find(completed.uploadId), undefined)
    const young = await createTwo(world, 'young')
    clock.nowMs += 2 * dayMs
    assert.equal(await sweep(), { uploads: 1, strayFiles: 0 })
    assert.is(await codeOf(send(bridge, abandoned, 1, small)), 'NoSuchUpload')
    assert.is((await partFiles(world)).length, 4)
    await send(bridge, young, 1, small)
    await state.leases.release(heldFor(completing))
    await bridge.completeMultipartUpload(completion(completing, two), contextOf())
    assert.ok((await get(bridge, 'completing')).equals(Buffer.concat([large, small])))
  })
})

test('a part of an object becomes a part of an upload, judged and cut as asked', async () => {
  await withWorld({}, async ({ bridge }) => {
    const source = { bucket, key: 'source' }
    await put(bridge, 'source', large)
    const address = await create({ bridge })
    const copy = async (partNumber: number, changed: object = {}) =>
      await bridge.uploadPartCopy(
        {
          ...address,
          ...{ partNumber, source, sourceConditions: {}, sourceRange: undefined },
          ...changed,
        },
        contextOf(),
      )
    const whole = await copy(1)
    const cut = await copy(2, { sourceRange: { start: 10, endInclusive: 19 } })
    assert.is(whole.etag, md5Of(large))
    assert.is(cut.etag, md5Of(large.subarray(10, 20)))
    const past = { start: 0, endInclusive: large.length }
    assert.is(await codeOf(copy(3, { sourceRange: past })), 'InvalidRange')
    const other = { ifMatch: ['other'] }
    assert.is(await codeOf(copy(3, { sourceConditions: other })), 'PreconditionFailed')
    assert.is(await codeOf(copy(3, { source: { bucket, key: 'none' } })), 'NoSuchKey')
    const parts = [whole, cut].map(({ etag }, index) => ({
      ...{ partNumber: index + 1, etag, checksums: {} },
    }))
    await bridge.completeMultipartUpload({ ...address, parts, conditions: {} }, contextOf())
    const expected = Buffer.concat([large, large.subarray(10, 20)])
    assert.ok((await get(bridge, address.key)).equals(expected))
  })
})

/** As a process does that completes an upload. */
async function hold({ state, clock }: World, { uploadId }: Address, termMs: number): Promise<void> {
  const times = { nowMs: clock.nowMs, expiresMs: clock.nowMs + termMs }
  const lease = { ...heldFor({ uploadId }), ...times, mode: 'exclusive' } as const
  assert.ok(await state.leases.acquire(lease))
}

function heldFor({ uploadId }: Pick<Address, 'uploadId'>): LeaseHeld {
  return { holder: 'other', names: [`lock ${uploadLock(uploadId)}`] }
}

/** As another process has them. */
function locksOf({ state, clock, warnings }: World) {
  const warn = (message: string, cause: unknown) => void warnings.push({ message, cause })
  return createKeyLocks(createLeases({ leases: state.leases, now: () => clock.nowMs, warn }))
}

test('an upload whose completion was killed takes parts again once its lock is over', async () => {
  await withWorld({}, async (world) => {
    const { bridge, state, clock } = world
    const address = await create(world)
    await state.uploads.markCompleting(address.uploadId)
    await hold(world, address, 30_000)
    assert.is(await codeOf(send(bridge, address, 1, small)), 'OperationAborted')
    assert.is(await codeOf(bridge.abortMultipartUpload(address, contextOf())), 'OperationAborted')
    clock.nowMs += 30_000
    assert.is((await send(bridge, address, 1, small)).etag, md5Of(small))
    await bridge.abortMultipartUpload(address, contextOf())
    assert.equal(await partFiles(world), [])
  })
})

test('what another process completes keeps its parts, whoever aborts, sends or sweeps', async () => {
  const dayMs = 24 * 3_600_000
  await withWorld({}, async (world) => {
    const { bridge, emulator, spool, state, clock, startAgain } = world
    const address = await createTwo(world)
    const sending = emulator.faults.hold({ operation: 'upload' })
    const completing = bridge.completeMultipartUpload(completion(address, two), contextOf())
    await sending.reached()
    const other = await startAgain()
    assert.is(await codeOf(send(other, address, 3, small)), 'OperationAborted')
    assert.is(await codeOf(other.abortMultipartUpload(address, contextOf())), 'OperationAborted')
    const options = { uploadExpiryMs: 7 * dayMs, nowMs: clock.nowMs + 30 * dayMs }
    const swept = await sweepUploads({ state, spool, locks: locksOf(world) }, options)
    assert.is(swept.uploads, 0)
    sending.release()
    await completing
    assert.ok((await get(other, address.key)).equals(Buffer.concat([large, small])))
  })
})

test('an upload that is completed while expired ones are looked through keeps its answer', async () => {
  const dayMs = 24 * 3_600_000
  await withWorld({}, async (world) => {
    const { bridge, spool, state, clock } = world
    const [late, lost] = [await createTwo(world), await createTwo(world, 'lost')]
    clock.nowMs += 30 * dayMs
    const { expired } = state.uploads
    const complete = () => bridge.completeMultipartUpload(completion(late, two), contextOf())
    let etag: string | undefined
    Object.assign(state.uploads, {
      async expired(...before: Parameters<typeof expired>) {
        const found = await expired(...before)
        etag = (await complete()).etag
        return found
      },
    })
    const options = { uploadExpiryMs: 7 * dayMs, nowMs: clock.nowMs }
    const parts = { state, spool, locks: locksOf(world) }
    assert.is((await sweepUploads(parts, options)).uploads, 1)
    Object.assign(state.uploads, { expired })
    assert.is((await complete()).etag, etag)
    assert.is(await codeOf(send(bridge, lost, 1, small)), 'NoSuchUpload')
    const later = { ...options, nowMs: clock.nowMs + 2 * dayMs }
    assert.is((await sweepUploads(parts, later)).uploads, 1)
  })
})

test.run()
