// Listings page by page through the whole bridge: what they ask of Jottacloud, and what a page needs that
// another process, or the same one before, has begun.
import { readdir } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  contextOf,
  list,
  placeOf,
  put,
  storeForeign,
  withWorld,
} from '../acts.test-support.ts'
import type { Bridge, ListObjectsInput, ListObjectsResult } from '../bridge.ts'
import { NoRoomError } from './snapshot-threads.ts'

const test = suite('listings page by page')

const keys = Array.from(
  { length: 12 },
  (_, n) => `folder-${n % 4}/key-${String(n).padStart(2, '0')}`,
).sort()

async function page(bridge: Bridge, input: Partial<ListObjectsInput>): Promise<ListObjectsResult> {
  const whole = { bucket, prefix: '', delimiter: '', after: '', maxKeys: 1000, ...input }
  return await bridge.listObjects(whole, contextOf())
}

function namesOf({ entries }: ListObjectsResult): string[] {
  return entries.map((entry) => (entry.kind === 'object' ? entry.key : entry.prefix))
}

/** What a page after the first is, from the bridges in turn. */
async function followed(
  first: ListObjectsResult,
  bridges: readonly Bridge[],
  input: Partial<ListObjectsInput>,
): Promise<string[]> {
  const names = namesOf(first)
  let last = first
  for (let turn = 0; last.nextAfter !== undefined; turn += 1) {
    const bridge = bridges[turn % bridges.length]
    assert.ok(bridge !== undefined)
    last = await page(bridge, { ...input, after: last.nextAfter, cursor: last.nextCursor })
    names.push(...namesOf(last))
  }
  return names
}

test('all pages of a recursive listing are one request, also in small ones', async () => {
  await withWorld({}, async ({ bridge, emulator, snapshots }) => {
    for (const key of keys) await put(bridge, key, key)
    emulator.faults.clear()
    const first = await page(bridge, { maxKeys: 1 })
    assert.equal(await followed(first, [bridge], { maxKeys: 1 }), keys)
    assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
    // The first page was a probe.
    assert.is(emulator.faults.count(), 3)
    assert.is(snapshots.usage().snapshots, 0)
  })
})

test('all pages of one folder are one request', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const key of keys) await put(bridge, key.replace('/', '-'), key)
    emulator.faults.clear()
    const input = { maxKeys: 2, delimiter: '/' }
    const names = await followed(await page(bridge, input), [bridge], input)
    assert.is(names.length, keys.length)
    assert.is(emulator.faults.count(), 1)
  })
})

test('a listing that goes on by names alone costs no more, for the one who reads it', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const key of keys) await put(bridge, key, key)
    emulator.faults.clear()
    const names: string[] = []
    for (let after: string | undefined = ''; after !== undefined; ) {
      const got: ListObjectsResult = await page(bridge, { maxKeys: 1, after, reader: 'one' })
      names.push(...namesOf(got))
      after = got.nextAfter
    }
    assert.equal(names, keys)
    assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
    // Another reader at the same name begins a listing of its own.
    await put(bridge, 'folder-0/key-00', 'changed')
    await put(bridge, 'folder-0/key-001', 'new')
    const other = await page(bridge, { after: 'folder-0/key-00', reader: 'two', maxKeys: 1 })
    assert.equal(namesOf(other), ['folder-0/key-001'])
  })
})

test('of two listings by names alone, the later one shows what was written between their beginnings', async () => {
  await withWorld({}, async ({ bridge, clock }) => {
    for (const key of ['a/1', 'a/2', 'a/3', 'a/4']) await put(bridge, key, key)
    const input = { prefix: 'a/', delimiter: '/', reader: 'one' }
    const first = await page(bridge, { ...input, maxKeys: 1 })
    clock.nowMs += 10
    await put(bridge, 'a/35', 'new')
    const second = await page(bridge, { ...input, maxKeys: 2 })
    // The earlier one comes to the same name by what it saw before.
    const { nextAfter } = await page(bridge, { ...input, maxKeys: 1, after: first.nextAfter ?? '' })
    assert.is(nextAfter, second.nextAfter)
    const rest = await page(bridge, { ...input, maxKeys: 9, after: second.nextAfter ?? '' })
    assert.equal(namesOf(rest), ['a/3', 'a/35', 'a/4'])
  })
})

