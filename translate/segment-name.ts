// One segment of a key <-> the names it may be stored under: its natural one, which is rclone's, and an
// irregular one for where that is taken or too long. Pure, and decodable without any state. Marks are
// U+201B before a letter that is no hexadecimal digit: the encoding never gives that.
//
//   hello‛k<hash>.doc     a file whose natural name is taken, by another casing or a folder
//   hello‛p<hash>         a folder, likewise
//   <piece>‛n<hash>       a folder that holds what the name goes on with
//   ‛y, ‛z                the empty segment, as a file and as a folder
//   ‛u007f ‛ufffe ‛uffff  characters that Jottacloud cannot carry
import { createHash } from 'node:crypto'
import { isReservedName } from './key-path.ts'
import { decodeName, encodeName, isEncodedAsItIs, type NameEncoding } from './name-encoding.ts'

export type NameKind = 'file' | 'folder'

/** `top-file`: one with no folder above it, where the empty segment would be the empty key, which is none. */
export type SegmentKind = NameKind | 'top-file'

/** Of the segment at an index of a key with so many. */
export function segmentKind(index: number, count: number): SegmentKind {
  if (index < count - 1) return 'folder'
  return count === 1 ? 'top-file' : 'file'
}

export type SegmentNames = {
  /**
   * What others store the segment under, and the bridge too where it is `writable`; `undefined` where
   * Jottacloud has no such names.
   */
  readonly natural: { readonly name: string; readonly isWritable: boolean } | undefined
  /**
   * The names that no other segment of this kind has, whatever the letter case and composition: one, or
   * a chain of folders with the last name in it.
   */
  readonly irregular: readonly string[]
}

/** The names of a segment, which may be empty and holds no slash. */
export function segmentNames(
  segment: string,
  kind: SegmentKind,
  encoding: NameEncoding,
): SegmentNames {
  const empty = emptyNames[kind]
  if (segment === '' && empty !== undefined) {
    return { natural: { name: empty, isWritable: true }, irregular: [empty] }
  }
  const irregular = irregularNames(segment, kind, encoding)
  if (isVerbatim(segment, kind, encoding)) {
    return { natural: { name: segment.slice(verbatim.length), isWritable: false }, irregular }
  }
  const name = plainName(segment, encoding)
  if (!isStorable(name)) return { natural: undefined, irregular }
  return { natural: { name, isWritable: Buffer.byteLength(name) <= nameMaxBytes }, irregular }
}

/**
 * The segment that a stored name stands for by itself. A foreign name, which is no segment's, stands for
 * U+201B, `w` and itself: so it has a key as well, and that one key alone.
 */
export function segmentOf(storedName: string, kind: SegmentKind, encoding: NameEncoding): string {
  if (isPlainly(storedName, encoding)) return storedName
  return ownSegment(storedName, kind, encoding) ?? verbatim + storedName
}

/** Whether a folder is a piece of a longer name, after the pieces of the folders that it is in. */
export function isChainFolder(storedName: string, before: readonly string[]): boolean {
  const piece = pieceOf(storedName)
  return piece !== undefined && chainFolder(textOf(before), piece) === storedName
}

/** The segment whose chain of folders this name ends; `undefined` when it ends none. */
export function segmentOfChain(
  storedName: string,
  before: readonly string[],
  kind: SegmentKind,
  encoding: NameEncoding,
): string | undefined {
  const tagged = parseTagged(storedName, kind)
  if (tagged === undefined) return undefined
  const segment = plainSegment(textOf(before) + tagged, encoding)
  if (segment === undefined) return undefined
  const names = irregularNames(segment, kind, encoding)
  const isIt = names.at(-1) === storedName && names.length === before.length + 1
  return isIt && before.every((name, index) => names[index] === name) ? segment : undefined
}

/**
 * What a segment's names, natural or not, have in common for locks: equal for segments that may want one
 * and the same name.
 */
export function lockedName(segment: string, encoding: NameEncoding): string {
  return segment === '' ? emptyNames.file : plainName(segment, encoding)
}

/** 65 bits of a digest, as text that is the same in either letter case. */
export function hashTag(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(parts.join('\0')).digest()
  const bits = digest.readBigUInt64BE(0) * 2n + BigInt(digest.readUInt8(8) >> 7)
  return bits.toString(32).padStart(tagLength, '0')
}

const quote = '\u201b'
const verbatim = `${quote}w`
const emptyNames = { file: `${quote}y`, folder: `${quote}z`, 'top-file': undefined } as const
const kindMarks = { file: 'k', folder: 'p', 'top-file': 'k' } as const
const tagLength = 13

