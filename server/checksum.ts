// Digests of request bodies: which one a request declares (Content-MD5, an x-amz-checksum-* header or
// an announced trailer). How each is computed is translate/checksum.ts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
import type { IncomingHttpHeaders } from 'node:http'
import type { ChecksumAlgorithm } from '../translate/bridge.ts'
import { checksumSizesBytes, findChecksumAlgorithm } from '../translate/checksum.ts'
import { S3Error } from '../translate/s3-error.ts'

/** Where the promised value is: in a header, base64, or in a trailer still to come. */
export type ChecksumDeclaration = { readonly algorithm: ChecksumAlgorithm } & (
  | { readonly from: 'header'; readonly value: string }
  | { readonly from: 'trailer'; readonly trailerName: string }
)

const headerPrefix = 'x-amz-checksum-'
/** Headers that begin like a value and are none. */
const notValues = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
])

/** Throws InvalidRequest unless `value` is base64 of as many bytes as the algorithm gives. */
export function checkChecksumValue(algorithm: ChecksumAlgorithm, value: string): void {
  if (isBase64Of(value, checksumSizesBytes[algorithm])) return
  throw new S3Error('InvalidRequest', {
    message: `Value for ${headerPrefix}${algorithm.toLowerCase()} header is invalid.`,
  })
}

/** Trailer names that x-amz-trailer announces, in lower case. */
export function parseTrailerNames(headers: IncomingHttpHeaders): readonly string[] {
  return String(headers['x-amz-trailer'] ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/**
 * The one checksum that a body is sent with, if any. `trailerNames` are those announced. Throws
 * InvalidRequest for several, for an unknown algorithm, for a value that cannot be one, and for an
 * x-amz-sdk-checksum-algorithm that nothing follows.
 */
export function parseChecksumDeclaration(
  headers: IncomingHttpHeaders,
  trailerNames: readonly string[],
): ChecksumDeclaration | undefined {
  const inHeaders = Object.keys(headers).filter(
    (name) => name.startsWith(headerPrefix) && !notValues.has(name),
  )
  const declared: ChecksumDeclaration[] = [
    ...inHeaders.map((name) => ({
      algorithm: algorithmOf(name),
      from: 'header' as const,
      value: String(headers[name]),
    })),
    ...trailerNames.map((trailerName) => ({
      algorithm: algorithmOf(trailerName),
      from: 'trailer' as const,
      trailerName,
    })),
  ]
  if (declared.length > 1) {
    throw new S3Error('InvalidRequest', {
      message: 'Expecting a single x-amz-checksum- header or trailer. Several are not allowed.',
    })
  }
  const only = declared[0]
  if (only?.from === 'header') checkChecksumValue(only.algorithm, only.value)
  checkSdkAlgorithm(headers['x-amz-sdk-checksum-algorithm'], only?.algorithm)
  return only
}

/** Content-MD5 in lower-case hex. Throws InvalidDigest unless it is base64 of 16 bytes. */
export function parseContentMd5(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['content-md5']
  if (value === undefined) return undefined
  const text = String(value)
  if (!isBase64Of(text, 16)) {
    throw new S3Error('InvalidDigest', {
      message: 'The Content-MD5 value is not valid.',
      elements: { 'Content-MD5': text },
    })
  }
  return Buffer.from(text, 'base64').toString('hex')
}

function algorithmOf(name: string): ChecksumAlgorithm {
  const found = isValueName(name)
    ? findChecksumAlgorithm(name.slice(headerPrefix.length))
    : undefined
  if (found !== undefined) return found
  throw isValueName(name)
    ? new S3Error('InvalidRequest', {
        message: 'The algorithm type you specified in x-amz-checksum- header is invalid.',
      })
    : new S3Error('InvalidRequest', {
        message: 'The value specified in the x-amz-trailer header is not supported',
        elements: { 'x-amz-trailer': name },
      })
}

function isValueName(name: string): boolean {
  return name.startsWith(headerPrefix) && !notValues.has(name)
}

function checkSdkAlgorithm(
  header: string | string[] | undefined,
  declared: ChecksumAlgorithm | undefined,
): void {
  if (header === undefined) return
  if (declared === undefined) {
    throw new S3Error('InvalidRequest', {
      message:
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    })
  }
  if (String(header).toUpperCase() !== declared) {
    throw new S3Error('InvalidRequest', {
      message: 'Value for x-amz-sdk-checksum-algorithm header is invalid.',
    })
  }
}

/** Whether a text is base64, spelt exactly, of so many bytes. */
export function isBase64Of(text: string, sizeBytes: number): boolean {
  const bytes = Buffer.from(text, 'base64')
  // Node skips what is not base64; only an exact spelling survives the way back.
  return bytes.length === sizeBytes && bytes.toString('base64') === text
}
