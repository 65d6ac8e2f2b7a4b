// The query of a request target: what handlers look names up in, and every pair as it was sent, which
// is what a signature covers. Pure.
import type { Query } from './operation.ts'
import { decodePercent } from './percent.ts'

export type QueryPair = readonly [name: string, value: string]

export type ParsedQuery = Query & {
  /** Every pair, repeated names included, in the order they came. */
  readonly pairs: readonly QueryPair[]
}

/**
 * `raw` is what follows the question mark. `+` is a blank, names and values are decoded, empty pieces
 * (`&&`) are skipped, and of a repeated name the first value counts. Throws InvalidURI.
 */
export function parseQuery(raw: string): ParsedQuery {
  const pairs = raw
    .split('&')
    .filter((piece) => piece !== '')
    .map(parsePair)
  const values = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (!values.has(name)) values.set(name, value)
  }
  const names = [...values.keys()]
  return {
    pairs,
    has: (name) => values.has(name),
    get: (name) => values.get(name),
    names: () => names,
  }
}

function parsePair(piece: string): QueryPair {
  const text = piece.replaceAll('+', '%20')
  const equals = text.indexOf('=')
  if (equals === -1) return [decodePercent(text), '']
  return [decodePercent(text.slice(0, equals)), decodePercent(text.slice(equals + 1))]
}
