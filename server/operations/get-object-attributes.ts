// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
import type { GetObjectAttributesResult } from '../../translate/bridge.ts'
import { listPartsMax, partNumberMax } from '../../translate/limits.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler, S3Request, XmlValue } from '../operation.ts'
import { checksumElements, checksumValueElements } from './wire/checksums.ts'
import { invalidArgument, readIntegerText } from './wire/parameters.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'
import { renderHttpDate } from './wire/times.ts'

export const getObjectAttributes: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  const wanted = readWanted(request)
  const page = readPage(request)
  const parts = wanted.has('ObjectParts') ? page : undefined
  const result = await bridge.getObjectAttributes(
    { ...address, parts, ...request.access.reads },
    request.context,
  )
  const { object } = result
  const content = {
    // Bare, unlike everywhere else.
    ETag: wanted.has('ETag') ? object.etag : undefined,
    Checksum: wanted.has('Checksum') ? elementOf(checksumElements(object.checksums)) : undefined,
    ObjectParts: wanted.has('ObjectParts') ? partsElement(result, page) : undefined,
    StorageClass: wanted.has('StorageClass') ? object.storageClass : undefined,
    ObjectSize: wanted.has('ObjectSize') ? object.sizeBytes : undefined,
  }
  return {
    status: 200,
    headers: { 'Last-Modified': renderHttpDate(object.modified) },
    body: { kind: 'xml', root: 'GetObjectAttributesResponse', content },
  }
}

const attributes = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

/** Throws InvalidRequest for none, InvalidArgument for what is none. */
function readWanted({ headers }: S3Request): ReadonlySet<string> {
  const name = 'x-amz-object-attributes'
  const text = headers[name]?.toString() ?? ''
  const wanted = text.split(',').map((word) => word.trim())
  if (text.trim() === '') {
    throw new S3Error('InvalidRequest', {
      message: `The ${name} header specifying the attributes to be retrieved is either missing or empty`,
    })
  }
  if (!wanted.every((word) => attributes.includes(word))) {
    throw invalidArgument(name, text, 'Invalid attribute name specified.')
  }
  return new Set(wanted)
}

type PartsPage = { readonly afterPartNumber: number; readonly maxParts: number }

function readPage({ headers }: S3Request): PartsPage {
  const header = (name: string) => [name, headers[name]?.toString()] as const
  return {
    afterPartNumber: readIntegerText(...header('x-amz-part-number-marker'), {
      min: 0,
      cap: partNumberMax,
      ifAbsent: 0,
    }),
    maxParts: readIntegerText(...header('x-amz-max-parts'), {
      min: 0,
      cap: listPartsMax,
      ifAbsent: listPartsMax,
    }),
  }
}

function partsElement(
  { object, parts, nextAfterPartNumber }: GetObjectAttributesResult,
  { afterPartNumber, maxParts }: PartsPage,
): XmlValue {
  if (object.partCount === undefined) return undefined
  return {
    PartsCount: object.partCount,
    PartNumberMarker: afterPartNumber,
    NextPartNumberMarker: nextAfterPartNumber ?? parts.at(-1)?.partNumber ?? afterPartNumber,
    MaxParts: maxParts,
    IsTruncated: nextAfterPartNumber !== undefined,
    Part: parts.map((part) => ({
      PartNumber: part.partNumber,
      Size: part.sizeBytes,
      ...checksumValueElements(part.checksums),
    })),
  }
}

function elementOf(elements: Record<string, XmlValue>): XmlValue {
  return Object.keys(elements).length === 0 ? undefined : elements
}
