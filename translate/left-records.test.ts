import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  head,
  md5Of,
  placeOf,
  put,
  storeForeign,
  type World,
  withWorld,
} from './acts.test-support.ts'

const test = suite('records that failed writes left')

const dayMs = 24 * 60 * 60_000
const outage = { kind: 'fail', status: 503, count: 999, match: { method: 'POST' } } as const

function rowsOf({ spoolDirectory }: World, table: string): number {
  const database = new DatabaseSync(join(dirname(spoolDirectory), 'state.sqlite'))
  try {
    return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count)
  } finally {
    database.close()
  }
}

async function settle({ bridge }: World): Promise<{ keys: number; failures: number }> {
  return await bridge.settleLeftRecords(async () => {}, contextOf())
}

test('however often a write fails without a word, one record is left of it', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    const content = freshBytes(1000)
    emulator.faults.add(outage)
    for (let n = 0; n < 3; n += 1) {
      assert.is(await codeOf(put(bridge, 'key', content)), 'ServiceUnavailable')
    }
    assert.is(rowsOf(world, 'object_records'), 1)
  })
})

test('what was never stored is forgotten once the trash cannot bring it back', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, clock } = world
    emulator.faults.add(outage)
    for (const key of ['a', 'b']) await codeOf(put(bridge, key, freshBytes(1000)))
    emulator.faults.clear()
    clock.nowMs += 30 * dayMs
    assert.equal(await settle(world), { keys: 2, failures: 0 })
    assert.is(rowsOf(world, 'object_records'), 2)
    clock.nowMs += 6 * dayMs
    assert.equal(await settle(world), { keys: 2, failures: 0 })
    assert.is(rowsOf(world, 'object_records'), 0)
    assert.equal(await settle(world), { keys: 0, failures: 0 })
  })
})

test('what was stored after all gets its record, and what is stored keeps it', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, state, clock, foreign } = world
    const old = freshBytes(1000)
    await put(bridge, 'kept', old, { metadata: { user: { is: 'old' } } })
    emulator.faults.add(outage)
    const late = freshBytes(1000)
    for (const key of ['late', 'kept']) {
      await codeOf(put(bridge, key, late, { metadata: { user: { is: 'late' } } }))
    }
    emulator.faults.clear()
    // As when Jottacloud carried it out and its answer was lost.
    await storeForeign(foreign, placeOf('late'), late)
    clock.nowMs += dayMs / 2
    assert.equal(await settle(world), { keys: 0, failures: 0 }, 'not of the same day')
    clock.nowMs += dayMs
    assert.equal(await settle(world), { keys: 2, failures: 0 })
    assert.is(rowsOf(world, 'object_records'), 2)
    assert.is((await state.objects.latest(bucket, 'late'))?.md5, md5Of(late))
    assert.equal((await head(bridge, 'late')).metadata.user, { is: 'late' })
    assert.equal((await head(bridge, 'kept')).metadata.user, { is: 'old' })
    assert.equal(await settle(world), { keys: 0, failures: 0 })
  })
})

test('a bucket that is not there, and an outage, leave everything as it is', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, state, clock } = world
    emulator.faults.add(outage)
    await codeOf(put(bridge, 'key', freshBytes(1000)))
    const record = { bucket: 'gone', md5: md5Of(''), sizeBytes: 0 }
    const rest = { metadata: { user: {} }, multipartEtag: undefined, checksums: undefined }
    for (const key of ['a', 'b']) {
      await state.objects.stage({ ...record, ...rest, key }, clock.nowMs)
    }
    clock.nowMs += 40 * dayMs
    emulator.faults.add({ kind: 'fail', status: 503, count: 999, match: { method: 'GET' } })
    assert.is((await settle(world)).keys, 0)
    assert.is(rowsOf(world, 'object_records'), 3)
    emulator.faults.clear()
    assert.equal(await settle(world), { keys: 1, failures: 0 })
    assert.is(rowsOf(world, 'object_records'), 2)
  })
})

test('keys that Jottacloud refuses keep the look from no other; an outage ends it', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, state, clock } = world
    const rest = { metadata: { user: {} }, multipartEtag: undefined, checksums: undefined }
    const record = { bucket, md5: md5Of(''), sizeBytes: 0, ...rest }
    for (let n = 0; n < 25; n += 1) {
      await put(bridge, `bad/${n}`, 'content')
      await state.objects.stage({ ...record, key: `bad/${n}` }, clock.nowMs)
      await state.objects.stage({ ...record, key: `good/${n}` }, clock.nowMs)
    }
    clock.nowMs += 40 * dayMs
    const match = { method: 'GET', pathPrefix: `/jfs/${emulator.username}/S3/${bucket}/bad` }
    emulator.faults.add({ kind: 'fail', status: 409, count: 999, match })
    assert.equal(await settle(world), { keys: 25, failures: 25 })
    emulator.faults.clear()
    assert.is(rowsOf(world, 'object_records'), 50)
    emulator.faults.add({ kind: 'fail', status: 503, count: 9999, match: { method: 'GET' } })
    assert.equal(await settle(world), { keys: 0, failures: 21 })
  })
})

test('a look that ends early goes on where it did, in whatever process, and then begins anew', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, state, clock, startAgain } = world
    const rest = { metadata: { user: {} }, multipartEtag: undefined, checksums: undefined }
    const record = { bucket, md5: md5Of(''), sizeBytes: 0, ...rest }
    for (let n = 0; n < 25; n += 1) {
      await put(bridge, `bad/${n}`, 'content')
      await state.objects.stage({ ...record, key: `bad/${n}` }, clock.nowMs)
    }
    for (const key of ['c', 'd', 'e']) await state.objects.stage({ ...record, key }, clock.nowMs)
    clock.nowMs += 40 * dayMs
    const match = { method: 'GET', pathPrefix: `/jfs/${emulator.username}/S3/${bucket}/bad` }
    emulator.faults.add({ kind: 'fail', status: 503, count: 9999, match })
    assert.equal(await settle(world), { keys: 0, failures: 21 })
    // Stopped by its server after the rest of them and one more.
    const again = await startAgain()
    let pauses = 0
    const stopped = again.settleLeftRecords(async () => {
      pauses += 1
      if (pauses === 6) throw new Error('stopped')
    }, contextOf())
    assert.is((await failureOf(stopped))?.message, 'stopped')
    assert.equal(await settle(world), { keys: 2, failures: 0 })
    assert.equal(await settle(world), { keys: 0, failures: 21 })
    emulator.faults.clear()
    assert.equal(await settle(world), { keys: 4, failures: 0 })
    assert.equal(await settle(world), { keys: 21, failures: 0 })
  })
})

test('what an earlier version staged is not taken for old', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, clock } = world
    emulator.faults.add(outage)
    await codeOf(put(bridge, 'key', freshBytes(1000)))
    emulator.faults.clear()
    const database = new DatabaseSync(join(dirname(world.spoolDirectory), 'state.sqlite'))
    database.exec('UPDATE object_records SET staged_ms = 0')
    database.close()
    assert.equal(await settle(world), { keys: 0, failures: 0 })
    clock.nowMs += 30 * dayMs
    assert.equal(await settle(world), { keys: 1, failures: 0 })
    assert.is(rowsOf(world, 'object_records'), 1)
    clock.nowMs += 6 * dayMs
    await settle(world)
    assert.is(rowsOf(world, 'object_records'), 0)
  })
})

test.run()
