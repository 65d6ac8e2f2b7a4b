// Listings that go on by the last name alone: who goes on in what was seen before, and who begins anew.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bucket, contextOf, failureOf, put, withWorld } from '../acts.test-support.ts'
import type { Bridge, ListObjectsInput, ListObjectsResult } from '../bridge.ts'
import { createWalkCursor } from './cursor.ts'
import { createMarkers, type MarkedList } from './markers.ts'

const test = suite('listings by names alone')

const keys = ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6']

async function page(bridge: Bridge, input: Partial<ListObjectsInput>): Promise<ListObjectsResult> {
  const whole = { bucket, prefix: 'a/', delimiter: '/', after: '', maxKeys: 1, reader: 'one' }
  return await bridge.listObjects({ ...whole, ...input }, contextOf())
}

async function namesOf(page: Promise<ListObjectsResult>): Promise<string[]> {
  const { entries } = await page
  return entries.map((entry) => (entry.kind === 'object' ? entry.key : entry.prefix))
}

const list: MarkedList = { reader: 'r', bucket: 'b', prefix: 'p', delimiter: '/', after: 'p/x' }

test('as many pages go on as have ended, each with the latest cursor, for five minutes', async () => {
  await withWorld({}, async ({ state }) => {
    const clock = { nowMs: 1_000_000 }
    const [one, other] = [0, 1].map(() => createMarkers(state.listings, () => clock.nowMs))
    assert.ok(one !== undefined && other !== undefined)
    assert.is(await one.take(list), undefined)
    await one.remember(list, 'b1')
    await other.remember(list, 'az')
    assert.is(await other.take(list), 'b1')
    assert.is(await one.take(list), 'b1')
    assert.is(await one.take(list), undefined)
    // What was walked to goes on in no snapshot that is there.
    const walked = createWalkCursor()
    await one.remember(list, walked)
    await one.remember(list, 'b1')
    assert.is(await other.take(list), walked)
    clock.nowMs += 5 * 60_000 - 1
    assert.is(await other.take(list), walked)
    await one.remember(list, 'b1')
    clock.nowMs += 5 * 60_000
    assert.is(await other.take(list), undefined)
  })
})

test('names of any length are kept apart by whose, where and how they are listed', async () => {
  await withWorld({}, async ({ state }) => {
    const markers = createMarkers(state.listings, () => 0)
    const long = '\u{10ffff}'.repeat(256)
    const lists: MarkedList[] = [list, { ...list, prefix: 'p/', after: 'x' }]
    for (const field of ['reader', 'bucket', 'prefix', 'delimiter', 'after'] as const) {
      lists.push({ ...list, [field]: long }, { ...list, [field]: '' })
    }
    for (const [n, one] of lists.entries()) await markers.remember(one, `c${n}`)
    for (const [n, one] of lists.entries()) assert.is(await markers.take(one), `c${n}`)
  })
})

test('a listing that begins where another went on shows what was written since', async () => {
  await withWorld({}, async ({ bridge }) => {
    for (const key of keys) await put(bridge, key, key)
    assert.equal(await namesOf(page(bridge, {})), ['a/1'])
    assert.equal(await namesOf(page(bridge, { after: 'a/1' })), ['a/2'])
    await put(bridge, 'a/15', 'new')
    assert.equal(await namesOf(page(bridge, { after: 'a/1' })), ['a/15'])
    // The one that went on does so undisturbed.
    assert.equal(await namesOf(page(bridge, { after: 'a/2' })), ['a/3'])
  })
})

test('a page that is repeated is listed anew', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const key of keys) await put(bridge, key, key)
    emulator.faults.clear()
    const first = await page(bridge, {})
    for (let time = 1; time <= 3; time += 1) {
      assert.equal(await namesOf(page(bridge, { after: first.nextAfter ?? '' })), ['a/2'])
      assert.is(emulator.faults.count(), time)
    }
  })
})

test('equal listings at once all go on without asking Jottacloud again', async () => {
  await withWorld({}, async ({ bridge, emulator, snapshots }) => {
    for (const key of keys) await put(bridge, key, key)
    emulator.faults.clear()
    const listings = [1, 2, 3].map((listing) => ({ listing, after: '', names: [] as string[] }))
    for (const _ of keys) {
      for (const each of listings) {
        const got = await page(bridge, { after: each.after })
        each.names.push(...(await namesOf(Promise.resolve(got))))
        each.after = got.nextAfter ?? ''
      }
    }
    for (const { names } of listings) assert.equal(names, keys)
    assert.is(emulator.faults.count(), listings.length)
    assert.ok(snapshots.usage().snapshots <= listings.length)
  })
})

test('after a restart a listing goes on where it was, and is listed as a whole once', async () => {
  await withWorld({}, async ({ bridge, startAgain, emulator }) => {
    const deep = ['a/1', 'b/c/2', 'b/d/3', 'b/d/4', 'e/5']
    for (const key of deep) await put(bridge, key, key)
    const input = { prefix: '', delimiter: '' }
    const first = await page(bridge, input)
    const second = await page(bridge, { ...input, after: first.nextAfter ?? '' })
    const again = await startAgain()
    emulator.faults.clear()
    const names: string[] = []
    for (let after = second.nextAfter; after !== undefined; ) {
      const got: ListObjectsResult = await page(again, { ...input, after })
      names.push(...(await namesOf(Promise.resolve(got))))
      after = got.nextAfter
    }
    assert.equal(names, deep.slice(2))
    assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
  })
})

test('a page whose end cannot be remembered is refused', async () => {
  await withWorld({}, async ({ bridge, state }) => {
    for (const key of keys) await put(bridge, key, key)
    const remember = async () => await Promise.reject(new Error('full'))
    Object.assign(state.listings, { remember })
    assert.match((await failureOf(page(bridge, {})))?.message ?? '', 'full')
    // What needs no remembering is listed.
    assert.equal(await namesOf(page(bridge, { maxKeys: 1000 })), keys)
    assert.equal(await namesOf(page(bridge, { reader: undefined })), ['a/1'])
  })
})

for (const reader of ['one', undefined]) {
  const how = reader === undefined ? 'by tokens' : 'by names alone'
  test(`a clock that steps back takes no listing ${how} into what was read before it`, async () => {
    await withWorld({}, async ({ bridge, startAgain, clock }) => {
      const other = await startAgain()
      for (const key of keys) await put(bridge, key, key)
      await page(bridge, { reader })
      await put(bridge, 'a/15', 'new')
      clock.nowMs -= 60_000
      const { nextAfter: after = '', nextCursor: cursor } = await page(other, { reader })
      // In the first process the earlier listing's snapshot bears a later time.
      assert.equal(await namesOf(page(bridge, { reader, after, cursor })), ['a/15'])
    })
  })
}

test.run()
