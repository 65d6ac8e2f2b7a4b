// What a page of a listing gives to the next: the moment that its snapshot was begun, in the order of the state
// (`listings.nextMoment`), as text.

/** '' where there is no moment: the next page then begins a snapshot of its own. */
export function cursorAt(moment: number): string {
  return Number.isFinite(moment) ? moment.toString(36) : ''
}

/** `undefined` for a listing that has seen no snapshot, and for what is no cursor. */
export function momentOf(cursor: string): number | undefined {
  return /^[0-9a-z]{1,9}$/.test(cursor) ? Number.parseInt(cursor, 36) : undefined
}
