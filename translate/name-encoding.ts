// The encoding of one name, byte for byte as rclone's Jottacloud backend stores it
// (jottacloud-api.md 7.2), so that either sees what the other stored under its natural name.
// It knows nothing of keys and paths: a slash is one more character to replace.
import { isUtf8 } from 'node:buffer'

/**
 * Which characters are replaced. `without-percent` is what rclone stored before 1.74 (April 2026):
 * `%` and U+FF05 are left alone.
 */
export type NameEncoding = 'current' | 'without-percent'

/**
 * The stored name of any byte string. Strings stand for their UTF-8; an unpaired surrogate in one
 * stands for its three bytes, which are not UTF-8.
 */
export function encodeName(name: string | Uint8Array, encoding: NameEncoding = 'current'): string {
  if (typeof name === 'string') return encodeText(name, encoding)
  const bytes = asBuffer(name)
  if (isUtf8(bytes)) return encodeText(bytes.toString(), encoding)
  let stored = ''
  let start = 0
  for (let at = 0; at < bytes.length; ) {
    const length = runeLength(bytes, at)
    if (length === 0) {
      stored += replaceSpecial(bytes.toString('utf8', start, at), encoding)
      stored += escapeBytes(bytes.subarray(at, at + 1))
      start = at + 1
    }
    at += Math.max(length, 1)
  }
  return stored + replaceSpecial(bytes.toString('utf8', start), encoding)
}

/**
 * The bytes that a stored name stands for. Never fails; names that `encodeName` would not have
 * produced decode too, so compare with `encodeName(decodeName(name))` where that matters.
 */
export function decodeName(stored: string, encoding: NameEncoding = 'current'): Buffer {
  const whole = wholeNameOriginals.get(stored)
  if (whole !== undefined) return Buffer.from(whole)
  const { stored: pattern, originals } = tables[encoding]
  const chunks: Buffer[] = []
  let text = ''
  let end = 0
  for (const match of stored.matchAll(pattern)) {
    const [found, quoted, hex] = match
    text += stored.slice(end, match.index)
    end = match.index + found.length
    if (hex !== undefined) {
      chunks.push(toBytes(text), Buffer.from(hex, 'hex'))
      text = ''
    } else {
      text += quoted ?? originals.get(found) ?? found
    }
  }
  const rest = toBytes(text + stored.slice(end))
  return chunks.length === 0 ? rest : Buffer.concat([...chunks, rest])
}

const quote = '\u201b'

/** Replaced only when they are the whole name. */
const wholeNames = new Map([
  ['.', '\uff0e'],
  ['..', '\uff0e\uff0e'],
  ['\uff0e', `${quote}\uff0e`],
  ['\uff0e\uff0e', `${quote}\uff0e${quote}\uff0e`],
])
const wholeNameOriginals = new Map([...wholeNames].map(([name, stored]) => [stored, name]))

type Table = {
  /** Original character -> the one that is stored for it. */
  readonly replacements: ReadonlyMap<string, string>
  readonly originals: ReadonlyMap<string, string>
  /** Finds what must be replaced or quoted in a name. */
  readonly special: RegExp
  /** Finds quoted characters (group 1), escaped bytes (group 2) and replacements in a stored name. */
  readonly stored: RegExp
}

const tables: Readonly<Record<NameEncoding, Table>> = {
  current: createTable('"*/:<>?|%'),
  'without-percent': createTable('"*/:<>?|'),
}

function createTable(punctuation: string): Table {
  // ASCII punctuation has full-width twins at a fixed distance; controls have pictures.
  const pairs: [string, string][] = [...punctuation].map((char) => [char, shifted(char, 0xfee0)])
  for (let code = 0; code < 0x20; code += 1) {
    pairs.push([String.fromCharCode(code), String.fromCharCode(0x2400 + code)])
  }
  pairs.push(['\u007f', '\u2421'])
  const replacements = new Map(pairs)
  const originals = new Map(pairs.map(([original, replacement]) => [replacement, original]))
  const replaced = [...originals.keys()].join('')
  return {
    replacements,
    originals,
    special: new RegExp(`[${[...replacements.keys()].join('')}${replaced}${quote}]|\\p{Cs}`, 'gu'),
    stored: new RegExp(
      `${quote}([${replaced}${quote}])|${quote}([0-9A-Fa-f]{2})|[${replaced}]`,
      'gu',
    ),
  }
}

function shifted(char: string, distance: number): string {
  return String.fromCharCode(char.charCodeAt(0) + distance)
}

function encodeText(name: string, encoding: NameEncoding): string {
  return wholeNames.get(name) ?? replaceSpecial(name, encoding)
}

function replaceSpecial(text: string, encoding: NameEncoding): string {
  const { special, replacements } = tables[encoding]
  return text.replace(special, (char) => {
    const replacement = replacements.get(char)
    if (replacement !== undefined) return replacement
    return char.isWellFormed() ? quote + char : escapeBytes(surrogateBytes(char))
  })
}

function escapeBytes(bytes: Uint8Array): string {
  let escaped = ''
  for (const byte of bytes) escaped += quote + byte.toString(16).toUpperCase().padStart(2, '0')
  return escaped
}

/** UTF-8 as it would be if surrogates were characters. */
function surrogateBytes(char: string): Uint8Array {
  const code = char.charCodeAt(0)
  return Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
}

function toBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  const chunks = [...text].map((char) =>
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

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
