// What a page of a listing gives to the next, as text: the moment of the snapshot that it came out of, in the
// order of the state (`listings.nextMoment`), or that it was walked to, and by whom.
import { randomInt } from 'node:crypto'

/** Numbers from here on are walks: later than any moment, since no snapshot will do that is there already. */
const walks = 2 ** 52

/** '' for a moment that nothing is known of, which counts as a walk of another process. */
export function cursorAt(moment: number): string {
  return Number.isFinite(moment) ? moment.toString(36) : ''
}

/** `undefined` for what is no moment of a snapshot. */
export function momentOf(cursor: string): number | undefined {
  const number = numberOf(cursor)
  return number < walks ? number : undefined
}

/** Of all pages that one process walks to: whoever comes to it with that reads on there. */
export function createWalkCursor(): string {
  return cursorAt(walks + randomInt(1, 2 ** 47))
}

/** For `cursorAt`. Of two cursors, the greater may not be gone on with in what the lesser may. */
export function numberOf(cursor: string): number {
  const number = /^[0-9a-z]{1,11}$/.test(cursor) ? Number.parseInt(cursor, 36) : walks
  return Number.isSafeInteger(number) ? number : walks
}
