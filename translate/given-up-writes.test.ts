// Jottacloud may carry out what its client has given up: a later write of the key must come after it.
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Match } from '../jotta/emulator/emulator.ts'
import {
  bucket,
  contextOf,
  failureOf,
  freshBytes,
  get,
  list,
  put,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge, RequestContext } from './bridge.ts'
import { S3Error } from './s3-error.ts'

const test = suite('given-up writes')

type Write = {
  readonly what: string
  /** The request at which it is given up. */
  readonly at: NonNullable<Match['operation']>
  readonly write: (bridge: Bridge, key: string, context: RequestContext) => Promise<unknown>
}

const copy: Write['write'] = async (bridge, key, context) => {
  const source = { bucket, key: 'source' }
  await bridge.copyObject(
    { bucket, key, source, sourceConditions: {}, replaceMetadata: undefined },
    context,
  )
}

const writes: Write[] = [
  {
    what: 'a PUT of new content, while it is allocated',
    at: 'allocate',
    write: (bridge, key, context) => put(bridge, key, freshBytes(1000), { context }),
  },
  {
    what: 'a PUT of new content, when its last byte was sent',
    at: 'upload',
    write: (bridge, key, context) => put(bridge, key, freshBytes(1000), { context }),
  },
  {
    what: 'a PUT of content that Jottacloud has',
    at: 'allocate',
    write: (bridge, key, context) => put(bridge, key, 'source', { context }),
  },
  {
    what: 'a large PUT that announces its MD5',
    at: 'cphash',
    write: (bridge, key, context) =>
      put(bridge, key, freshBytes(200_000), { context, announceMd5: true }),
  },
  { what: 'a copy', at: 'cphash', write: copy },
]

for (const { what, at, write } of writes) {
  for (const versions of ['keep', 'none'] as const) {
    for (const processes of [1, 2]) {
      test(`${what} (versions ${versions}) ends before ${processes === 1 ? 'its' : "another process's"} next write of the key`, async () => {
        await withWorld({ versions }, async ({ bridge, emulator, startAgain }) => {
          const other = processes === 1 ? bridge : await startAgain()
          await put(bridge, 'source', 'source')
          await put(bridge, 'a/key', 'old')
          const held = emulator.faults.hold({ operation: at })
          const leaving = new AbortController()
          const first = failureOf(write(bridge, 'a/key', contextOf(leaving.signal)))
          await held.reached()
          leaving.abort(new Error('the client went away'))
          const begun = emulator.faults.count({ operation: 'allocate' })
          let isAnswered = false
          const second = put(other, 'a/key', 'second').then(() => {
            isAnswered = true
          })
          // Time enough for it, were it not waiting.
          for (let look = 0; look < 20; look += 1) await list(other)
          assert.is(emulator.faults.count({ operation: 'allocate' }), begun)
          assert.is(isAnswered, false)
          held.release()
          await first
          await second
          assert.is((await get(other, 'a/key')).toString(), 'second')
          assert.equal(await list(other), ['a/key', 'source'])
        })
      })
    }
  }
}

test('a key is free again when the answer to what was given up does not come, and the server has stopped', async () => {
  await withWorld({}, async ({ bridge, emulator, stop }) => {
    const held = emulator.faults.hold({ operation: 'allocate' })
    const leaving = new AbortController()
    const first = failureOf(put(bridge, 'key', 'first', { context: contextOf(leaving.signal) }))
    await held.reached()
    leaving.abort(new Error('the client went away'))
    let isSettled = false
    const settling = bridge.settled().then(() => {
      isSettled = true
    })
    for (let look = 0; look < 20; look += 1) await list(bridge)
    assert.is(isSettled, false)
    stop()
    await settling
    assert.is((await first)?.message, 'the client went away')
    held.release()
    await put(bridge, 'key', 'second')
    assert.is((await get(bridge, 'key')).toString(), 'second')
  })
})

test('the client of the next request of a key is told in time what keeps it, and reads go on', async () => {
  await withWorld({ lockWaitMs: 50 }, async ({ bridge, emulator }) => {
    await put(bridge, 'key', 'old')
    await put(bridge, 'source', 'source')
    const held = emulator.faults.hold({ operation: 'upload' })
    const leaving = new AbortController()
    const first = failureOf(
      put(bridge, 'key', freshBytes(1000), { context: contextOf(leaving.signal) }),
    )
    await held.reached()
    leaving.abort(new Error('the client went away'))
    let takenBytes = 0
    const stream = Readable.from(
      (function* () {
        takenBytes += 1000
        yield freshBytes(1000)
      })(),
      { objectMode: false },
    )
    const refused = [
      failureOf(put(bridge, 'key', freshBytes(1000), { stream })),
      failureOf(bridge.deleteObject({ bucket, key: 'key' }, contextOf())),
      failureOf(bridge.putObjectTagging({ bucket, key: 'key', tags: [] }, contextOf())),
    ]
    const patient = { ...contextOf(), patience: 'unlimited' } as const
    const copied = copy(bridge, 'key', patient)
    for (const refusal of refused) {
      const failure = await refusal
      assert.ok(failure instanceof S3Error)
      assert.equal([failure.code, failure.retryAfterSeconds], ['ServiceUnavailable', 5])
      assert.match(failure.message, 'given up by its client')
    }
    assert.is(takenBytes, 0)
    assert.is((await get(bridge, 'key')).toString(), 'old')
    assert.equal(await list(bridge), ['key', 'source'])
    held.release()
    await first
    await copied
    assert.is((await get(bridge, 'key')).toString(), 'source')
    await put(bridge, 'key', 'last')
    assert.is((await get(bridge, 'key')).toString(), 'last')
  })
})

test.run()
