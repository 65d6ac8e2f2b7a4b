// The moment a write becomes one: what a failed PUT leaves alone, and what happens to many at once.

import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Rule } from '../jotta/emulator/emulator.ts'
import {
  bucket,
  chunksOf,
  codeOf,
  contextOf,
  failureOf,
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
import { RESERVED_FOLDER } from './key-path.ts'
import { S3Error } from './s3-error.ts'

const test = suite('commit of a write')

const old = { content: Buffer.from('the old content'), metadata: { user: { is: 'old' } } }

/** A put of something else over an old object must fail, and leave it and nothing beside it. */
async function expectOldKept(
  world: World,
  fail: (key: string, bytes: Buffer, way: (typeof waysOfPut)[number]) => Promise<unknown>,
): Promise<void> {
  const { bridge, foreign, emulator } = world
  for (const way of waysOfPut) {
    const key = `folder/${way.way}`
    await put(bridge, key, old.content, { metadata: old.metadata })
    const bytes = freshBytes(way.sizeBytes)
    await fail(key, bytes, way)
    emulator.faults.clear()
    assert.ok((await get(bridge, key)).equals(old.content), way.way)
    const object = await head(bridge, key)
    assert.equal([object.metadata.user, object.etag], [{ is: 'old' }, md5Of(old.content)])
    const staged: string[] = []
    try {
      for await (const entry of foreign.list(placeOf(RESERVED_FOLDER, 'staging'), contextOf())) {
        staged.push(entry.name)
      }
    } catch {
      // Nothing was ever staged.
    }
    assert.equal(staged, [], way.way)
    // And the next one succeeds, its metadata with it.
    await put(bridge, key, bytes, {
      ...way,
      sizeBytes: bytes.length,
      metadata: { user: { n: '2' } },
    })
    assert.ok((await get(bridge, key)).equals(bytes))
    assert.equal((await head(bridge, key)).metadata.user, { n: '2' })
  }
  assert.equal(await list(bridge), waysOfPut.map(({ way }) => `folder/${way}`).sort())
}

const refusals: [what: string, rule: Rule, code: string][] = [
  ['wrong bytes', { kind: 'fail', status: 421, match: { operation: 'upload' } }, 'InternalError'],
  [
    'a full account',
    { kind: 'fail', status: 460, match: { operation: 'upload' } },
    'QuotaExceeded',
  ],
  [
    'a full account',
    { kind: 'fail', status: 460, match: { operation: 'allocate' } },
    'QuotaExceeded',
  ],
  ['a 400', { kind: 'fail', status: 400, match: { operation: 'allocate' } }, 'InvalidArgument'],
  ['a 404', { kind: 'fail', status: 404, match: { operation: 'allocate' } }, 'OperationAborted'],
  [
    'a 409',
    { kind: 'fail', status: 409, count: 9, match: { operation: 'allocate' } },
    'OperationAborted',
  ],
  [
    'an outage',
    { kind: 'fail', status: 503, count: 99, match: { method: 'POST' } },
    'ServiceUnavailable',
  ],
  ['cuts', { kind: 'cut', count: 99, match: { operation: 'upload' } }, 'ServiceUnavailable'],
  [
    'throttling',
    { kind: 'fail', status: 429, count: 99, match: { operation: 'allocate' } },
    'SlowDown',
  ],
  ['cuts in the body', { kind: 'cutUpload', afterBytes: 0, count: 99 }, 'ServiceUnavailable'],
]
for (const [what, rule, code] of refusals) {
  test(`a PUT that fails by ${what} of ${rule.match?.operation ?? 'all'} changes nothing`, async () => {
    await withWorld({}, async (world) => {
      await expectOldKept(world, async (key, bytes, { way, announceMd5 }) => {
        world.emulator.faults.add(rule)
        const metadata = { user: { is: 'new' } }
        const failed = codeOf(put(world.bridge, key, bytes, { announceMd5, metadata }))
        assert.is(await failed, code, way)
      })
    })
  })
}

for (const share of [0, 0.4, 1]) {
  test(`a PUT whose client goes away after ${share * 100} % of the body changes nothing`, async () => {
    await withWorld({}, async (world) => {
      await expectOldKept(world, async (key, bytes, { announceMd5 }) => {
        const leaving = new AbortController()
        const arriving = chunksOf(bytes.subarray(0, bytes.length * share))
        const stream = new Readable({
          read() {
            const { done, value } = arriving.next()
            if (done === true) leaving.abort(new Error('the client went away'))
            else this.push(value)
          },
        })
        const context = contextOf(leaving.signal)
        const failure = await failureOf(
          put(world.bridge, key, bytes, { announceMd5, stream, context }),
        )
        assert.ok(failure !== undefined)
        assert.ok(stream.destroyed)
      })
    })
  })
}

test('a PUT whose client goes away before Jottacloud has the content changes nothing', async () => {
  await withWorld({}, async (world) => {
    await expectOldKept(world, async (key, bytes, { announceMd5 }) => {
      const leaving = new AbortController()
      const allocating = world.emulator.faults.hold({ operation: 'allocate' })
      const context = contextOf(leaving.signal)
      const putting = failureOf(put(world.bridge, key, bytes, { announceMd5, context }))
      await allocating.reached()
      leaving.abort(new Error('the client went away'))
      allocating.release()
      assert.is((await putting)?.message, 'the client went away')
    })
  })
})

test('a PUT whose client goes away when Jottacloud has the content is old or new, and whole', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
      await put(bridge, way, old.content, { metadata: old.metadata })
      const bytes = freshBytes(sizeBytes)
      const leaving = new AbortController()
      const sent = emulator.faults.hold({ operation: 'upload' }, 'after')
      const context = contextOf(leaving.signal)
      const metadata = { user: { is: 'new' } }
      const putting = failureOf(put(bridge, way, bytes, { announceMd5, context, metadata }))
      await sent.reached()
      leaving.abort(new Error('the client went away'))
      assert.is((await putting)?.message, 'the client went away')
      sent.release()
      const isOld = way === 'staged'
      assert.ok((await get(bridge, way)).equals(isOld ? old.content : bytes), way)
      assert.equal((await head(bridge, way)).metadata.user, { is: isOld ? 'old' : 'new' }, way)
    }
  })
})

