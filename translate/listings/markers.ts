// Where the listings are that go on by the last name alone, as ListObjects of version 1 does: the cursor that a
// reader would give back if its protocol had one, in the state, for whichever process is asked for the next page.
//
// Nothing tells which listing a page belongs to, nor whether a listing begins at that name. So of all pages that
// ended there the latest cursor counts, which is right for each of them, and it is good for as many pages as those:
// who comes then begins anew. What is lost, forgotten or taken by another only makes a page slower, and so does
// a client's repeat of a page that was answered. What remains wrong: where a listing stopped for good, or a page
// was repeated, one is left over, and a new listing that begins at exactly that name within `knownForMs` of it
// goes on in the old one's place.
import { createHash } from 'node:crypto'
import type { State } from '../state/state.ts'
import { createWalkCursor, cursorAt, numberOf } from './cursor.ts'

export type MarkedList = {
  readonly reader: string
  readonly bucket: string
  readonly prefix: string
  readonly delimiter: string
  /** Exactly the name that a truncated page ended with. */
  readonly after: string
}

export interface Markers {
  /** The cursor of every page that this process walks to. */
  readonly ownWalk: string
  /** A truncated page ended: one page may go on from there. */
  remember(list: MarkedList, cursor: string): Promise<void>
  /** For a page that goes on; `undefined` when it has to be taken for a new listing. */
  take(list: MarkedList): Promise<string | undefined>
}

const namesMax = 4096
/** As long as an unused snapshot is kept. */
const knownForMs = 5 * 60_000

export function createMarkers(listings: State['listings'], now: () => number): Markers {
  const pageAt = (list: MarkedList) => {
    return { name: nameOf(list), nowMs: now(), keptMs: knownForMs }
  }
  return {
    ownWalk: createWalkCursor(),
    async remember(list, cursor) {
      await listings.remember({ ...pageAt(list), moment: numberOf(cursor), namesMax })
    },
    async take(list) {
      const moment = await listings.take(pageAt(list))
      return moment === undefined ? undefined : cursorAt(moment)
    },
  }
}

/** Of one size, however long the names are. */
function nameOf({ reader, bucket, prefix, delimiter, after }: MarkedList): string {
  const list = JSON.stringify([reader, bucket, prefix, delimiter, after])
  return createHash('sha256').update(list).digest('base64url')
}
