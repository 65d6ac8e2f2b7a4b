// The Range header of a GET against the size of an object (RFC 9110 14, and what S3 makes of it).
import type { ByteRange } from './bridge.ts'
import { S3Error } from './s3-error.ts'

/**
 * `whole` when there is no header or S3 ignores it: another unit, a syntax error, the end before the
 * start, several ranges. Throws InvalidRange when the object has no byte of the range. Never reaches
 * past the object.
 */
export function parseRange(header: string | undefined, sizeBytes: number): 'whole' | ByteRange {
  const [, first, last] = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'whole'
  // Numbers beyond 2^53 lose digits here, but stay beyond the end of any object.
  if (first === '') return suffixRange(Number(last), sizeBytes, header)
  const start = Number(first)
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last)
  if (end < start) return 'whole'
  if (start >= sizeBytes) throw invalidRange(sizeBytes, header)
  return { start, endInclusive: Math.min(end, sizeBytes - 1) }
}

function suffixRange(lengthBytes: number, sizeBytes: number, header: string | undefined) {
  if (lengthBytes === 0 || sizeBytes === 0) throw invalidRange(sizeBytes, header)
  return { start: Math.max(0, sizeBytes - lengthBytes), endInclusive: sizeBytes - 1 }
}

function invalidRange(sizeBytes: number, header = ''): S3Error {
  return new S3Error('InvalidRange', {
    elements: { RangeRequested: header, ActualObjectSize: String(sizeBytes) },
  })
}