const badBodies = ['XAmzContentSHA256Mismatch', 'BadDigest', 'IncompleteBody'] as const
for (const code of badBodies) {
  test(`a body that proves false with its last byte (${code}) changes nothing`, async () => {
    await withWorld({}, async (world) => {
      await expectOldKept(world, async (key, bytes, { announceMd5 }) => {
        const arriving = async function* () {
          yield* chunksOf(bytes)
          await setImmediate()
          throw new S3Error(code)
        }
        const stream = Readable.from(arriving(), { objectMode: false })
        assert.is(await codeOf(put(world.bridge, key, bytes, { announceMd5, stream })), code)
      })
    })
  })
}

test('a body of another MD5 than announced changes nothing, known content or not', async () => {
  await withWorld({}, async (world) => {
    const known = freshBytes(200_000)
    await storeForeign(world.foreign, placeOf('known'), known)
    await expectOldKept(world, async (key, bytes) => {
      const wrong = put(world.bridge, key, bytes, { md5: md5Of('another') })
      assert.is(await codeOf(wrong), 'BadDigest')
      // The MD5 and size of what Jottacloud has, and other bytes.
      const md5 = md5Of(known)
      const lie = put(world.bridge, key, freshBytes(known.length), { md5 })
      assert.is(await codeOf(lie), 'BadDigest')
      if (bytes.length === known.length)
        await world.foreign.removeFile(placeOf('known'), 'permanent', contextOf())
    })
  })
})

test('a refused PUT leaves no metadata for content that somebody else stores', async () => {
  await withWorld({}, async ({ bridge, foreign, emulator, state }) => {
    const content = freshBytes(100)
    emulator.faults.failNext({ status: 460, match: { operation: 'allocate' } })
    const metadata = { user: { is: 'refused' } }
    assert.is(await codeOf(put(bridge, 'x', content, { metadata })), 'QuotaExceeded')
    await storeForeign(foreign, placeOf('x'), content)
    assert.equal((await head(bridge, 'x')).metadata.user, {})
    const again = put(bridge, 'x', content, { metadata, conditions: { ifNoneMatch: ['*'] } })
    assert.is(await codeOf(again), 'PreconditionFailed')
    assert.equal((await head(bridge, 'x')).metadata.user, {})
    const identity = { md5: md5Of(content), sizeBytes: content.length }
    assert.is(await state.objects.find(bucket, 'x', identity), undefined)
  })
})

