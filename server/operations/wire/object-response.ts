// The headers with which GetObject and HeadObject answer.
import type { IncomingHttpHeaders } from 'node:http'
import type { ByteRange, ObjectInfo } from '../../../translate/bridge.ts'
import { quoteEtag } from '../../../translate/etag.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import type { Query, S3Request } from '../../operation.ts'
import { checksumHeaders } from './checksums.ts'
import { isHeaderValue, metadataHeaders } from './metadata.ts'
import { invalidArgument } from './parameters.ts'
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

/** Throws NotImplemented: reading single parts is not offered. */
export function refusePartNumber(query: Query): void {
  if (!query.has('partNumber')) return
  throw new S3Error('NotImplemented', {
    message: 'Reading one part of an object by partNumber is not offered by this server.',
    elements: { ArgumentName: 'partNumber' },
  })
}

/**
 * The raw Range header. With If-Range the whole object is the answer that is always right: it spares
 * a client from mixing bytes of two objects, and needs no second look.
 */
export function readRange(headers: IncomingHttpHeaders): string | undefined {
  return headers['if-range'] === undefined ? headers.range : undefined
}

/** Status, body size and headers for an object or, when `range` is set, for a part of it. */
export function describeObject(
  request: S3Request,
  object: ObjectInfo,
  range: ByteRange | undefined,
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
  if (range !== undefined) {
    headers['Content-Range'] = `bytes ${range.start}-${range.endInclusive}/${object.sizeBytes}`
    return { status: 206, sizeBytes, headers }
  }
  // Only with all the bytes: clients hold the checksum against what they get.
  if (request.headers['x-amz-checksum-mode']?.toString().toUpperCase() === 'ENABLED') {
    Object.assign(headers, checksumHeaders(object.checksums))
  }
  return { status: 200, sizeBytes, headers }
}
