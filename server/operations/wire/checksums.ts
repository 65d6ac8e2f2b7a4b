// Checksums as headers and as XML elements. Their values are made and verified elsewhere.
import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import type { ChecksumAlgorithm, Checksums } from '../../../translate/bridge.ts'
import {
  checksumAlgorithms,
  checksumSizesBytes,
  defaultChecksumType,
  findChecksumAlgorithm,
  isChecksumTypeOf,
} from '../../../translate/checksum.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import { isBase64Of } from '../../checksum.ts'
import type { XmlValue } from '../../operation.ts'

/** `x-amz-checksum-…` of a whole object, with its type; never for an answer that is a part of it. */
export function checksumHeaders(checksums: Checksums | undefined): Record<string, string> {
  if (checksums === undefined || Object.keys(checksums.values).length === 0) return {}
  return { ...checksumValueHeaders(checksums.values), 'x-amz-checksum-type': checksums.type }
}

export function checksumValueHeaders(values: Checksums['values']): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const algorithm of checksumAlgorithms) {
    const value = values[algorithm]
    if (value !== undefined) headers[`x-amz-checksum-${algorithm.toLowerCase()}`] = value
  }
  return headers
}

/** `ChecksumCRC32` and its kin, and `ChecksumType` of a whole object. */
export function checksumElements(checksums: Checksums | undefined): Record<string, XmlValue> {
  if (checksums === undefined || Object.keys(checksums.values).length === 0) return {}
  return { ...checksumValueElements(checksums.values), ChecksumType: checksums.type }
}

export function checksumValueElements(values: Checksums['values']): Record<string, XmlValue> {
  return Object.fromEntries(
    checksumAlgorithms.map((algorithm) => [`Checksum${algorithm}`, values[algorithm]]),
  )
}

/** `ChecksumAlgorithm` and `ChecksumType`, as lists name them without the values. */
export function checksumKind(checksums: Checksums | undefined): Record<string, XmlValue> {
  const names = checksumAlgorithms.filter((algorithm) => checksums?.values[algorithm] !== undefined)
  if (checksums === undefined || names.length === 0) return {}
  return { ChecksumAlgorithm: names, ChecksumType: checksums.type }
}

/** The same elements as they come in. */
export const checksumSchema = {
  ChecksumCRC32: z.string().optional(),
  ChecksumCRC32C: z.string().optional(),
  ChecksumCRC64NVME: z.string().optional(),
  ChecksumMD5: z.string().optional(),
  ChecksumSHA1: z.string().optional(),
  ChecksumSHA256: z.string().optional(),
  ChecksumSHA512: z.string().optional(),
  ChecksumXXHASH3: z.string().optional(),
  ChecksumXXHASH64: z.string().optional(),
  ChecksumXXHASH128: z.string().optional(),
}

/** Throws InvalidRequest for a value that cannot be one. */
export function readChecksumElements(
  element: Readonly<Partial<Record<`Checksum${ChecksumAlgorithm}`, string | undefined>>>,
): Checksums['values'] {
  return collect((algorithm) => element[`Checksum${algorithm}`], /^$/, 'InvalidRequest')
}

/**
 * `x-amz-checksum-…` headers that state what a completed upload will be, not what this body is; a
 * composite one may have the number of parts behind it. Throws BadDigest for a value that cannot be one.
 */
export function readExpectedChecksums(headers: IncomingHttpHeaders): Checksums['values'] {
  return collect(
    (algorithm) => headers[`x-amz-checksum-${algorithm.toLowerCase()}`]?.toString(),
    /-[1-9][0-9]{0,4}$/,
    'BadDigest',
  )
}

function collect(
  valueFor: (algorithm: ChecksumAlgorithm) => string | undefined,
  ending: RegExp,
  code: 'InvalidRequest' | 'BadDigest',
): Checksums['values'] {
  const values: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const algorithm of checksumAlgorithms) {
    const value = valueFor(algorithm)?.trim()
    if (value === undefined) continue
    if (!isBase64Of(value.replace(ending, ''), checksumSizesBytes[algorithm])) {
      throw new S3Error(code, { message: `The ${algorithm} checksum is not valid.` })
    }
    values[algorithm] = value
  }
  return values
}

/** `x-amz-checksum-algorithm`: what a copy or an upload is to have. Throws InvalidRequest. */
export function readChecksumAlgorithm(headers: IncomingHttpHeaders): ChecksumAlgorithm | undefined {
  const word = headers['x-amz-checksum-algorithm']?.toString()
  if (word === undefined) return undefined
  const algorithm = findChecksumAlgorithm(word)
  if (algorithm !== undefined) return algorithm
  throw invalid(`x-amz-checksum-algorithm must be one of ${checksumAlgorithms.join(', ')}.`)
}

/** `x-amz-checksum-type`. Throws InvalidRequest. */
export function readChecksumType(headers: IncomingHttpHeaders): Checksums['type'] | undefined {
  const type = headers['x-amz-checksum-type']?.toString().toUpperCase()
  if (type === undefined || type === 'COMPOSITE' || type === 'FULL_OBJECT') return type
  throw invalid('Value for x-amz-checksum-type header is invalid.')
}

/**
 * What CreateMultipartUpload asks for; S3's default type where it leaves that open. Throws
 * InvalidRequest for unknown words and for pairs that S3 does not know.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function readUploadChecksum(headers: IncomingHttpHeaders): {
  algorithm: ChecksumAlgorithm | undefined
  type: Checksums['type'] | undefined
} {
  const algorithm = readChecksumAlgorithm(headers)
  const type = readChecksumType(headers)
  if (algorithm === undefined) {
    if (type === undefined) return { algorithm, type }
    throw invalid('x-amz-checksum-type goes with x-amz-checksum-algorithm only.')
  }
  if (type === undefined) return { algorithm, type: defaultChecksumType(algorithm) }
  if (isChecksumTypeOf(algorithm, type)) return { algorithm, type }
  throw invalid(`The checksum type ${type} does not go with ${algorithm}.`)
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', { message })
}
