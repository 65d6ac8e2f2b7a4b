// If-Match and its family: headers to typed conditions. What they mean is decided behind the Bridge.
import type { IncomingHttpHeaders } from 'node:http'
import type { Conditions, DeleteConditions } from '../../../translate/bridge.ts'
import { parseEtagList } from '../../../translate/etag.ts'
import { invalidArgument, notImplementedHeader } from './parameters.ts'
import { parseHttpDate } from './times.ts'

/** Of GetObject and HeadObject. A date that is none is ignored (RFC 9110 13.1.3). */
export function readConditions(headers: IncomingHttpHeaders): Conditions {
  return toConditions(headers, '')
}

/** Of the source of a copy. */
export function copySourceConditions(headers: IncomingHttpHeaders): Conditions {
  return toConditions(headers, 'x-amz-copy-source-')
}

/** Of PutObject and CompleteMultipartUpload, which know no dates. */
export function writeConditions(headers: IncomingHttpHeaders): Conditions {
  refuseConditions(headers, ['if-modified-since', 'if-unmodified-since'])
  return toConditions(headers, '')
}

const sizeHeader = 'x-amz-if-match-size'
const timeHeader = 'x-amz-if-match-last-modified-time'
/** AWS has them for directory buckets alone. */
export const deleteConditionHeaders: readonly string[] = [sizeHeader, timeHeader]

/** Of DeleteObject. Throws InvalidArgument. */
export function deleteConditions(headers: IncomingHttpHeaders): DeleteConditions | undefined {
  refuseConditions(headers, ['if-none-match', 'if-modified-since', 'if-unmodified-since'])
  const ifMatch = headers['if-match']
  const [size, time] = deleteConditionHeaders.map((name) => headers[name]?.toString())
  if ((ifMatch ?? size ?? time) === undefined) return undefined
  return {
    ...(ifMatch !== undefined && { ifMatch: parseEtagList(ifMatch, 'strong') }),
    ...(size !== undefined && { sizeBytes: parseSizeCondition(sizeHeader, size) }),
    ...(time !== undefined && { modified: parseTimeCondition(timeHeader, time) }),
  }
}

/** `name` is that of the header or element. Throws InvalidArgument. */
export function parseSizeCondition(name: string, text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text)
  throw invalidArgument(name, text, `${name} must be a whole number of bytes.`)
}

/** The same of a date. */
export function parseTimeCondition(name: string, text: string): Date {
  const date = parseHttpDate(text)
  if (date !== undefined) return date
  throw invalidArgument(name, text, `${name} is not a date.`)
}

/** Where the Bridge takes none: a condition must not be dropped, since the client relies on it. */
function refuseConditions(headers: IncomingHttpHeaders, names: readonly string[]): void {
  const found = names.find((name) => headers[name] !== undefined)
  if (found !== undefined) throw notImplementedHeader(found)
}

function toConditions(headers: IncomingHttpHeaders, prefix: string): Conditions {
  const header = (name: string) => headers[`${prefix}${name}`]?.toString()
  const date = (name: string) => parseHttpDate(header(name) ?? '')
  const ifMatch = header('if-match')
  const ifNoneMatch = header('if-none-match')
  const ifModifiedSince = date('if-modified-since')
  const ifUnmodifiedSince = date('if-unmodified-since')
  return {
    ...(ifMatch !== undefined && { ifMatch: parseEtagList(ifMatch, 'strong') }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch: parseEtagList(ifNoneMatch, 'weak') }),
    ...(ifModifiedSince !== undefined && { ifModifiedSince }),
    ...(ifUnmodifiedSince !== undefined && { ifUnmodifiedSince }),
  }
}
