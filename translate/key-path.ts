// S3 key <-> the names under which Jottacloud stores it: one encoded name per segment. Keys that need an
// irregular form (see the design) are refused for now: never stored under a name that is not theirs.

import { keyMaxBytes } from './limits.ts'
import { decodeName, encodeName, type NameEncoding } from './name-encoding.ts'
import { S3Error } from './s3-error.ts'

/**
 * The bridge's own folder in each bucket. No key is stored there: U+201B before a character that is
 * neither quoted by the encoding nor a hexadecimal digit cannot come out of it.
 */
export const RESERVED_FOLDER = '\u201bjotta-s3'

/** Whether a stored name is the bridge's own folder, in whatever casing. */
export function isReservedName(storedName: string): boolean {
  return foldName(storedName) === foldedReservedFolder
}

/**
 * Where to store a key: its path below the bucket's root. Throws InvalidArgument (empty key),
 * KeyTooLongError, InvalidURI (not Unicode), and NotImplemented for what needs an irregular form.
 */
export function keyToPath(key: string, encoding: NameEncoding): string[] {
  checkKey(key)
  return key.split('/').map((segment) => {
    if (segment === '') {
      throw new S3Error('NotImplemented', {
        message:
          'Keys that begin or end with a slash, or have two in a row, cannot be stored yet: Jottacloud has no empty names.',
        elements: { Key: key },
      })
    }
    const name = encodeName(segment, encoding)
    const sizeBytes = Buffer.byteLength(name)
    if (sizeBytes > nameMaxBytes) {
      throw new S3Error('NotImplemented', {
        message: `A part of the key between slashes takes ${sizeBytes} bytes as a Jottacloud name. Names over ${nameMaxBytes} bytes cannot be stored yet.`,
        elements: { Key: key },
      })
    }
    if (isBeyondXml(name)) {
      throw new S3Error('NotImplemented', {
        message:
          'Keys with U+FFFE or U+FFFF cannot be stored yet: Jottacloud lists names as XML 1.0, which cannot carry them.',
        elements: { Key: key },
      })
    }
    return name
  })
}

/**
 * Where a key is if it exists; `undefined` when nothing can be stored under it. For reads and deletes,
 * to which a key that cannot be stored is simply a key that is not there. It also finds the longer
 * names that others stored. Throws as `keyToPath` for keys that are not legal in S3.
 */
export function findPath(key: string, encoding: NameEncoding): string[] | undefined {
  checkKey(key)
  const path = key.split('/').map((segment) => encodeName(segment, encoding))
  return path.every(isStorable) ? path : undefined
}

/** The key that is stored at a path; `undefined` when a name on it is foreign. */
export function pathToKey(path: readonly string[], encoding: NameEncoding): string | undefined {
  const segments: string[] = []
  for (const name of path) {
    const segment = nameToSegment(name, encoding)
    if (segment === undefined) return undefined
    segments.push(segment)
  }
  return segments.length === 0 ? undefined : segments.join('/')
}

/**
 * The segment of a key that a stored name stands for; `undefined` for a foreign name: one that no key
 * is stored under, because the encoding would have written it otherwise.
 */
export function nameToSegment(storedName: string, encoding: NameEncoding): string | undefined {
  if (!isStorable(storedName)) return undefined
  const segment = decodeName(storedName, encoding).toString()
  // Bytes that are not UTF-8 turn into U+FFFD here, which is encoded otherwise.
  return encodeName(segment, encoding) === storedName && !segment.includes('/')
    ? segment
    : undefined
}

/**
 * Equal for stored names that Jottacloud may take for one. How it folds beyond ASCII is unknown, so
 * this folds generously: composed form (NFC), every character to upper and then to lower case.
 */
export function foldName(storedName: string): string {
  if (isAscii(storedName)) return storedName.toLowerCase()
  let folded = ''
  for (const char of storedName.normalize('NFC')) {
    const upper = char.toUpperCase()
    // Where the upper case is several characters (sharp s), the simple mapping is the character itself.
    folded += (isOneCharacter(upper) ? upper : char).toLowerCase()
  }
  // A dotted capital I may be folded to i with or without a combining dot.
  return folded.replace(/i\u0307+/gu, 'i').normalize('NFC')
}

/** Whether Jottacloud may take two different stored names of one folder for the same. */
export function namesCollide(a: string, b: string): boolean {
  return a !== b && foldName(a) === foldName(b)
}

/** Safe whichever unit Jottacloud's limit of 255 has (jottacloud-api.md 7.1). */
const nameMaxBytes = 255
const nameMaxUnits = 255

const foldedReservedFolder = foldName(RESERVED_FOLDER)

function checkKey(key: string): void {
  if (key === '') {
    throw new S3Error('InvalidArgument', {
      message: 'The key is empty.',
      elements: { ArgumentName: 'Key', ArgumentValue: '' },
    })
  }
  if (!key.isWellFormed()) {
    throw new S3Error('InvalidURI', { message: 'The key is not valid Unicode.' })
  }
  const sizeBytes = Buffer.byteLength(key)
  if (sizeBytes > keyMaxBytes) {
    throw new S3Error('KeyTooLongError', {
      elements: { Size: String(sizeBytes), MaxSizeAllowed: String(keyMaxBytes) },
    })
  }
}

function isStorable(name: string): boolean {
  return name !== '' && name.length <= nameMaxUnits && !isBeyondXml(name)
}

/** Controls are encoded, so these two are what is left. */
function isBeyondXml(name: string): boolean {
  return /[\ufffe\uffff]/u.test(name)
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text)
}

function isOneCharacter(text: string): boolean {
  return text.length === ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1)
}
