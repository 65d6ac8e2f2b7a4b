// The encoding of one name, byte for byte as rclone's Jottacloud backend stores it
// (jottacloud-api.md 7.2), so that either sees what the other stored under its natural name.
// It knows nothing of keys and paths: a slash is one more character to replace.
// Facts: rclone/rclone:lib/encoder/encoder.go, and rclone 1.60 and 1.75 asked by hand.
import { isUtf8 } from 'node:buffer'

/** A set of rclone's encoding flags, ready for use; made by `parseNameEncoding`. */
export type NameEncoding = {
  /** The flags in rclone's notation and order: equal for equal sets, whatever was written. */
  readonly flags: string
  /** Names that are replaced as a whole, and the way back. */
  readonly wholeNames: ReadonlyMap<string, string>
  readonly wholeNameOriginals: ReadonlyMap<string, string>
  /** Original character -> the one that is stored for it. */
  readonly replacements: ReadonlyMap<string, string>
  readonly originals: ReadonlyMap<string, string>
  /** Finds what must be replaced, quoted or escaped in a name. */
  readonly special: RegExp
  /** The same, for a test of whether there is any. */
  readonly anySpecial: RegExp
  /** Finds quoted characters (group 1), escaped bytes (group 2) and replacements in a stored name. */
  readonly stored: RegExp
}

/** A list of flags that cannot be used; the message says why. */
export class NameEncodingError extends Error {
  override readonly name = 'NameEncodingError'
}

/**
 * The encoding that rclone's `encoding` option means by the same text: names of flags with commas
 * between them. Throws NameEncodingError for an unknown name, and for a list without Ctl, Dot or
 * InvalidUtf8, which includes Raw and None on their own.
 */
export function parseNameEncoding(text: string): NameEncoding {
  const flags = new Set(text.split(',').map((part) => part.trim()))
  for (const flag of flags) {
    if (flagTable.has(flag)) continue
    throw new NameEncodingError(
      `${JSON.stringify(flag)} is no encoding flag. The possible values are ${[...flagTable.keys()].join(', ')}.`,
    )
  }
  for (const [flag, reason] of requiredFlags) {
    if (flags.has(flag)) continue
    throw new NameEncodingError(
      `The encoding ${JSON.stringify(text)} lacks ${flag}, which is needed here: ${reason}.`,
    )
  }
  return createEncoding(flags)
}

/**
 * The stored name of any byte string. Strings stand for their UTF-8; an unpaired surrogate in one
 * stands for its three bytes, which are not UTF-8.
 */
export function encodeName(
  name: string | Uint8Array,
  encoding: NameEncoding = currentEncoding,
): string {
  const text = typeof name === 'string' && name.isWellFormed() ? name : toText(toBytes(name))
  const { wholeNames, special, replacements } = encoding
  return (
    wholeNames.get(text) ??
    text.replace(special, (char) => replacements.get(char) ?? quote + (escapedByte(char) ?? char))
  )
}

/**
 * The bytes that a stored name stands for. Never fails; names that `encodeName` would not have
 * produced decode too, so compare with `encodeName(decodeName(name))` where that matters.
 */
export function decodeName(storedName: string, encoding: NameEncoding = currentEncoding): Buffer {
  const { wholeNameOriginals, stored, originals } = encoding
  const whole = wholeNameOriginals.get(storedName)
  if (whole !== undefined) return Buffer.from(whole)
  const chunks: Buffer[] = []
  let text = ''
  let end = 0
  for (const match of storedName.matchAll(stored)) {
    const [found, quoted, hex] = match
    text += storedName.slice(end, match.index)
    end = match.index + found.length
    if (hex !== undefined) {
      chunks.push(toBytes(text), Buffer.from(hex, 'hex'))
      text = ''
    } else {
      text += quoted ?? originals.get(found) ?? found
    }
  }
  const rest = toBytes(text + storedName.slice(end))
  return chunks.length === 0 ? rest : Buffer.concat([...chunks, rest])
}

