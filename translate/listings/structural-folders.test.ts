// Listings through folders that are no part of keys: shards and shards of shards, the pieces of long names,
// tagged folders beside natural ones; with prefixes, markers and pages that begin and end within them.
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { contextOf, placeOf, put, type World, withWorld } from '../acts.test-support.ts'
import { isShardFolder } from '../key-folder.ts'
import {
  allPages,
  expectedNames,
  type GoesOnBy,
  type Query,
} from '../listing-model.test-support.ts'

const test = suite('listings through folders that are no part of keys')

const long = 'long name '.repeat(40)
const stored = [
  ...Array.from({ length: 40 }, (_, n) => `full/${String(n * 7).padStart(3, '0')}`),
  ...['full/sub/a', 'full/sub/b', 'full/Sub/a', 'full/100', 'full/100/a', 'full/100/b/c'],
  ...[`full/${long}`, `full/${long}a`, `full/${long}/a`, `full/${long}/b/c`, `full/${long}b/d`],
  ...['full//a', 'full//', 'Full/a', 'FULL/a', 'full', 'full-', 'full0', `${long}/${long}/x`],
]

async function withKeys(act: (world: World) => Promise<void>): Promise<void> {
  await withWorld({ folderMaxEntries: 3 }, async (world) => {
    for (const key of stored) await put(world.bridge, key, key)
    await act(world)
  })
}

const cut = fc
  .tuple(fc.constantFrom(...stored), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([key, part]) => key.slice(0, Math.ceil(part * key.length)))
const prefix = fc.oneof(fc.constantFrom('', 'full/', 'full/1', 'full/sub/', 'full//'), cut)
const after = fc.oneof(
  fc.constant(''),
  fc.constantFrom(...stored),
  fc.constantFrom(...stored).map((key) => `${key}!`),
  cut,
)

const queries: fc.Arbitrary<Query> = fc.record({
  ...{ prefix, after },
  delimiter: fc.constantFrom('', '', '/', 'a'),
  maxKeys: fc.constantFrom(3, 7, 1000),
})

test('the tree is one that has them all', async () => {
  await withKeys(async ({ foreign }) => {
    const depths = new Set<number>()
    for await (const { path } of foreign.listTree(placeOf(), contextOf())) {
      depths.add(path.filter(isShardFolder).length)
      for (const [depth, name] of path.entries()) {
        if (/\u201bn/.test(name)) depths.add(100 + depth)
        if (/\u201bp/.test(name)) depths.add(200 + depth)
      }
    }
    for (const depth of [0, 1, 2]) assert.ok(depths.has(depth), `${depth} shards`)
    assert.ok(
      [...depths].some((depth) => depth >= 100 && depth < 200),
      'pieces',
    )
    assert.ok(
      [...depths].some((depth) => depth >= 200),
      'tagged folders',
    )
  })
})

test('whatever is asked for, all pages together are what S3 says, however they are gone on with', async () => {
  await withKeys(async ({ bridge, emulator }) => {
    const ways = ['tokens', 'tokens of snapshots', 'names'] as const satisfies GoesOnBy[]
    for (const [n, query] of fc.sample(queries, { numRuns: 90, seed: 6 }).entries()) {
      const way = ways[n % ways.length]
      const found = await allPages(bridge, query, way)
      assert.equal(found, expectedNames(stored, query), JSON.stringify({ way, query }))
    }
    assert.ok(emulator.faults.count({ operation: 'liststream' }) > 20)
  })
})

test('a page may begin at each key and between any two of them, in a shard or not', async () => {
  await withKeys(async ({ bridge, emulator }) => {
    for (const [n, key] of stored.entries()) {
      for (const from of [key, `${key}\0`]) {
        const query = {
          prefix: 'full/',
          delimiter: n % 4 === 0 ? '/' : '',
          after: from,
          maxKeys: 2,
        }
        const expected = expectedNames(stored, query).slice(0, 2)
        for (const reader of [{ reader: 'one' }, { cursor: '' }]) {
          const input = { bucket: 'bucket', ...query, ...reader }
          const { entries } = await bridge.listObjects(input, contextOf())
          const names = entries.map((entry) => (entry.kind === 'object' ? entry.key : entry.prefix))
          assert.equal(names, expected, JSON.stringify(query))
        }
      }
    }
    assert.ok(emulator.faults.count({ operation: 'liststream' }) > 0)
  })
})

test.run()
