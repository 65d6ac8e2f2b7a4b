// Checksums as headers and as XML elements. Their values are made and verified elsewhere.
import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import type { ChecksumAlgorithm, Checksums } from '../../../translate/bridge.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import type { XmlValue } from '../../operation.ts'
import { notImplementedHeader } from './parameters.ts'

const algorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const

/** Algorithms that S3 has gained since, and that this server does not compute. */
const newerAlgorithms = ['MD5', 'SHA512', 'XXHASH3', 'XXHASH64', 'XXHASH128']

/** Base64 of exactly so many bytes. */
const sizesBytes = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 } as const

/** `x-amz-checksum-…` of a whole object, with its type; never for an answer that is a part of it. */
export function checksumHeaders(checksums: Checksums | undefined): Record<string, string> {
  if (checksums === undefined || Object.keys(checksums.values).length === 0) return {}
  return { ...checksumValueHeaders(checksums.values), 'x-amz-checksum-type': checksums.type }
}

export function checksumValueHeaders(values: Checksums['values']): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const algorithm of algorithms) {
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
    algorithms.map((algorithm) => [`Checksum${algorithm}`, values[algorithm]]),
  )
}

/** `ChecksumAlgorithm` and `ChecksumType`, as lists name them without the values. */
export function checksumKind(checksums: Checksums | undefined): Record<string, XmlValue> {
  const names = algorithms.filter((algorithm) => checksums?.values[algorithm] !== undefined)
  if (checksums === undefined || names.length === 0) return {}
  return { ChecksumAlgorithm: names, ChecksumType: checksums.type }
}

/** The same elements as they come in. */
export const checksumSchema = {
  ChecksumCRC32: z.string().optional(),
  ChecksumCRC32C: z.string().optional(),
  ChecksumCRC64NVME: z.string().optional(),
  ChecksumSHA1: z.string().optional(),
  ChecksumSHA256: z.string().optional(),
}

/** Throws InvalidRequest for a value that cannot be one. */
export function readChecksumElements(
  element: Readonly<Partial<Record<`Checksum${ChecksumAlgorithm}`, string | undefined>>>,
): Checksums['values'] {
  return collect((algorithm) => element[`Checksum${algorithm}`])
}

/** `x-amz-checksum-…` headers that state what something will be, not what this body is. */
export function readExpectedChecksums(headers: IncomingHttpHeaders): Checksums['values'] {
  return collect((algorithm) => headers[`x-amz-checksum-${algorithm.toLowerCase()}`]?.toString())
}

function collect(
  valueFor: (algorithm: ChecksumAlgorithm) => string | undefined,
): Checksums['values'] {
  const values: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const algorithm of algorithms) {
    const value = valueFor(algorithm)?.trim()
    if (value === undefined) continue
    const bytes = Buffer.from(value, 'base64')
    if (bytes.length !== sizesBytes[algorithm] || bytes.toString('base64') !== value) {
      const message = `The ${algorithm} checksum is not valid.`
      throw new S3Error('InvalidRequest', { message })
    }
    values[algorithm] = value
  }
  return values
}

/**
 * What CreateMultipartUpload asks for; S3's default type where it leaves that open. Throws
 * InvalidRequest for unknown words and for pairs that S3 does not know.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export function readUploadChecksum(headers: IncomingHttpHeaders): {
  algorithm: ChecksumAlgorithm | undefined
  type: Checksums['type'] | undefined
} {
  const word = headers['x-amz-checksum-algorithm']?.toString().toUpperCase()
  const type = headers['x-amz-checksum-type']?.toString().toUpperCase()
  if (word === undefined) {
    if (type === undefined) return { algorithm: undefined, type: undefined }
    throw invalid('x-amz-checksum-type goes with x-amz-checksum-algorithm only.')
  }
  if (newerAlgorithms.includes(word)) throw notImplementedHeader('x-amz-checksum-algorithm')
  const algorithm = algorithms.find((known) => known === word)
  if (algorithm === undefined) {
    throw invalid(`x-amz-checksum-algorithm must be one of ${algorithms.join(', ')}.`)
  }
  if (type === undefined) {
    return { algorithm, type: algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE' }
  }
  const isPossible =
    (type === 'COMPOSITE' && algorithm !== 'CRC64NVME') ||
    (type === 'FULL_OBJECT' && algorithm.startsWith('CRC'))
  if (!isPossible) throw invalid(`The checksum type ${type} does not go with ${algorithm}.`)
  return { algorithm, type: type === 'COMPOSITE' ? 'COMPOSITE' : 'FULL_OBJECT' }
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', { message })
}
