// Percent-encoding as S3 uses it in request targets and canonical requests. Pure.
import { S3Error } from '../translate/s3-error.ts'

/**
 * Decodes as UTF-8. `text` is as Node gives it: one character per byte of the request line.
 * Throws InvalidURI on a broken escape, on bytes that are not UTF-8, and on over-long UTF-8.
 */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text.replace(/[^\0-\x7f]/g, escapeByte))
  } catch (cause) {
    throw new S3Error('InvalidURI', { cause })
  }
}

/** As RFC 3986 has it and AWS signs it: everything but letters, digits and `-._~` becomes `%XX`. */
export function encodePercent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, escapeByte)
}

function escapeByte(character: string): string {
  const code = character.charCodeAt(0)
  // A character above a byte cannot come from the wire: leave a broken escape to be refused.
  return code > 0xff ? '%' : `%${code.toString(16).toUpperCase().padStart(2, '0')}`
}
