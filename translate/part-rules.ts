// What CompleteMultipartUpload must hold before a byte is sent: order, presence, ETags, sizes
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html).
import type { ChecksumAlgorithm, Checksums, CompleteMultipartUploadInput } from './bridge.ts'
import { objectSizeMaxBytes, partSizeMinBytes } from './limits.ts'
import { S3Error } from './s3-error.ts'

/** What the rules need to know of a part that was uploaded. `md5` is its unquoted ETag. */
export type UploadedPart = {
  readonly sizeBytes: number
  readonly md5: string
  readonly checksums: Checksums['values']
}

type RequestedPart = CompleteMultipartUploadInput['parts'][number]

/**
 * The uploaded parts that make the object, in order, with its size. Parts that were uploaded but are
 * not requested are left out, as S3 does. Throws MalformedXML, InvalidPartOrder, InvalidPart,
 * EntityTooSmall, EntityTooLarge, and InvalidRequest for a part without the checksum that is `required`.
 */
export function checkCompletion<Uploaded extends UploadedPart>(input: {
  readonly uploadId: string
  readonly requested: readonly RequestedPart[]
  readonly findPart: (partNumber: number) => Uploaded | undefined
  readonly required?: ChecksumAlgorithm | undefined
}): { readonly parts: Uploaded[]; readonly sizeBytes: number } {
  const { uploadId, requested, findPart, required } = input
  if (requested.length === 0) {
    throw new S3Error('MalformedXML', { message: 'The list of parts is empty.' })
  }
  checkOrder(requested, uploadId)
  const parts = requested.map((wanted) => {
    const uploaded = findPart(wanted.partNumber)
    if (uploaded === undefined || !isSame(wanted, uploaded)) throw invalidPart(wanted, uploadId)
    if (required !== undefined && wanted.checksums[required] === undefined) {
      throw missingChecksum(required, wanted.partNumber)
    }
    return uploaded
  })
  checkSizes(requested, parts)
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  if (sizeBytes > objectSizeMaxBytes) {
    throw new S3Error('EntityTooLarge', {
      elements: { ProposedSize: String(sizeBytes), MaxSizeAllowed: String(objectSizeMaxBytes) },
    })
  }
  return { parts, sizeBytes }
}

function checkOrder(requested: readonly RequestedPart[], uploadId: string): void {
  let previous = Number.NEGATIVE_INFINITY
  for (const { partNumber } of requested) {
    if (partNumber <= previous) {
      throw new S3Error('InvalidPartOrder', { elements: { UploadId: uploadId } })
    }
    previous = partNumber
  }
}

/** A checksum that was requested must be known: what cannot be compared is not confirmed. */
function isSame(wanted: RequestedPart, uploaded: UploadedPart): boolean {
  if (wanted.etag !== uploaded.md5) return false
  const known: Readonly<Record<string, string>> = uploaded.checksums
  return Object.entries(wanted.checksums).every(([algorithm, value]) => known[algorithm] === value)
}

function invalidPart(wanted: RequestedPart, uploadId: string): S3Error {
  return new S3Error('InvalidPart', {
    elements: { UploadId: uploadId, PartNumber: String(wanted.partNumber), ETag: wanted.etag },
  })
}

function missingChecksum(algorithm: ChecksumAlgorithm, partNumber: number): S3Error {
  return new S3Error('InvalidRequest', {
    message: `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
  })
}

function checkSizes(requested: readonly RequestedPart[], parts: readonly UploadedPart[]): void {
  const small = parts.slice(0, -1).findIndex((part) => part.sizeBytes < partSizeMinBytes)
  const part = parts[small]
  if (part === undefined) return
  throw new S3Error('EntityTooSmall', {
    elements: {
      ProposedSize: String(part.sizeBytes),
      MinSizeAllowed: String(partSizeMinBytes),
      PartNumber: String(requested[small]?.partNumber),
      ETag: part.md5,
    },
  })
}