test('a PUT whose reply from Jottacloud was lost is whole, with its metadata', async () => {
  for (const operation of ['allocate', 'upload', 'stat', 'cphash'] as const) {
    await withWorld({}, async ({ bridge, emulator }) => {
      for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
        const bytes = freshBytes(sizeBytes)
        emulator.faults.add({ kind: 'cut', when: 'after', match: { operation } })
        const metadata = { user: { way } }
        const code = await codeOf(put(bridge, way, bytes, { announceMd5, metadata }))
        // What went straight through is not there to be sent again; the client has it still.
        if (code !== 'no error') {
          assert.equal([code, way, operation], ['ServiceUnavailable', 'staged', 'upload'])
          await put(bridge, way, bytes, { announceMd5, metadata })
        }
        assert.ok((await get(bridge, way)).equals(bytes), `${way} ${operation}`)
        assert.equal((await head(bridge, way)).metadata.user, { way })
        emulator.faults.clear()
      }
    })
  }
})

test('a process killed between Jottacloud and the state store has lost no metadata', async () => {
  await withWorld({}, async ({ bridge, foreign, state, startAgain }) => {
    await put(bridge, 'x', old.content, { metadata: old.metadata })
    await state.objects.stage({
      ...{ bucket, key: 'x', md5: md5Of('new'), sizeBytes: 3, metadata: { user: { is: 'new' } } },
      ...{ multipartEtag: undefined, checksums: undefined },
    })
    const again = await startAgain()
    assert.equal((await head(again, 'x')).metadata.user, { is: 'old' })
    // As far as the killed one had come.
    await storeForeign(foreign, placeOf('x'), 'new')
    assert.equal((await head(again, 'x')).metadata.user, { is: 'new' })
    await put(again, 'x', 'newer')
    assert.equal((await head(again, 'x')).metadata.user, {})
  })
})

test('of two PUTs to one key the later wins whole, content and metadata', async () => {
  await withWorld({}, async ({ bridge }) => {
    for (let round = 0; round < 5; round += 1) {
      const writers = Array.from({ length: 6 }, (_, n) => {
        const { sizeBytes, announceMd5 } = waysOfPut[n % 3] ?? waysOfPut[0]
        const bytes = freshBytes(sizeBytes)
        return { bytes, announceMd5, user: { writer: `${round} ${md5Of(bytes)}` } }
      })
      await Promise.all(
        writers.map(({ bytes, announceMd5, user }) =>
          put(bridge, 'one/key', bytes, { announceMd5, metadata: { user } }),
        ),
      )
      const content = await get(bridge, 'one/key')
      const object = await head(bridge, 'one/key')
      assert.is(object.etag, md5Of(content))
      assert.is(object.metadata.user.writer, `${round} ${md5Of(content)}`)
      assert.equal(await list(bridge), ['one/key'])
    }
  })
})

test('a PUT whose body needs other PUTs of the same key to end first does not wait for itself', async () => {
  await withWorld({}, async ({ bridge }) => {
    // As deep as there are sends at once, and in every way.
    const nested = async (depth: number): Promise<void> => {
      if (depth === 0) return
      const { sizeBytes, announceMd5 } = waysOfPut[depth % 3] ?? waysOfPut[0]
      const bytes = freshBytes(sizeBytes)
      const arriving = async function* () {
        yield bytes.subarray(0, 500)
        await nested(depth - 1)
        yield bytes.subarray(500)
      }
      const stream = Readable.from(arriving(), { objectMode: false })
      await put(bridge, 'key', bytes, { announceMd5, stream })
      assert.ok((await get(bridge, 'key')).equals(bytes), `depth ${depth}`)
    }
    await nested(12)
  })
})

