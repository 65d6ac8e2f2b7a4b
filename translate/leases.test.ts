// Two bridges over one state and one account, as two processes are.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  get,
  head,
  list,
  placeOf,
  put,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge } from './bridge.ts'
import { createLeases } from './leases.ts'

const test = suite('leases')

async function createUpload(bridge: Bridge, key: string) {
  const { uploadId } = await bridge.createMultipartUpload(
    {
      ...{ bucket, key, metadata: { user: {} } },
      ...{ checksumAlgorithm: undefined, checksumType: undefined },
    },
    contextOf(),
  )
  return { bucket, key, uploadId }
}

test('writers of one key in two processes follow each other', async () => {
  await withWorld({}, async ({ bridge, emulator, startAgain }) => {
    const other = await startAgain()
    const allocating = emulator.faults.hold({ operation: 'allocate' })
    const first = put(bridge, 'a/key', 'first')
    await allocating.reached()
    const before = emulator.faults.count({ operation: 'allocate' })
    const second = put(other, 'a/key', 'second')
    // Time enough for it, were it not waiting.
    for (let look = 0; look < 20; look += 1) assert.equal(await list(other), [])
    assert.is(emulator.faults.count({ operation: 'allocate' }), before)
    allocating.release()
    await Promise.all([first, second])
    assert.is((await get(bridge, 'a/key')).toString(), 'second')
  })
})

test('a folder is not removed while another process writes in it', async () => {
  await withWorld({}, async ({ bridge, emulator, startAgain }) => {
    const other = await startAgain()
    await put(bridge, 'a/x', 'old')
    const allocating = emulator.faults.hold({ operation: 'allocate' })
    const writing = put(bridge, 'a/b/y', 'new')
    await allocating.reached()
    await other.deleteObject({ bucket, key: 'a/x' }, contextOf())
    assert.is(emulator.faults.count({ operation: 'dlDir' }), 0)
    allocating.release()
    await writing
    assert.equal(await list(other), ['a/b/y'])
  })
})

test('keys that want one name get two, also from two processes at once', async () => {
  await withWorld({}, async ({ bridge, startAgain }) => {
    const other = await startAgain()
    for (let round = 0; round < 5; round += 1) {
      const keys = [`K${round}`, `k${round}`, `K${round}/x`, `k${round}/x`]
      await Promise.all(keys.map((key, n) => put(n % 2 === 0 ? bridge : other, key, key)))
      for (const key of keys) {
        for (const reader of [bridge, other]) assert.is((await get(reader, key)).toString(), key)
      }
    }
    assert.is((await list(other)).length, 20)
  })
})

test('a write takes the locks that processes of earlier versions take', async () => {
  await withWorld({}, async ({ bridge, state }) => {
    const { acquire } = state.leases
    const names = new Set<string>()
    Object.assign(state.leases, {
      async acquire(lease: Parameters<typeof acquire>[0]) {
        for (const name of lease.names) names.add(name)
        return await acquire(lease)
      },
    })
    await put(bridge, 'a/B/Key', 'content')
    assert.equal([...names].sort(), [
      ...[`folder s3/${bucket}`, `folder s3/${bucket}/a`, `folder s3/${bucket}/a/b`],
      ...[`lock object/S3/${bucket}/a`, `lock object/S3/${bucket}/a/b/key`],
    ])
  })
})

test('the lock of a process that died ends by itself, and a client need not wait for it', async () => {
  await withWorld({}, async ({ bridge, state, clock }) => {
    const { device, mountpoint, path } = placeOf('key')
    const lease = {
      ...({ holder: 'dead', mode: 'exclusive' } as const),
      names: [`lock object/${device}/${mountpoint}/${path.join('/')}`],
      ...{ nowMs: clock.nowMs, expiresMs: clock.nowMs + 30_000 },
    }
    assert.ok(await state.leases.acquire(lease))
    const leaving = new AbortController()
    const given = put(bridge, 'key', 'given up', { context: contextOf(leaving.signal) })
    leaving.abort(new Error('gone'))
    assert.is(
      await given.catch((error: unknown) => (error instanceof Error ? error.message : '')),
      'gone',
    )
    const waiting = put(bridge, 'key', 'waited')
    clock.nowMs += 30_000
    await waiting
    assert.is((await get(bridge, 'key')).toString(), 'waited')
  })
})

