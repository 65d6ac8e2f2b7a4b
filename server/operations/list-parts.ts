// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
import { quoteEtag } from '../../translate/etag.ts'
import { listPartsMax, partNumberMax } from '../../translate/limits.ts'
import type { Handler } from '../operation.ts'
import { checksumValueElements } from './wire/checksums.ts'
import { readNameEncoding } from './wire/encoding-type.ts'
import { initiatorElement, ownerElement } from './wire/owner.ts'
import { readInteger } from './wire/parameters.ts'
import { objectOf, uploadIdOf } from './wire/target.ts'
import { renderXmlDate } from './wire/times.ts'

export const listParts: Handler = async (request, { bridge }) => {
  const { query, access, context } = request
  const address = { ...objectOf(request), uploadId: uploadIdOf(request) }
  const { type, encode } = readNameEncoding(query)
  const maxParts = readInteger(query, 'max-parts', {
    min: 0,
    cap: listPartsMax,
    ifAbsent: listPartsMax,
  })
  const afterPartNumber = readInteger(query, 'part-number-marker', {
    min: 0,
    cap: partNumberMax,
    ifAbsent: 0,
  })
  // Asked for none, the upload must be there all the same.
  const input = { ...address, afterPartNumber, maxParts: Math.max(maxParts, 1) }
  const listed = await bridge.listParts(input, context)
  const next = maxParts === 0 ? undefined : listed.nextAfterPartNumber
  const content = {
    Bucket: address.bucket,
    Key: encode(address.key),
    UploadId: address.uploadId,
    Initiator: initiatorElement(listed.initiator, access.owner),
    Owner: ownerElement(access.owner),
    StorageClass: listed.storageClass,
    PartNumberMarker: afterPartNumber,
    NextPartNumberMarker: next,
    MaxParts: maxParts,
    EncodingType: type,
    IsTruncated: next !== undefined,
    Part: listed.parts.slice(0, maxParts).map((part) => ({
      PartNumber: part.partNumber,
      LastModified: renderXmlDate(part.modified),
      ETag: quoteEtag(part.etag),
      Size: part.sizeBytes,
      ...checksumValueElements(part.checksums),
    })),
    ChecksumAlgorithm: listed.checksumAlgorithm,
    ChecksumType: listed.checksumType,
  }
  return { status: 200, body: { kind: 'xml', root: 'ListPartsResult', content } }
}