test('pages come alike from processes in turn, and after a restart', async () => {
  await withWorld({}, async ({ bridge, startAgain, emulator, clock, snapshotDirectory }) => {
    for (const key of keys) await put(bridge, key, key)
    for (const delimiter of ['', '/', '-']) {
      const input = { maxKeys: 2, delimiter, prefix: 'folder-1/' }
      const expected = await list(bridge, { ...input, maxKeys: 1000 })
      emulator.faults.clear()
      const first = await page(bridge, input)
      const others = [await startAgain(), bridge]
      assert.equal(await followed(first, others, input), expected, delimiter)
      clock.nowMs += 10
      // Nothing of before is there any more.
      assert.equal(await followed(first, [await startAgain()], input), expected, delimiter)
    }
    assert.ok((await readdir(snapshotDirectory)).length > 0)
  })
})

test('for pages that come from processes in turn nothing is listed as a whole, by tokens or names', async () => {
  await withWorld({}, async ({ bridge, startAgain, emulator }) => {
    for (const key of keys) await put(bridge, key, key)
    const others = [await startAgain(), await startAgain(), bridge]
    for (const reader of ['one', undefined]) {
      emulator.faults.clear()
      const first = await page(bridge, { maxKeys: 2, reader })
      assert.equal(await followed(first, others, { maxKeys: 2, reader }), keys)
      assert.is(emulator.faults.count({ operation: 'liststream' }), 0)
    }
  })
})

test('a listing that starts after a write shows it, whoever lists meanwhile', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    await put(bridge, 'a/1', 'x')
    for (const delimiter of ['', '/']) {
      const before = page(bridge, { delimiter, prefix: 'a/' })
      const key = `a/own${delimiter.length}`
      await put(bridge, key, 'x')
      await storeForeign(foreign, placeOf('a', `foreign${delimiter.length}`), 'x')
      const names = await list(bridge, { delimiter, prefix: 'a/' })
      assert.ok(names.includes(key) && names.includes(`a/foreign${delimiter.length}`))
      await before
      await bridge.deleteObject({ bucket, key }, contextOf())
      assert.not((await list(bridge, { delimiter, prefix: 'a/' })).includes(key))
    }
    assert.ok(emulator.faults.count() > 0)
  })
})

test('when a snapshot takes long, the page is walked to, and the next one comes out of the snapshot', async () => {
  const waits: number[] = []
  /** Over at once the first time, and never again. */
  const wait = async (delayMs: number): Promise<void> => {
    if (waits.push(delayMs) > 1) await Promise.withResolvers<void>().promise
  }
  await withWorld({ wait }, async ({ bridge, emulator, snapshots }) => {
    for (const key of keys) await put(bridge, key, key)
    const { nextCursor: cursor } = await page(bridge, { maxKeys: 1 })
    emulator.faults.clear()
    const held = emulator.faults.hold({ operation: 'liststream' })
    const listing = page(bridge, { maxKeys: 5, after: 'f', cursor })
    await held.reached()
    const first = await listing
    assert.equal(namesOf(first), keys.slice(0, 5))
    assert.equal(waits, [20_000])
    // It is being made though nobody waits for it.
    held.release()
    assert.equal(await followed(first, [bridge], { maxKeys: 5 }), keys)
    assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
    assert.is(snapshots.usage().snapshots, 0)
  })
})

