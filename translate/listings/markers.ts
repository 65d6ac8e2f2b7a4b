// Where the listings are that go on by the last name alone, as ListObjects of version 1 does: the cursor that
// a reader would give back if its protocol had one. Forgotten after a while, which only costs time.
import { laterCursor } from './snapshots.ts'

export type MarkedList = {
  readonly reader: string
  readonly bucket: string
  readonly prefix: string
  readonly delimiter: string
  /** Exactly the name that a truncated page ended with. */
  readonly after: string
}

export interface Markers {
  /** The latest cursor stays: two listings may come to one name, and any will do that is not older than either. */
  remember(list: MarkedList, cursor: string): void
  find(list: MarkedList): string | undefined
}

const markersMax = 4096
/** As long as an unused snapshot is kept. */
const knownForMs = 5 * 60_000

export function createMarkers(now: () => number): Markers {
  const known = new Map<string, { readonly cursor: string; readonly atMs: number }>()
  const find = (list: MarkedList): string | undefined => {
    const found = known.get(nameOf(list))
    return found !== undefined && now() - found.atMs < knownForMs ? found.cursor : undefined
  }
  return {
    find,
    remember(list, cursor) {
      const name = nameOf(list)
      const before = find(list)
      const latest = before === undefined ? cursor : laterCursor(before, cursor)
      known.delete(name)
      known.set(name, { cursor: latest, atMs: now() })
      const [oldest] = known.keys()
      if (known.size > markersMax && oldest !== undefined) known.delete(oldest)
    },
  }
}

function nameOf({ reader, bucket, prefix, delimiter, after }: MarkedList): string {
  return JSON.stringify([reader, bucket, prefix, delimiter, after])
}
