import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ListedPrefix } from './bridge.ts'
import { compareKeys } from './key-order.ts'
import {
  commonPrefixOf,
  entriesAtOnce,
  listPage,
  type OrderedSource,
  type PageOptions,
  sourceOf,
  takePage,
} from './listing.ts'

const test = suite('listing')

type Listed = { readonly kind: 'object'; readonly key: string }

const everything: PageOptions = { prefix: '', delimiter: '', after: '', maxKeys: 1000 }

async function* objects(keys: readonly string[]): AsyncGenerator<Listed> {
  for (const key of keys) yield { kind: 'object', key }
}

function nameOf(entry: Listed | ListedPrefix): string {
  return entry.kind === 'prefix' ? `(${entry.prefix})` : entry.key
}

async function names(keys: readonly string[], options: Partial<PageOptions>) {
  const page = await listPage(sourceOf(objects(keys)), { ...everything, ...options })
  return { names: page.entries.map(nameOf), nextAfter: page.nextAfter }
}

// The keys and pages of ceph/s3-tests' list tests.
const cephKeys = ['asdf', 'boo/bar', 'boo/baz/xyzzy', 'cquux/bla', 'cquux/thud']
const pages: [
  what: string,
  keys: readonly string[],
  options: Partial<PageOptions>,
  expected: string[],
  nextAfter: string | undefined,
][] = [
  ['everything', cephKeys, {}, cephKeys, undefined],
  ['nothing', [], {}, [], undefined],
  ['a page of keys', cephKeys, { maxKeys: 2 }, ['asdf', 'boo/bar'], 'boo/bar'],
  ['a page that just fits', cephKeys, { maxKeys: 5 }, cephKeys, undefined],
  ['a page of no keys', cephKeys, { maxKeys: 0 }, [], undefined],
  ['a key first', cephKeys, { delimiter: '/', maxKeys: 1 }, ['asdf'], 'asdf'],
  ['then a prefix', cephKeys, { delimiter: '/', maxKeys: 1, after: 'asdf' }, ['(boo/)'], 'boo/'],
  [
    'then the last prefix',
    cephKeys,
    { delimiter: '/', maxKeys: 1, after: 'boo/' },
    ['(cquux/)'],
    undefined,
  ],
  [
    'prefixes among keys, each counted once',
    cephKeys,
    { delimiter: '/', maxKeys: 2 },
    ['asdf', '(boo/)'],
    'boo/',
  ],
  [
    'below a prefix',
    cephKeys,
    { delimiter: '/', prefix: 'boo/', maxKeys: 1 },
    ['boo/bar'],
    'boo/bar',
  ],
  [
    'below a prefix, further',
    cephKeys,
    { delimiter: '/', prefix: 'boo/', maxKeys: 1, after: 'boo/bar' },
    ['(boo/baz/)'],
    undefined,
  ],
  ['a prefix in mid-name', cephKeys, { delimiter: '/', prefix: 'bo' }, ['(boo/)'], undefined],
  [
    'the marker is inside a common prefix, which then is past',
    ['a/b', 'a/c', 'b'],
    { delimiter: '/', after: 'a/b' },
    ['b'],
    undefined,
  ],
  [
    'the marker is inside the prefix asked for',
    ['a/b', 'a/c', 'b'],
    { delimiter: '/', prefix: 'a/', after: 'a/b' },
    ['a/c'],
    undefined,
  ],
  [
    'the marker is a folder without its slash',
    ['a/b', 'b/c'],
    { delimiter: '/', after: 'a' },
    ['(a/)', '(b/)'],
    undefined,
  ],
  ['the marker is no key', ['a', 'c'], { after: 'b' }, ['c'], undefined],
  [
    'the marker is before the prefix',
    ['a', 'b/c'],
    { prefix: 'b', after: 'a' },
    ['b/c'],
    undefined,
  ],
  ['the marker is past the prefix', ['b/c', 'z'], { prefix: 'b', after: 'c' }, [], undefined],
  ['the marker is past everything', ['a'], { after: '\u{10ffff}' }, [], undefined],
  ['keys past the prefix', ['a/b', 'a0', 'b'], { prefix: 'a/' }, ['a/b'], undefined],
  [
    'a key that is the prefix itself',
    ['a/', 'a/b'],
    { prefix: 'a/', delimiter: '/' },
    ['a/', 'a/b'],
    undefined,
  ],
  ['a key that ends in the delimiter', ['a/', 'b'], { delimiter: '/' }, ['(a/)', 'b'], undefined],
  [
    'keys around the slash',
    ['a', 'a-', 'a/b', 'a0'],
    { delimiter: '/' },
    ['a', 'a-', '(a/)', 'a0'],
    undefined,
  ],
  [
    'a long delimiter',
    ['a--b--c', 'a-b', 'b--'],
    { delimiter: '--' },
    ['(a--)', 'a-b', '(b--)'],
    undefined,
  ],
  [
    'a letter as delimiter',
    ['bar', 'baz', 'cab', 'foo'],
    { delimiter: 'a' },
    ['(ba)', '(ca)', 'foo'],
    undefined,
  ],
  [
    'the last character of all as delimiter',
    ['a\u{10ffff}b', 'a\u{10ffff}c', 'b', '\u{10ffff}', '\u{10ffff}x'],
    { delimiter: '\u{10ffff}' },
    ['(a\u{10ffff})', 'b', '(\u{10ffff})'],
    undefined,
  ],
  ['UTF-8 order', ['\uffff', '\u{1f600}'], { after: '\uffff' }, ['\u{1f600}'], undefined],
]
for (const [what, keys, options, expected, nextAfter] of pages) {
  test(`a listing of ${what}`, async () => {
    assert.equal(await names(keys, options), { names: expected, nextAfter })
  })
}

