// What is true of every key and of every stored name, whatever is stored under it: which keys are legal, which
// folder is the bridge's own, and which names Jottacloud may take for one.

import { keyMaxBytes } from './limits.ts'
import { S3Error } from './s3-error.ts'

/**
 * The bridge's own folder in each bucket. No key is stored there: U+201B before a character that is
 * neither quoted by the encoding nor a hexadecimal digit cannot come out of it.
 */
export const RESERVED_FOLDER = '\u201bjotta-s3'

/** Whether a stored name is the bridge's own folder, in whatever casing. */
export function isReservedName(storedName: string): boolean {
  // No other character folds to its first one, and hardly a name has that.
  return storedName.includes('\u201b') && foldName(storedName) === foldedReservedFolder
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

const foldedReservedFolder = foldName(RESERVED_FOLDER)

/** Throws InvalidArgument (empty key), InvalidURI (not Unicode), KeyTooLongError. */
export function checkKey(key: string): void {
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

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text)
}

function isOneCharacter(text: string): boolean {
  return text.length === ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1)
}