test('a page that no short walk leads to waits for the snapshot that is being made already', async () => {
  const many = Array.from({ length: 260 }, (_, n) => `f${String(n).padStart(3, '0')}/key`)
  await withWorld({ wait: async () => undefined }, async ({ bridge, emulator, foreign }) => {
    for (const key of many) await storeForeign(foreign, placeOf(...key.split('/')), 'x')
    emulator.faults.clear()
    const held = emulator.faults.hold({ operation: 'liststream' })
    const listing = page(bridge, {})
    // The walk is given up before it is through.
    for (let looks = 250; emulator.faults.count({ operation: 'stat' }) < looks; )
      await setImmediate()
    held.release()
    assert.equal(namesOf(await listing), many)
    assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
  })
})

test('while a page is put together others have their turn, many times', async () => {
  const many = Array.from({ length: 1000 }, (_, n) => `key-${String(n).padStart(4, '0')}`)
  await withWorld({}, async ({ bridge, foreign }) => {
    await put(bridge, 'key', 'x')
    for (const key of many) await foreign.copyFile(placeOf('key'), placeOf(key), contextOf())
    for (const input of [{ delimiter: '/' }, { delimiter: '' }]) {
      let isDone = false
      let turns = 0
      const turnsAt: number[] = []
      const names: string[] = []
      const whole = { bucket, prefix: 'key-', after: '', maxKeys: 1000, ...input }
      const listing = bridge
        .listObjectsInto(whole, contextOf(), (some) => {
          turnsAt.push(turns)
          names.push(...namesOf({ entries: some, nextAfter: undefined }))
        })
        .finally(() => {
          isDone = true
        })
      while (!isDone) {
        await setImmediate()
        turns += 1
      }
      assert.is((await listing).nextAfter, undefined)
      assert.equal(names, many)
      assert.ok(turnsAt.length > 10)
      assert.is(new Set(turnsAt).size, turnsAt.length)
    }
  })
})