for (const way of waysOfPut) {
  test(`of ten that create one key at once (${way.way}) exactly one does`, async () => {
    await withWorld({}, async ({ bridge }) => {
      const conditions = { ifNoneMatch: ['*'] }
      const { announceMd5 } = way
      const contents = Array.from({ length: 10 }, () => freshBytes(way.sizeBytes))
      const codes = await Promise.all(
        contents.map((bytes, writer) =>
          codeOf(
            put(bridge, 'lock', bytes, {
              ...{ conditions, announceMd5, metadata: { user: { writer: String(writer) } } },
            }),
          ),
        ),
      )
      assert.is(codes.filter((code) => code === 'no error').length, 1)
      assert.is(codes.filter((code) => code === 'PreconditionFailed').length, 9)
      const winner = codes.indexOf('no error')
      assert.ok((await get(bridge, 'lock')).equals(contents[winner] ?? Buffer.alloc(0)))
      assert.is((await head(bridge, 'lock')).metadata.user.writer, String(winner))
    })
  })
}

test('a key that another device creates at the same moment is not overwritten', async () => {
  for (const rejectConflictsStatus of [409, 412, 500]) {
    const emulator = { rejectConflictsStatus }
    await withWorld({ emulator }, async ({ bridge, emulator: { faults }, foreign }) => {
      await storeForeign(foreign, placeOf('elsewhere'), 'by hand')
      const allocating = faults.hold({ operation: 'allocate' })
      const conditions = { ifNoneMatch: ['*'] }
      const putting = codeOf(put(bridge, 'lock', 'by S3', { conditions }))
      await allocating.reached()
      await foreign.copyFile(placeOf('elsewhere'), placeOf('lock'), contextOf())
      allocating.release()
      assert.is(await putting, 'PreconditionFailed')
      assert.is((await get(bridge, 'lock')).toString(), 'by hand')
    })
  }
})

test('If-Match lets one of many writers through at a time, and none onto what changed', async () => {
  await withWorld({}, async ({ bridge, foreign }) => {
    const { etag } = await put(bridge, 'x', 'first')
    const writers = Array.from({ length: 8 }, (_, n) =>
      codeOf(put(bridge, 'x', `writer ${n}`, { conditions: { ifMatch: [etag] } })),
    )
    const codes = await Promise.all(writers)
    assert.is(codes.filter((code) => code === 'no error').length, 1)
    await storeForeign(foreign, placeOf('x'), 'by hand')
    const stale = { conditions: { ifMatch: [md5Of(`writer ${codes.indexOf('no error')}`)] } }
    assert.is(await codeOf(put(bridge, 'x', 'late', stale)), 'PreconditionFailed')
    const missing = put(bridge, 'none', 'x', { conditions: { ifMatch: ['*'] } })
    assert.is(await codeOf(missing), 'NoSuchKey')
    const large = freshBytes(200_000)
    const staged = { conditions: { ifMatch: [md5Of('by hand')] }, announceMd5: true }
    await put(bridge, 'x', large, staged)
    assert.is(await codeOf(put(bridge, 'x', freshBytes(200_000), staged)), 'PreconditionFailed')
    assert.ok((await get(bridge, 'x')).equals(large))
  })
})

test('metadata is of one content: what another device stores is shown as itself', async () => {
  await withWorld({}, async ({ bridge, foreign }) => {
    const metadata = { contentType: 'x/y', user: { is: 's3' } }
    for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
      const bytes = freshBytes(sizeBytes)
      await put(bridge, way, bytes, { announceMd5, metadata })
      assert.equal((await head(bridge, way)).metadata, metadata)
      const other = freshBytes(sizeBytes)
      await storeForeign(foreign, placeOf(way), other)
      const object = await head(bridge, way)
      assert.equal([object.etag, object.metadata.user], [md5Of(other), {}])
      assert.is.not(object.metadata.contentType, 'x/y')
      // Restored to what it was, it is what it was.
      await storeForeign(foreign, placeOf(way), bytes)
      assert.equal((await head(bridge, way)).metadata, metadata)
    }
  })
})

test.run()