/** Runs `act` once, at the next call of a method of the state. */
function onNext<T extends object, K extends keyof T>(on: T, name: K, act: () => Promise<unknown>) {
  const method = on[name]
  assert.type(method, 'function')
  Object.assign(on, {
    async [name](...args: unknown[]) {
      Object.assign(on, { [name]: method })
      await act()
      return typeof method === 'function' ? await method.apply(on, args) : undefined
    },
  })
}

test('a process that stood still past its lock writes nothing over what came meanwhile', async () => {
  for (const versions of ['keep', 'none'] as const) {
    await withWorld({ versions }, async ({ bridge, state, clock, startAgain }) => {
      const other = await startAgain()
      await put(bridge, 'key', 'old')
      onNext(state.objects, 'stage', async () => {
        clock.nowMs += 31_000
        await put(other, 'key', 'meanwhile', { metadata: { user: { by: 'other' } } })
      })
      assert.is(await codeOf(put(bridge, 'key', 'late')), 'ServiceUnavailable')
      assert.is((await get(bridge, 'key')).toString(), 'meanwhile')
      assert.equal((await head(bridge, 'key')).metadata.user, { by: 'other' })
      await put(bridge, 'key', 'again')
      assert.is((await get(other, 'key')).toString(), 'again')
    })
  }
})

test('nor does a completion, which another process finished while it was about to take the lock of its key', async () => {
  await withWorld({}, async ({ bridge, state, clock, startAgain }) => {
    const other = await startAgain()
    const address = await createUpload(bridge, 'key')
    const body = bodyOf(Buffer.from('parts'))
    const { etag } = await bridge.uploadPart({ ...address, partNumber: 1, body }, contextOf())
    const parts = [{ partNumber: 1, etag, checksums: {} }]
    const input = { ...address, parts, conditions: {} }
    const { acquire } = state.leases
    let isFirst = true
    Object.assign(state.leases, {
      async acquire(lease: Parameters<typeof acquire>[0]) {
        if (isFirst && lease.names.some((name) => name.startsWith('lock object/'))) {
          isFirst = false
          clock.nowMs += 31_000
          await other.completeMultipartUpload(input, contextOf())
          await put(other, 'key', 'later')
          return await acquire({ ...lease, nowMs: clock.nowMs, expiresMs: clock.nowMs + 30_000 })
        }
        return await acquire(lease)
      },
    })
    const late = await bridge.completeMultipartUpload(input, contextOf())
    assert.match(late.etag, /-1$/)
    assert.is((await get(bridge, 'key')).toString(), 'later')
  })
})

test('nor does it delete what came meanwhile', async () => {
  await withWorld({}, async ({ bridge, state, clock, startAgain }) => {
    const other = await startAgain()
    const { etag } = await put(bridge, 'key', 'old')
    onNext(state.objects, 'find', async () => {
      clock.nowMs += 31_000
      await put(other, 'key', 'meanwhile')
    })
    const conditions = { ifMatch: [etag] }
    const late = bridge.deleteObject({ bucket, key: 'key', conditions }, contextOf())
    assert.is(await codeOf(late), 'ServiceUnavailable')
    assert.is((await get(bridge, 'key')).toString(), 'meanwhile')
  })
})

test('what was done under a lock is done, though the lock cannot be given up', async () => {
  await withWorld({}, async ({ state, clock }) => {
    const full = new Error('database or disk is full')
    const warned: unknown[] = []
    const leases = createLeases({
      leases: { ...state.leases, release: () => Promise.reject(full) },
      now: () => clock.nowMs,
      warn: (_message, cause) => warned.push(cause),
    })
    const act = async (): Promise<string> => {
      await using _lease = await leases.tryTake(['name'], 'exclusive')
      return 'done'
    }
    assert.is(await act(), 'done')
    assert.equal(warned, [full])
    clock.nowMs += 30_000
    assert.ok(await leases.tryTake(['name'], 'exclusive'), 'it has ended by itself')
  })
})

test.run()