/** Whether a name is stored as it is and, stored, stands for itself. */
export function isEncodedAsItIs(name: string, encoding: NameEncoding): boolean {
  const { anySpecial, wholeNames, wholeNameOriginals } = encoding
  return !anySpecial.test(name) && !wholeNames.has(name) && !wholeNameOriginals.has(name)
}

const quote = '\u201b'

type Place = 'anywhere' | 'first' | 'last'

const controls = Array.from({ length: 0x1f }, (_, index) => String.fromCharCode(index + 1)).join('')

/** What each flag replaces, and where in a name; in the order in which rclone prints them. */
const flagTable = new Map<string, readonly [place: Place, characters: string]>([
  ['None', ['anywhere', '']],
  // To rclone it means something only when it stands alone.
  ['Raw', ['anywhere', '']],
  ['Slash', ['anywhere', '/']],
  ['LtGt', ['anywhere', '<>']],
  ['DoubleQuote', ['anywhere', '"']],
  ['SingleQuote', ['anywhere', "'"]],
  ['BackQuote', ['anywhere', '`']],
  ['Dollar', ['anywhere', '$']],
  ['Colon', ['anywhere', ':']],
  ['Question', ['anywhere', '?']],
  ['Asterisk', ['anywhere', '*']],
  ['Pipe', ['anywhere', '|']],
  ['Hash', ['anywhere', '#']],
  ['Percent', ['anywhere', '%']],
  ['BackSlash', ['anywhere', '\\']],
  ['CrLf', ['anywhere', '\r\n']],
  ['Del', ['anywhere', '\x7f']],
  ['Ctl', ['anywhere', controls]],
  ['LeftSpace', ['first', ' ']],
  ['LeftPeriod', ['first', '.']],
  ['LeftTilde', ['first', '~']],
  ['LeftCrLfHtVt', ['first', '\r\n\t\v']],
  ['RightSpace', ['last', ' ']],
  ['RightPeriod', ['last', '.']],
  ['RightCrLfHtVt', ['last', '\r\n\t\v']],
  // The two that are no characters: `encodeName` and `periodNames` do what they say.
  ['InvalidUtf8', ['anywhere', '']],
  ['Dot', ['anywhere', '']],
  ['SquareBracket', ['anywhere', '[]']],
  ['Semicolon', ['anywhere', ';']],
  ['Exclamation', ['anywhere', '!']],
])

const requiredFlags = new Map([
  ['Ctl', 'Jottacloud lists names as XML, which cannot carry control characters'],
  ['Dot', 'the names "." and ".." would lead to another folder'],
  ['InvalidUtf8', 'Jottacloud stores names as UTF-8, and other bytes would be lost'],
])

/** What rclone stored before 1.74 (April 2026): `%` and U+FF05 are left alone. */
export const encodingWithoutPercent = parseNameEncoding(
  'Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Del,Ctl,InvalidUtf8,Dot',
)

/** What rclone stores since 1.74 unless told otherwise. */
export const currentEncoding = parseNameEncoding(`${encodingWithoutPercent.flags},Percent`)

function createEncoding(flags: ReadonlySet<string>): NameEncoding {
  // NUL is replaced whatever the flags.
  const places: Record<Place, string> = { anywhere: '\0', first: '', last: '' }
  const used: string[] = []
  for (const [flag, [place, characters]] of flagTable) {
    if (!flags.has(flag) || flag === 'None' || flag === 'Raw') continue
    places[place] += characters
    used.push(flag)
  }
  const { anywhere, first, last } = places
  const replacements = new Map(
    [...(anywhere + first + last)].map((char) => [char, replacementOf(char)]),
  )
  const wholeNames = periodNames(flags)
  const special = specialPattern(places)
  return {
    flags: used.join(','),
    wholeNames,
    wholeNameOriginals: inverse(wholeNames),
    replacements,
    originals: inverse(replacements),
    special,
    anySpecial: new RegExp(special.source, 'u'),
    stored: storedPattern(places),
  }
}

