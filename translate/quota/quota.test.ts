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
  storeForeign,
  type World,
  withWorld,
} from '../acts.test-support.ts'
import type { Bridge } from '../bridge.ts'
import { countAgeMaxMs, createQuota, type Quota, type QuotaParts, recountAfterMs } from './quota.ts'
import { withQuotas } from './quota-bridge.ts'

const test = suite('quota')

const limitBytes = 10_000

type Limited = World & { readonly limited: Bridge; readonly quota: Quota; counts(): number }

/** The bucket may hold 10,000 bytes. */
async function withQuota(
  act: (world: Limited) => Promise<void>,
  more: Partial<QuotaParts> = {},
): Promise<void> {
  await withWorld({}, async (world) => {
    const { bridge, state, clock } = world
    let counts = 0
    const listObjects: Bridge['listObjects'] = async (input, context) => {
      if (input.after === '') counts += 1
      return await bridge.listObjects(input, context)
    }
    const quota = createQuota({
      state,
      bridge: { listObjects },
      quotaOf: (name) => (name === bucket ? limitBytes : undefined),
      now: () => clock.nowMs,
      warn: () => {},
      stopSignal: new AbortController().signal,
      ...more,
    })
    await act({ ...world, quota, limited: withQuotas(bridge, quota), counts: () => counts })
  })
}

const copyOf = (from: string, to: string) => ({
  ...{ bucket, key: to, source: { bucket, key: from } },
  ...{ sourceConditions: {}, replaceMetadata: undefined },
})

test('what does not fit is QuotaExceeded before its body is read, and what fits is stored', async () => {
  await withQuota(async ({ limited, counts }) => {
    await put(limited, 'a', freshBytes(6000))
    const body = bodyOf(freshBytes(4001))
    let isRead = false
    body.stream.once('resume', () => {
      isRead = true
    })
    const refused = { bucket, key: 'b', body, metadata: { user: {} }, conditions: {} }
    assert.is(await codeOf(limited.putObject(refused, contextOf())), 'QuotaExceeded')
    assert.is(isRead, false)
    await put(limited, 'b', freshBytes(4000))
    assert.is(await codeOf(put(limited, 'c', 'x')), 'QuotaExceeded')
    assert.equal(await list(limited), ['a', 'b'])
    assert.is(counts(), 1)
    await limited.createBucket('unlimited', contextOf())
    const other = { ...refused, bucket: 'unlimited', body: bodyOf(freshBytes(50_000)) }
    assert.is(await codeOf(limited.putObject(other, contextOf())), 'no error')
  })
})

test('what others stored counts, at once in a first count and later with the next', async () => {
  await withQuota(async ({ limited, foreign, at, clock, counts }) => {
    await storeForeign(foreign, at('theirs'), freshBytes(9000))
    assert.is(await codeOf(put(limited, 'a', freshBytes(1001))), 'QuotaExceeded')
    await put(limited, 'a', freshBytes(500))
    await storeForeign(foreign, at('more'), freshBytes(9000))
    await put(limited, 'b', freshBytes(500))
    assert.is(counts(), 1)
    clock.nowMs += countAgeMaxMs + 1
    assert.is(await codeOf(put(limited, 'c', 'x')), 'QuotaExceeded')
    assert.is(counts(), 2)
  })
})

test('what was deleted or written over is free after another count, which is made when it matters', async () => {
  await withQuota(async ({ limited, clock, counts }) => {
    for (const key of ['a', 'a', 'b']) await put(limited, key, freshBytes(3000))
    assert.is(await codeOf(put(limited, 'c', freshBytes(3000))), 'QuotaExceeded')
    assert.is(counts(), 1, 'not so soon')
    clock.nowMs += recountAfterMs
    await put(limited, 'c', freshBytes(3000))
    assert.is(counts(), 2)
    await limited.deleteObject({ bucket, key: 'a' }, contextOf())
    assert.is(await codeOf(put(limited, 'd', freshBytes(3000))), 'QuotaExceeded')
    clock.nowMs += recountAfterMs
    await put(limited, 'd', freshBytes(3000))
    assert.is(counts(), 3)
  })
})

test('a write that fails gives its room back, and one whose end is not known keeps it', async () => {
  await withQuota(async ({ limited, emulator, state }) => {
    await put(limited, 'a', freshBytes(1000))
    const conditions = { ifNoneMatch: ['*'] }
    const failed = await codeOf(put(limited, 'a', freshBytes(9000), { conditions }))
    assert.is(failed, 'PreconditionFailed')
    assert.is((await state.usage.find(bucket))?.addedBytes, 1000)
    emulator.faults.add({ kind: 'fail', status: 418, match: { operation: 'allocate' } })
    const unclear = await codeOf(put(limited, 'b', freshBytes(2000)))
    assert.is(unclear, 'InternalError')
    const usage = await state.usage.find(bucket)
    assert.equal([usage?.addedBytes, usage?.pendingBytes], [3000, 0])
  })
})