/** Counts what it gives and obeys `from`, as a walk over folders would. */
function obedientSource(keys: readonly string[], folders: 'as-prefixes' | 'as-keys') {
  const seen = { given: [] as string[], closed: 0 }
  let position = ''
  const source: OrderedSource<Listed> = {
    async next(from) {
      const least = compareKeys(from, position) > 0 ? from : position
      const key = keys.find((candidate) => compareKeys(candidate, least) >= 0)
      if (key === undefined) return undefined
      const slash = key.indexOf('/')
      const folder = key.slice(0, slash + 1)
      const fresh = slash !== -1 && compareKeys(folder, least) >= 0
      const asPrefix = folders === 'as-prefixes' && fresh
      position = `${key}\0`
      seen.given.push(asPrefix ? folder : key)
      return asPrefix ? { kind: 'prefix', prefix: folder } : { kind: 'object', key }
    },
    async close() {
      seen.closed += 1
    },
  }
  return { source, seen }
}

test('a source is told to skip what a common prefix covers, and closed when the page is full', async () => {
  const keys = ['a/1', 'a/2', 'a/3', 'b', 'c/1', 'd', 'e']
  const { source, seen } = obedientSource(keys, 'as-keys')
  const page = await listPage(source, { ...everything, delimiter: '/', maxKeys: 3 })
  assert.equal(page.entries.map(nameOf), ['(a/)', 'b', '(c/)'])
  assert.is(page.nextAfter, 'c/')
  assert.equal(seen, { given: ['a/1', 'b', 'c/1', 'd'], closed: 1 })
})

test('a source is told where a page begins', async () => {
  const keys = ['a/1', 'a/2', 'b', 'c']
  const { source, seen } = obedientSource(keys, 'as-keys')
  const page = await listPage(source, { ...everything, delimiter: '/', after: 'a/' })
  assert.equal(page.entries.map(nameOf), ['b', 'c'])
  assert.equal(seen.given, ['b', 'c'])
})

test('a source may give folders ready made', async () => {
  const { source, seen } = obedientSource(['a/1', 'a/2', 'b', 'c/1'], 'as-prefixes')
  const page = await listPage(source, { ...everything, delimiter: '/' })
  assert.equal(page.entries.map(nameOf), ['(a/)', 'b', '(c/)'])
  assert.equal(seen.given, ['a/', 'b', 'c/'])
})

test('an iteration is stopped as soon as the page is full', async () => {
  let stopped = false
  let given = 0
  async function* endless(): AsyncGenerator<Listed> {
    try {
      for (;;) {
        given += 1
        yield { kind: 'object', key: String(given).padStart(9, '0') }
      }
    } finally {
      stopped = true
    }
  }
  const page = await listPage(sourceOf(endless()), { ...everything, maxKeys: 10 })
  assert.is(page.entries.length, 10)
  assert.is(given, 11)
  assert.ok(stopped)
})

