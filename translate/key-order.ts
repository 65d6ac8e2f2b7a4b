// The order of S3 keys: by their UTF-8 bytes, which is the order of code points. JavaScript compares
// UTF-16 units instead and puts U+10000 and above before U+E000.

/** Negative, zero or positive, as `Buffer.compare` of both in UTF-8, without making buffers. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at += 1) {
    const unitA = a.charCodeAt(at)
    const unitB = b.charCodeAt(at)
    if (unitA !== unitB) return rank(unitA) - rank(unitB)
  }
  return a.length - b.length
}

/**
 * The least key above every key with this prefix; `undefined` when there is none. Every key from
 * `prefix` up to but without it starts with `prefix`.
 */
export function endOfPrefix(prefix: string): string | undefined {
  const points = [...prefix].map((char) => char.codePointAt(0) ?? 0)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    // Surrogates are no characters: the one after U+D7FF is U+E000.
    const next = last === 0xd7ff ? 0xe000 : last + 1
    if (next <= 0x10ffff) return String.fromCodePoint(...points, next)
  }
  return undefined
}

/** The least key above this one. */
export function keyAfter(key: string): string {
  return `${key}\0`
}

/** Halves of surrogate pairs, which stand for U+10000 and above, go after all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
