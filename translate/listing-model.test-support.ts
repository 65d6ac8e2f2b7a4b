// S3's listing by its definition, and the pages of a bridge that are held against it.
import assert from 'node:assert/strict'
import { bucket, contextOf, md5Of } from './acts.test-support.ts'
import type { Bridge, ListObjectsInput, ListObjectsResult } from './bridge.ts'
import { compareKeys } from './key-order.ts'

export type Query = Pick<ListObjectsInput, 'prefix' | 'delimiter' | 'after' | 'maxKeys'>

/** All pages of S3's listing, by its definition. */
export function expectedNames(stored: readonly string[], query: Query): string[] {
  const { prefix, delimiter, after } = query
  const names = stored
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      return at === -1 ? key : key.slice(0, at + delimiter.length)
    })
  return [...new Set(names)].filter((name) => compareKeys(name, after) > 0).sort(compareKeys)
}

/** How a reader goes on: by tokens, also from the beginning, or by the last name alone. */
export type GoesOnBy = 'tokens' | 'tokens of snapshots' | 'names'

/** The names on all pages, of objects whose content is their key. */
export async function allPages(
  bridge: Bridge,
  query: Query,
  by: GoesOnBy = 'tokens',
): Promise<string[]> {
  const names: string[] = []
  let after: string | undefined = query.after
  let cursor = by === 'tokens of snapshots' ? '' : undefined
  while (after !== undefined) {
    const reader = by === 'names' ? { reader: 'one' } : { cursor }
    const page: ListObjectsResult = await bridge.listObjects(
      { bucket, ...query, after, ...reader },
      contextOf(),
    )
    assert.ok(page.entries.length <= query.maxKeys)
    assert.ok(page.nextAfter === undefined || page.entries.length === query.maxKeys)
    for (const entry of page.entries) {
      names.push(entry.kind === 'object' ? entry.key : entry.prefix)
      if (entry.kind === 'prefix') continue
      const { etag, sizeBytes } = entry
      assert.deepEqual([etag, sizeBytes], [md5Of(entry.key), Buffer.byteLength(entry.key)])
    }
    after = page.nextAfter
    cursor = page.nextCursor
  }
  return names
}
