// The headers with which GetObject and HeadObject answer.
import type { IncomingHttpHeaders } from 'node:http'
import type { GetObjectResult } from '../../../translate/bridge.ts'
import { quoteEtag } from '../../../translate/etag.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import type { Query, S3Request } from '../../operation.ts'
import { checksumHeaders } from './checksums.ts'
import { isHeaderValue, metadataHeaders } from './metadata.ts'
import { invalidArgument, parsePartNumber } from './parameters.ts'
import { renderHttpDate } from './times.ts'

const overrides = [
  'Content-Type',
  'Content-Language',
  'Expires',
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
] as const

/**
 * `response-…` parameters. Throws InvalidArgument for a value that no header can carry: its characters
 * would otherwise end the header.
 */
export function readOverrides(query: Query): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const header of overrides) {
    const name = `response-${header.toLowerCase()}`
    const value = query.get(name)
    if (value === undefined || value === '') continue
    if (!isHeaderValue(value)) {
      throw invalidArgument(
        name,
        value,
        'The value cannot be represented in a header (ISO-8859-1).',
      )
    }
    headers[header] = value
  }
  return headers
}

/** Which part or range is asked for. Throws InvalidArgument, and InvalidRequest for both. */
export function readExtent({ query, headers }: S3Request): {
  readonly range: string | undefined
  readonly partNumber?: number
} {
  const partNumber = query.get('partNumber')
  const range = readRange(headers)
  if (partNumber === undefined) return { range }
  if (headers.range !== undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Cannot specify both Range header and partNumber query parameter.',
    })
  }
  return { range: undefined, partNumber: parsePartNumber(partNumber) }
}

/**
 * The raw Range header. With If-Range the whole object is the answer that is always right: it spares
 * a client from mixing bytes of two objects, and needs no second look.
 */
function readRange(headers: IncomingHttpHeaders): string | undefined {
  return headers['if-range'] === undefined ? headers.range : undefined
}

/** Status, body size and headers for an object or, when `range` is set, for a part of it. */
export function describeObject(
  request: S3Request,
  { object, range, partChecksums }: Omit<GetObjectResult, 'stream'>,
): { status: 200 | 206; sizeBytes: number; headers: Record<string, string> } {
  const sizeBytes = range === undefined ? object.sizeBytes : range.endInclusive - range.start + 1
  const headers: Record<string, string> = {
    ...metadataHeaders(object.metadata),
    ...readOverrides(request.query),
    'Accept-Ranges': 'bytes',
    'Content-Length': String(sizeBytes),
    ETag: quoteEtag(object.etag),
    'Last-Modified': renderHttpDate(object.modified),
  }
  if (object.tags.length > 0) headers['x-amz-tagging-count'] = String(object.tags.length)
  // S3 says nothing of the class that everything has.
  if (object.storageClass !== 'STANDARD') headers['x-amz-storage-class'] = object.storageClass
  if (request.query.has('partNumber') && object.partCount !== undefined) {
    headers['x-amz-mp-parts-count'] = String(object.partCount)
  }
  // Only of all the bytes that go out: clients hold the checksum against what they get.
  const checksums =
    partChecksums === undefined
      ? object.checksums
      : { type: object.checksums?.type ?? 'COMPOSITE', values: partChecksums }
  const isPlainRange = range !== undefined && !request.query.has('partNumber')
  if (isChecksumWanted(request) && !isPlainRange) {
    Object.assign(headers, checksumHeaders(checksums))
  }
  if (range === undefined) return { status: 200, sizeBytes, headers }
  headers['Content-Range'] = `bytes ${range.start}-${range.endInclusive}/${object.sizeBytes}`
  return { status: 206, sizeBytes, headers }
}

function isChecksumWanted({ headers }: S3Request): boolean {
  return headers['x-amz-checksum-mode']?.toString().toUpperCase() === 'ENABLED'
}