/** Jottacloud's limit of 255 has an unknown unit (jottacloud-api.md 7.1): both are kept to. */
const nameMaxBytes = 255
const nameMaxUnits = 255
/** Of a name that is split; marks and tags come on top. */
const pieceMaxBytes = 200

const taggedName = /^(.*)\u201b([kp])([0-9a-v]{13})(\.[0-9A-Za-z]{1,10})?$/su
const chainName = /^(.+)\u201bn([0-9a-v]{13})$/su
const extension = /(?<=.)\.[0-9A-Za-z]{1,10}$/su
/** Quoted pairs and escapes stay whole. */
const tokens = /\u201bu[0-9a-f]{4}|\u201b.|./gsu

/** Jottacloud holds such a name, whoever wrote it. */
function isStorable(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > nameMaxUnits) return false
  return !/[\0-\x1f\x7f\ufffe\uffff]/u.test(name) && !isReservedName(name)
}

/** As the encoding has it, and the few characters escaped that it leaves and Jottacloud cannot carry. */
function plainName(segment: string, encoding: NameEncoding): string {
  return encodeName(segment, encoding).replace(
    /[\x7f\ufffe\uffff]/gu,
    (char) => `${quote}u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Whether a name is that of the same segment, as nearly all are: told without the way there and back. */
function isPlainly(name: string, encoding: NameEncoding): boolean {
  return name !== '' && !/[/\x7f\ufffe\uffff]/.test(name) && isEncodedAsItIs(name, encoding)
}

function plainSegment(name: string, encoding: NameEncoding): string | undefined {
  const unescaped = name.replace(tokens, (token) => escapes.get(token) ?? token)
  const segment = decodeName(unescaped, encoding).toString()
  // Bytes that are not UTF-8 turn into U+FFFD here, which is encoded otherwise.
  if (segment === '' || segment.includes('/')) return undefined
  return plainName(segment, encoding) === name ? segment : undefined
}

const escapes = new Map(
  ['\x7f', '\ufffe', '\uffff'].map((char) => [
    `${quote}u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    char,
  ]),
)

function ownSegment(name: string, kind: SegmentKind, encoding: NameEncoding): string | undefined {
  if (name === emptyNames[kind]) return ''
  const plain = plainSegment(name, encoding)
  if (plain !== undefined) return isVerbatim(plain, kind, encoding) ? undefined : plain
  return segmentOfChain(name, [], kind, encoding)
}

/** Whether a segment is that of a foreign name. The name is shorter, so this comes to an end. */
function isVerbatim(segment: string, kind: SegmentKind, encoding: NameEncoding): boolean {
  if (!segment.startsWith(verbatim)) return false
  const name = segment.slice(verbatim.length)
  return isStorable(name) && ownSegment(name, kind, encoding) === undefined
}

function irregularNames(segment: string, kind: SegmentKind, encoding: NameEncoding): string[] {
  const plain = plainName(segment, encoding)
  const tag = quote + kindMarks[kind] + hashTag(kind === 'folder' ? kind : 'file', segment)
  const whole = withTag(plain, kind, tag)
  if (Buffer.byteLength(whole) <= nameMaxBytes) return [whole]
  const pieces = splitName(plain)
  const last = pieces.pop() ?? ''
  const folders = pieces.map((piece, index) => chainFolder(pieces.slice(0, index).join(''), piece))
  return [...folders, withTag(last, kind, tag)]
}

/** Before the extension, so that programs still know the type of the file. */
function withTag(name: string, kind: SegmentKind, tag: string): string {
  const at = kind === 'folder' ? name.length : (extension.exec(name)?.index ?? name.length)
  return name.slice(0, at) + tag + name.slice(at)
}

/** The name without its tag, which still has to be compared. */
function parseTagged(name: string, kind: SegmentKind): string | undefined {
  const [, before, mark, , after = ''] = taggedName.exec(name) ?? []
  return before !== undefined && mark === kindMarks[kind] ? before + after : undefined
}

function splitName(name: string): string[] {
  const pieces: string[] = []
  let piece = ''
  let pieceBytes = 0
  for (const [token] of name.matchAll(tokens)) {
    const tokenBytes = Buffer.byteLength(token)
    if (pieceBytes + tokenBytes > pieceMaxBytes) {
      pieces.push(piece)
      piece = ''
      pieceBytes = 0
    }
    piece += token
    pieceBytes += tokenBytes
  }
  return [...pieces, piece]
}

function chainFolder(before: string, piece: string): string {
  return `${piece}${quote}n${hashTag('chain', before + piece)}`
}

function pieceOf(storedName: string): string | undefined {
  return chainName.exec(storedName)?.[1]
}

function textOf(chain: readonly string[]): string {
  return chain.map((name) => pieceOf(name) ?? '').join('')
}
