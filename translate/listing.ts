// One page of an S3 listing out of entries in order: prefix, delimiter, marker, max-keys. It knows
// nothing of where entries come from; what it does not need, it tells the source to skip.
import assert from 'node:assert/strict'
import type { ListedPrefix } from './bridge.ts'
import { compareKeys, endOfPrefix, keyAfter } from './key-order.ts'

/** Anything with a key: an object, an upload, a version. Several entries may have one key. */
export type KeyedEntry = { readonly kind: 'object' | 'upload' | 'version'; readonly key: string }

/** Entries in UTF-8 order of their key or prefix. Asked one at a time, never twice at once. */
export interface OrderedSource<Entry extends KeyedEntry> {
  /**
   * The next entry that has not been given yet; `undefined` at the end. Those below `from` are not
   * needed: the source may skip them (a walker then never opens that folder) or give them all the
   * same. `from` never goes back.
   *
   * A source that knows there are keys below a common prefix of the listing, at least one, may give
   * that prefix instead of the keys.
   */
  next(from: string): Promise<Entry | ListedPrefix | undefined>
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

/**
 * Reads no further than one entry past the page, and closes the source in any case. Throws what the
 * source throws, and AssertionError when its entries are not in order.
 */
export async function listPage<Entry extends KeyedEntry>(
  source: OrderedSource<Entry>,
  options: PageOptions,
): Promise<Page<Entry>> {
  try {
    const from = startOf(options)
    if (from === undefined || options.maxKeys <= 0) return { entries: [], nextAfter: undefined }
    return await readPage(source, options, from)
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
): Promise<Page<Entry>> {
  const { prefix, maxKeys } = options
  const entries: (Entry | ListedPrefix)[] = []
  let last: string | undefined
  let given = ''
  for (let from: string | undefined = start; from !== undefined; ) {
    const entry: Entry | ListedPrefix | undefined = await source.next(from)
    if (entry === undefined) break
    const name: string = entry.kind === 'prefix' ? entry.prefix : entry.key
    assert(compareKeys(given, name) <= 0, 'a listing is not in order')
    given = name
    if (compareKeys(name, from) < 0) continue
    // From the prefix on, everything starts with it until the first that does not.
    if (!name.startsWith(prefix)) break
    if (entries.length === maxKeys) return { entries, nextAfter: last }

    const rolledUp = commonPrefixOf(name, options)
    assert(entry.kind !== 'prefix' || rolledUp === name, 'a prefix that is not of this listing')
    entries.push(rolledUp === undefined ? entry : { kind: 'prefix', prefix: rolledUp })
    last = rolledUp ?? name
    from = rolledUp === undefined ? name : endOfPrefix(rolledUp)
  }
  return { entries, nextAfter: undefined }
}