function specialPattern({ anywhere, first, last }: Readonly<Record<Place, string>>): RegExp {
  const special = (chars: string) => oneOf(chars + replaced(chars))
  return new RegExp(
    `${special(anywhere)}|${quote}|\\p{Cs}|^${special(first)}|${special(last)}$`,
    'gu',
  )
}

/**
 * Read from left to right, so a quote that is quoted itself quotes nothing. rclone looks at a last
 * character's predecessor alone: with RightSpace it takes what it stored for U+201B and a blank
 * for U+201B and U+2420. The stored names are the same here and there.
 */
function storedPattern({ anywhere, first, last }: Readonly<Record<Place, string>>): RegExp {
  const [any, atStart, atEnd] = [anywhere, first, last].map((chars) => oneOf(replaced(chars)))
  return new RegExp(
    `${quote}(${any}|${quote}|(?<=^${quote})${atStart}|${atEnd}$)|${quote}([0-9A-Fa-f]{2})` +
      `|${any}|^${atStart}|${atEnd}$`,
    'gu',
  )
}

/** Names of one or two periods, ASCII or full-width. */
function periodNames(flags: ReadonlySet<string>): Map<string, string> {
  const names = new Map([
    ['.', '\uff0e'],
    ['..', '\uff0e\uff0e'],
    ['\uff0e', `${quote}\uff0e`],
    ['\uff0e\uff0e', `${quote}\uff0e${quote}\uff0e`],
  ])
  // With one of these flags alone rclone stores another name as it stores '..', and reads it back as
  // that. Here that other name is stored as with both flags, which neither flag alone gives any name.
  const left = flags.has('LeftPeriod')
  const right = flags.has('RightPeriod')
  if (left && !right) names.set('.\uff0e', `\uff0e${quote}\uff0e`)
  if (right && !left) names.set('\uff0e.', `${quote}\uff0e\uff0e`)
  return names
}

/** Blank and controls have pictures; the rest of ASCII has full-width twins at a fixed distance. */
function replacementOf(char: string): string {
  const code = char.charCodeAt(0)
  if (code === 0x7f) return '\u2421'
  return String.fromCharCode(code + (code <= 0x20 ? 0x2400 : 0xfee0))
}

function replaced(chars: string): string {
  return [...chars].map(replacementOf).join('')
}

/** A pattern for one of these characters; for none of them, one that finds nothing. */
function oneOf(chars: string): string {
  return `[${[...chars].map((char) => `\\u{${char.charCodeAt(0).toString(16)}}`).join('')}]`
}

function inverse(map: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...map].map(([key, value]) => [value, key]))
}

/** Bytes as text in which an unpaired surrogate, U+DC00 + n, stands for a byte n that is not UTF-8. */
function toText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  let text = ''
  let start = 0
  for (let at = 0; at < bytes.length; ) {
    const length = runeLength(bytes, at)
    if (length === 0) {
      text += bytes.toString('utf8', start, at)
      text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
      start = at + 1
    }
    at += Math.max(length, 1)
  }
  return text + bytes.toString('utf8', start)
}

/** The hexadecimal digits of a byte that `toText` made a surrogate. */
function escapedByte(char: string): string | undefined {
  if (char.isWellFormed()) return undefined
  return (char.charCodeAt(0) - 0xdc00).toString(16).toUpperCase()
}

/** UTF-8 as it would be if surrogates were characters. */
function surrogateBytes(char: string): Uint8Array {
  const code = char.charCodeAt(0)
  return Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
}

function toBytes(name: string | Uint8Array): Buffer {
  if (typeof name !== 'string') return Buffer.from(name.buffer, name.byteOffset, name.byteLength)
  if (name.isWellFormed()) return Buffer.from(name)
  const chunks = [...name].map((char) =>
    char.isWellFormed() ? Buffer.from(char) : surrogateBytes(char),
  )
  return Buffer.concat(chunks)
}

/** Length in bytes of the valid UTF-8 character at `at`; 0 when there is none. */
function runeLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const rune = bytes.subarray(at, at + length)
  return rune.length === length && isUtf8(rune) ? length : 0
}