test('pages that are asked for at once are put together one after another, without those that are given up', async () => {
  await withWorld({}, async ({ bridge, foreign, snapshots }) => {
    await put(bridge, 'key', 'x')
    const many = Array.from({ length: 150 }, (_, n) => `key-${String(n).padStart(3, '0')}`)
    for (const key of many) await foreign.copyFile(placeOf('key'), placeOf(key), contextOf())
    const { nextAfter = '', nextCursor } = await page(bridge, { delimiter: '/', maxKeys: 1 })
    const rest = { bucket, prefix: '', delimiter: '/', maxKeys: 149, after: nextAfter }
    const gone = new AbortController()
    const taken: number[] = []
    const listings = [0, 1, 2, 3].map(async (who) => {
      const context = who === 1 ? contextOf(gone.signal) : contextOf()
      return await bridge.listObjectsInto({ ...rest, cursor: nextCursor }, context, () => {
        taken.push(who)
        gone.abort()
      })
    })
    const ends = (await Promise.allSettled(listings)).map(({ status }) => status)
    assert.equal(ends, ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    assert.equal(taken, [0, 0, 0, 2, 2, 2, 3, 3, 3])
    // All have left it.
    const last = await page(bridge, { ...rest, after: many.at(-2) ?? '', cursor: nextCursor })
    assert.equal([namesOf(last), snapshots.usage().snapshots], [many.slice(-1), 0])
  })
})

test('a page that failed for reasons of its own comes out of the same snapshot when it is asked for again', async () => {
  await withWorld({}, async ({ bridge, emulator, snapshots, state }) => {
    for (const key of keys) await put(bridge, key, key)
    const first = await page(bridge, { maxKeys: 1 })
    emulator.faults.clear()
    const second = { maxKeys: 3, after: first.nextAfter ?? '', cursor: first.nextCursor }
    const { nextCursor: cursor } = await page(bridge, second)
    const { findListed } = state.objects
    Object.assign(state.objects, { findListed: () => Promise.reject(new Error('locked')) })
    const failed = await page(bridge, { ...second, cursor }).catch((error: unknown) => error)
    assert.instance(failed, Error)
    assert.is(snapshots.usage().snapshots, 1)
    Object.assign(state.objects, { findListed })
    const rest = await page(bridge, { ...second, maxKeys: 1000, cursor })
    assert.equal(namesOf(rest), keys.slice(1))
    assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
    assert.is(snapshots.usage().snapshots, 0)
  })
})

test('no snapshot is kept for a page that failed when nobody can come back to it', async () => {
  await withWorld({}, async ({ bridge, snapshots, state }) => {
    for (const key of keys) await put(bridge, key, key)
    const { findListed } = state.objects
    const lock = () =>
      Object.assign(state.objects, { findListed: () => Promise.reject(new Error('locked')) })
    for (const input of [{ delimiter: '' }, { prefix: 'folder-1/', delimiter: '/' }]) {
      lock()
      for (let tried = 0; tried < 3; tried += 1) {
        assert.instance(await page(bridge, input).catch((error: unknown) => error), Error)
        assert.is(snapshots.usage().snapshots, 0)
      }
      Object.assign(state.objects, { findListed })
      // Nor for one that goes on where a walk was, which is listed anew each time.
      const first = await page(bridge, { maxKeys: 1 })
      lock()
      const second = { ...input, after: first.nextAfter ?? '', cursor: first.nextCursor }
      await page(bridge, second).catch(() => undefined)
      assert.is(snapshots.usage().snapshots, 0)
      Object.assign(state.objects, { findListed })
    }
  })
})

test('a page whose client has gone is not made to its end, and its snapshot is there when he comes again', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign, snapshots }) => {
    await put(bridge, 'key', 'x')
    const many = Array.from({ length: 170 }, (_, n) => `key-${String(n).padStart(3, '0')}`)
    for (const key of many) await foreign.copyFile(placeOf('key'), placeOf(key), contextOf())
    for (const delimiter of ['', '/']) {
      const first = await page(bridge, { delimiter, maxKeys: 101 })
      const second = { bucket, prefix: '', delimiter, maxKeys: 1000 }
      const goesOn = { ...second, after: first.nextAfter ?? '', cursor: first.nextCursor }
      emulator.faults.clear()
      const gone = new AbortController()
      const taken: number[] = []
      const failing = bridge.listObjectsInto(goesOn, contextOf(gone.signal), (some) => {
        taken.push(some.length)
        gone.abort()
      })
      assert.instance(await failing.catch((error: unknown) => error), Error)
      assert.equal([taken.length, snapshots.usage().snapshots], [1, 1])
      assert.equal(namesOf(await page(bridge, goesOn)), many.slice(100))
      assert.is(emulator.faults.count(), 0)
      assert.is(snapshots.usage().snapshots, 0)
    }
  })
})

test('without room for a snapshot, pages are walked to', async () => {
  await withWorld({}, async ({ bridge, emulator, snapshots }) => {
    for (const key of keys) await put(bridge, key, key)
    emulator.faults.clear()
    const refuse = async () => await Promise.reject(new NoRoomError('full'))
    Object.assign(snapshots, { begin: refuse, goOn: refuse })
    assert.equal(await followed(await page(bridge, { maxKeys: 5 }), [bridge], { maxKeys: 5 }), keys)
    assert.is(emulator.faults.count({ operation: 'liststream' }), 0)
  })
})

test("an empty folder of others is a common prefix, and the bridge's own is not listed", async () => {
  await withWorld({}, async ({ bridge, foreign }) => {
    await put(bridge, 'key', 'x', { metadata: { user: { a: 'b' } } })
    await foreign.createFolder(placeOf('empty', 'inner'), contextOf())
    await foreign.createFolder(placeOf('\u201bjotta-s3', 'staging'), contextOf())
    assert.equal(await list(bridge, { delimiter: '/' }), ['empty/', 'key'])
    assert.equal(await list(bridge, { delimiter: '/', prefix: 'empty/' }), ['empty/inner/'])
    assert.equal(await list(bridge), ['key'])
  })
})

test.run()