test('writes at once share the room that is left', async () => {
  await withQuota(async ({ limited }) => {
    await put(limited, 'first', 'x')
    const codes = await Promise.all(
      ['a', 'b', 'c', 'd'].map((key) => codeOf(put(limited, key, freshBytes(4000)))),
    )
    assert.equal(codes.sort(), ['QuotaExceeded', 'QuotaExceeded', 'no error', 'no error'])
  })
})

test('copies take the room of their source, onto themselves none', async () => {
  await withQuota(async ({ limited }) => {
    await put(limited, 'a', freshBytes(6000))
    const copy = (from: string, to: string) =>
      codeOf(limited.copyObject(copyOf(from, to), contextOf()))
    assert.is(await copy('a', 'b'), 'QuotaExceeded')
    assert.is(await copy('a', 'a'), 'no error')
    assert.is(await copy('none', 'b'), 'NoSuchKey')
    assert.equal(await list(limited), ['a'])
  })
})

test('a multipart upload is refused at the part that is too large, or as a whole, and can be aborted', async () => {
  await withQuota(async ({ limited, state }) => {
    const context = contextOf()
    const key = 'big'
    const { uploadId } = await limited.createMultipartUpload(
      {
        bucket,
        key,
        metadata: { user: {} },
        checksumAlgorithm: undefined,
        checksumType: undefined,
      },
      context,
    )
    const address = { bucket, key, uploadId }
    const part = (partNumber: number, bytes: Buffer) =>
      limited.uploadPart({ ...address, partNumber, body: bodyOf(bytes) }, context)
    assert.is(await codeOf(part(1, freshBytes(10_001))), 'QuotaExceeded')
    const first = await part(1, freshBytes(8000))
    await put(limited, 'other', freshBytes(3000))
    const complete = () =>
      limited.completeMultipartUpload(
        { ...address, parts: [{ partNumber: 1, etag: first.etag, checksums: {} }], conditions: {} },
        context,
      )
    assert.is(await codeOf(complete()), 'QuotaExceeded')
    assert.is((await state.uploads.find(uploadId))?.status, 'open')
    const smaller = await part(1, freshBytes(7000))
    const parts = [{ partNumber: 1, etag: smaller.etag, checksums: {} }]
    const both = await Promise.all(
      [1, 2].map(() =>
        codeOf(limited.completeMultipartUpload({ ...address, parts, conditions: {} }, context)),
      ),
    )
    assert.equal(both, ['no error', 'no error'])
    const again = limited.completeMultipartUpload({ ...address, parts, conditions: {} }, context)
    assert.is(await codeOf(again), 'no error')
    assert.is((await get(limited, key)).length, 7000)
    assert.is((await state.usage.find(bucket))?.addedBytes, 10_000)
  })
})

test('while a bucket is being counted for longer than a client waits, it is told to come again', async () => {
  const going = Promise.withResolvers<void>()
  const listObjects: Bridge['listObjects'] = async () => {
    await going.promise
    return { entries: [], nextAfter: undefined }
  }
  await withQuota(
    async ({ limited, state }) => {
      const bytes = freshBytes(10)
      assert.is(await codeOf(put(limited, 'a', bytes)), 'SlowDown')
      going.resolve()
      while ((await state.usage.find(bucket)) === undefined)
        await put(limited, 'a', bytes).catch(() => {})
      assert.is(await codeOf(put(limited, 'a', bytes)), 'no error')
    },
    { bridge: { listObjects }, patienceMs: 1 },
  )
})

test('a daily count learns what others stored, and is not stopped by a bucket that is not there', async () => {
  const warnings: string[] = []
  await withQuota(
    async ({ limited, quota, foreign, at, state, clock }) => {
      await put(limited, 'a', freshBytes(1000))
      await storeForeign(foreign, at('theirs'), freshBytes(2000))
      clock.nowMs += 1000
      await quota.countAll(['nowhere', bucket], contextOf().signal)
      const usage = await state.usage.find(bucket)
      assert.equal([usage?.countedBytes, usage?.addedBytes], [3000, 0])
      assert.equal(warnings, ['what the bucket nowhere holds could not be counted'])
    },
    { warn: (message) => warnings.push(message) },
  )
})

test('a bucket that is made anew begins with nothing', async () => {
  await withQuota(async ({ limited, state }) => {
    await put(limited, 'a', freshBytes(9000))
    await limited.deleteObject({ bucket, key: 'a' }, contextOf())
    await limited.deleteBucket(bucket, contextOf())
    assert.is(await state.usage.find(bucket), undefined)
    assert.is(await codeOf(put(limited, 'a', 'x')), 'NoSuchBucket')
    await limited.createBucket(bucket, contextOf())
    await put(limited, 'a', freshBytes(9000))
  })
})

test.run()
