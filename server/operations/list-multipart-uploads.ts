// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
import type {
  ListMultipartUploadsInput,
  ListMultipartUploadsResult,
} from '../../translate/bridge.ts'
import { listUploadsMax } from '../../translate/limits.ts'
import type { Owner } from '../access/owner.ts'
import type { Handler, S3Request, Services, XmlValue } from '../operation.ts'
import { type NameEncoding, readNameEncoding } from './wire/encoding-type.ts'
import { initiatorElement, ownerElement } from './wire/owner.ts'
import { readInteger } from './wire/parameters.ts'
import { bucketOf } from './wire/target.ts'
import { renderXmlDate } from './wire/times.ts'

export const listMultipartUploads: Handler = async (request, services) => {
  const { query } = request
  const encoding = readNameEncoding(query)
  const { encode } = encoding
  const keyMarker = query.get('key-marker') ?? ''
  const input = {
    bucket: bucketOf(request),
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    keyMarker,
    // Without a key it says nothing, and S3 ignores it.
    uploadIdMarker: keyMarker === '' ? '' : (query.get('upload-id-marker') ?? ''),
    maxUploads: readInteger(query, 'max-uploads', {
      min: 0,
      cap: listUploadsMax,
      ifAbsent: listUploadsMax,
    }),
  }
  const { entries, nextMarkers } = await listPage(request, services, input)
  const content = {
    Bucket: input.bucket,
    KeyMarker: encode(input.keyMarker),
    UploadIdMarker: input.uploadIdMarker,
    NextKeyMarker: nextMarkers === undefined ? undefined : encode(nextMarkers.keyMarker),
    NextUploadIdMarker: nextMarkers?.uploadIdMarker,
    Prefix: encode(input.prefix),
    Delimiter: input.delimiter === '' ? undefined : encode(input.delimiter),
    MaxUploads: input.maxUploads,
    EncodingType: encoding.type,
    IsTruncated: nextMarkers !== undefined,
    ...renderUploads(entries, encoding, request.access.owner),
  }
  return { status: 200, body: { kind: 'xml', root: 'ListMultipartUploadsResult', content } }
}

async function listPage(
  { context }: S3Request,
  { bridge }: Services,
  input: ListMultipartUploadsInput,
): Promise<ListMultipartUploadsResult> {
  if (input.maxUploads > 0) return await bridge.listMultipartUploads(input, context)
  await bridge.headBucket(input.bucket, context)
  return { entries: [], nextMarkers: undefined }
}

function renderUploads(
  entries: ListMultipartUploadsResult['entries'],
  { encode }: NameEncoding,
  owner: Owner,
): { Upload: XmlValue[]; CommonPrefixes: XmlValue[] } {
  const uploads: XmlValue[] = []
  const prefixes: XmlValue[] = []
  for (const entry of entries) {
    if (entry.kind === 'prefix') {
      prefixes.push({ Prefix: encode(entry.prefix) })
    } else {
      uploads.push({
        Key: encode(entry.key),
        UploadId: entry.uploadId,
        Initiator: initiatorElement(entry.initiator, owner),
        Owner: ownerElement(owner),
        StorageClass: entry.storageClass,
        Initiated: renderXmlDate(entry.initiated),
        ChecksumAlgorithm: entry.checksumAlgorithm,
        ChecksumType: entry.checksumType,
      })
    }
  }
  return { Upload: uploads, CommonPrefixes: prefixes }
}