test('a source that fails is closed, and its error comes through', async () => {
  let closed = false
  const source: OrderedSource<Listed> = {
    next: () => Promise.reject(new Error('cut')),
    async close() {
      closed = true
    },
  }
  assert.is(await messageOf(listPage(source, everything)), 'cut')
  assert.ok(closed)
})

test('a source out of order, or with prefixes of another listing, is an error and not a short page', async () => {
  assert.match(await messageOf(names(['b', 'a'], {})), /not in order/)
  async function* otherPrefix(): AsyncGenerator<ListedPrefix> {
    yield { kind: 'prefix', prefix: 'a/b/' }
  }
  const page = listPage(sourceOf(otherPrefix()), { ...everything, delimiter: '/' })
  assert.match(await messageOf(page), /not of this listing/)
})

test('a page is taken a few entries at a time, and no more is read until these are done with', async () => {
  const count = entriesAtOnce * 2 + 10
  const keys = Array.from({ length: count + 1 }, (_, n) => String(n).padStart(6, '0'))
  let read = 0
  const source: OrderedSource<Listed> = {
    next() {
      const key = keys[read]
      read += 1
      return key === undefined ? undefined : { kind: 'object', key }
    },
    close: async () => undefined,
  }
  const taken: string[] = []
  const sizes: number[] = []
  const nextAfter = await takePage(source, { ...everything, maxKeys: count }, async (some) => {
    await setImmediate()
    sizes.push(some.length)
    taken.push(...some.map(nameOf))
    assert.ok(read === taken.length || taken.length === count)
  })
  assert.equal(sizes, [entriesAtOnce, entriesAtOnce, 10])
  assert.equal(taken, keys.slice(0, count))
  assert.is(nextAfter, keys[count - 1])
})

test('when what is taken fails, the source is closed and read no further', async () => {
  let [read, closed] = [0, 0]
  const source: OrderedSource<Listed> = {
    next() {
      read += 1
      return { kind: 'object', key: String(read).padStart(6, '0') }
    },
    async close() {
      closed += 1
    },
  }
  const failing = takePage(source, everything, async () => {
    throw new Error('the disk is full')
  })
  assert.is(await messageOf(failing), 'the disk is full')
  assert.equal([read, closed], [entriesAtOnce, 1])
})

test('several entries may have one key', async () => {
  const page = await names(['a', 'a', 'b'], {})
  assert.equal(page.names, ['a', 'a', 'b'])
})

const anyKey = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '-', '0', '\uffff', '\u{1f600}'),
  minLength: 1,
  maxLength: 5,
})

test('pages put together are what a whole listing is, by the plain definition', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(anyKey, { maxLength: 14 }),
      fc.string({ unit: fc.constantFrom('a', '/', '\u{1f600}'), maxLength: 2 }),
      fc.constantFrom('', '/', 'a', '/a', '\u{1f600}'),
      fc.oneof(fc.constant(''), anyKey),
      fc.integer({ min: 1, max: 4 }),
      async (unsorted, prefix, delimiter, after, maxKeys) => {
        const keys = unsorted.sort(compareKeys)
        const expected = keys
          .filter((key) => key.startsWith(prefix))
          .map((key) => ({ key, rolledUp: commonPrefixOf(key, { prefix, delimiter }) }))
          .filter(({ key, rolledUp }) => compareKeys(rolledUp ?? key, after) > 0)
          .map(({ key, rolledUp }) => (rolledUp === undefined ? key : `(${rolledUp})`))
        const unique = [...new Set(expected)]

        const found: string[] = []
        let next: string | undefined = after
        while (next !== undefined) {
          const page: Awaited<ReturnType<typeof names>> = await names(keys, {
            prefix,
            delimiter,
            after: next,
            maxKeys,
          })
          assert.ok(page.names.length <= maxKeys)
          assert.ok(page.nextAfter === undefined || page.names.length === maxKeys)
          found.push(...page.names)
          next = page.nextAfter
        }
        assert.equal(found, unique)
      },
    ),
    { numRuns: 2000 },
  )
})

async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

test.run()
