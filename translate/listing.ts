// One page of an S3 listing out of entries in order: prefix, delimiter, marker, max-keys. It knows
// nothing of where entries come from; what it does not need, it tells the source to skip.
import assert from 'node:assert/strict'
import type { ListedPrefix } from './bridge.ts'
import { compareKeys, endOfPrefix, keyAfter } from './key-order.ts'

/** Anything with a key: an object, an upload, a version. Several entries may have one key. */
export type KeyedEntry = { readonly kind: 'object' | 'upload' | 'version'; readonly key: string }

type OneEntry<Entry> = Entry | ListedPrefix | undefined

/** Entries in UTF-8 order of their key or prefix. Asked one at a time, never twice at once. */
export interface OrderedSource<Entry extends KeyedEntry> {
  /**
   * The next entry that has not been given yet; `undefined` at the end. Those below `from` are not
   * needed: the source may skip them (a walker then never opens that folder) or give them all the
   * same. `from` never goes back.
   *
   * A source that knows there are keys below a common prefix of the listing, at least one, may give
   * that prefix instead of the keys. What is at hand is given at once.
   */
  next(from: string): OneEntry<Entry> | Promise<OneEntry<Entry>>
  /** The page is done; called once. */
  close(): Promise<void>
}

export type PageOptions = {
  readonly prefix: string
  /** Any string; empty for none. */
  readonly delimiter: string
  /**
   * Only names above this one. A common prefix counts as the name it is: with the delimiter `/` and
   * `after` of `a/b`, neither `a/` nor any key below it is listed again, as in MinIO and Ceph.
   */
  readonly after: string
  readonly maxKeys: number
}

export type Page<Entry> = {
  readonly entries: (Entry | ListedPrefix)[]
  /** `after` of the next page; `undefined` when this is the last. */
  readonly nextAfter: string | undefined
}

/** Some entries of a page, in order. What they are made into is done with before the next are read. */
export type TakeEntries<Entry> = (entries: readonly (Entry | ListedPrefix)[]) => Promise<void>

/** So many entries take well below a millisecond at each of the places that they pass. */
export const entriesAtOnce = 64

/** As `takePage`, the whole of it at once. */
export async function listPage<Entry extends KeyedEntry>(
  source: OrderedSource<Entry>,
  options: PageOptions,
): Promise<Page<Entry>> {
  const entries: (Entry | ListedPrefix)[] = []
  const nextAfter = await takePage(source, options, async (some) => {
    entries.push(...some)
  })
  return { entries, nextAfter }
}

/**
 * Returns `nextAfter`. Reads no further than one entry past the page, and closes the source in any case. Throws what
 * the source and `take` throw, and AssertionError when the entries are not in order.
 */
export async function takePage<Entry extends KeyedEntry>(
  source: OrderedSource<Entry>,
  options: PageOptions,
  take: TakeEntries<Entry>,
): Promise<string | undefined> {
  try {
    const from = startOf(options)
    if (from === undefined || options.maxKeys <= 0) return undefined
    return await readPage(source, options, from, take)
  } finally {
    await source.close()
  }
}

/** A source that gives everything and skips nothing. Stops the iteration when it is closed. */
export function sourceOf<Entry extends KeyedEntry>(
  entries: AsyncIterable<Entry | ListedPrefix>,
): OrderedSource<Entry> {
  const iterator = entries[Symbol.asyncIterator]()
  return {
    async next() {
      const result = await iterator.next()
      return result.done === true ? undefined : result.value
    },
    async close() {
      await iterator.return?.()
    },
  }
}

/** What a key, or a folder of keys, is rolled up into; `undefined` when it is listed by itself. */
export function commonPrefixOf(
  name: string,
  options: Pick<PageOptions, 'prefix' | 'delimiter'>,
): string | undefined {
  if (options.delimiter === '') return undefined
  const at = name.indexOf(options.delimiter, options.prefix.length)
  return at === -1 ? undefined : name.slice(0, at + options.delimiter.length)
}

/** The least name that may be on the page; `undefined` when none can be. */
function startOf(options: PageOptions): string | undefined {
  const { prefix, after } = options
  if (after === '') return prefix
  const passed = after.startsWith(prefix) ? commonPrefixOf(after, options) : undefined
  const start = passed === undefined ? keyAfter(after) : endOfPrefix(passed)
  if (start === undefined) return undefined
  return compareKeys(start, prefix) > 0 ? start : prefix
}

async function readPage<Entry extends KeyedEntry>(
  source: OrderedSource<Entry>,
  options: PageOptions,
  start: string,
  take: TakeEntries<Entry>,
): Promise<string | undefined> {
  const { prefix, maxKeys } = options
  let some: (Entry | ListedPrefix)[] = []
  let count = 0
  let last: string | undefined
  let nextAfter: string | undefined
  let given = ''
  for (let from: string | undefined = start; from !== undefined; ) {
    const found: OneEntry<Entry> | Promise<OneEntry<Entry>> = source.next(from)
    const entry: OneEntry<Entry> = found instanceof Promise ? await found : found
    if (entry === undefined) break
    const name: string = entry.kind === 'prefix' ? entry.prefix : entry.key
    assert(compareKeys(given, name) <= 0, 'a listing is not in order')
    given = name
    if (compareKeys(name, from) < 0) continue
    // From the prefix on, everything starts with it until the first that does not.
    if (!name.startsWith(prefix)) break
    if (count === maxKeys) {
      nextAfter = last
      break
    }

    const rolledUp = commonPrefixOf(name, options)
    assert(entry.kind !== 'prefix' || rolledUp === name, 'a prefix that is not of this listing')
    some.push(rolledUp === undefined ? entry : { kind: 'prefix', prefix: rolledUp })
    count += 1
    last = rolledUp ?? name
    from = rolledUp === undefined ? name : endOfPrefix(rolledUp)
    if (some.length < entriesAtOnce) continue
    await take(some)
    some = []
  }
  if (some.length > 0) await take(some)
  return nextAfter
}
