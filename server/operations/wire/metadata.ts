// The headers that S3 keeps with an object: from a request's headers, and back into an answer's.
import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectMetadata } from '../../../translate/bridge.ts'
import { userMetadataMaxBytes } from '../../../translate/limits.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import { parseContentEncoding } from '../../payload.ts'
import { invalidArgument } from './parameters.ts'

const userPrefix = 'x-amz-meta-'
const contentTypeDefault = 'binary/octet-stream'

const kept = [
  ['contentType', 'content-type'],
  ['cacheControl', 'cache-control'],
  ['contentDisposition', 'content-disposition'],
  ['contentLanguage', 'content-language'],
  ['expires', 'expires'],
  ['websiteRedirectLocation', 'x-amz-website-redirect-location'],
] as const

/**
 * Values stay as Node gives them, one character per byte, and go out the same way. Throws
 * MetadataTooLarge, and InvalidArgument for a metadata header without a name.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export function readMetadata(headers: IncomingHttpHeaders): ObjectMetadata {
  const fields: { [field in Exclude<keyof ObjectMetadata, 'user'>]?: string } = {}
  for (const [field, name] of kept) {
    const value = headers[name]?.toString()
    if (value !== undefined && value !== '') fields[field] = value
  }
  const encoding = parseContentEncoding(headers['content-encoding'])
  if (encoding !== undefined && encoding !== '') fields.contentEncoding = encoding
  return { ...fields, user: readUserMetadata(headers) }
}

function readUserMetadata(headers: IncomingHttpHeaders): Record<string, string> {
  const user: [name: string, value: string][] = []
  let sizeBytes = 0
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(userPrefix) || value === undefined) continue
    const name = header.slice(userPrefix.length)
    if (name === '') throw invalidArgument(header, '', 'A metadata header has no name.')
    user.push([name, value.toString()])
    sizeBytes += name.length + value.toString().length
  }
  if (sizeBytes > userMetadataMaxBytes) {
    throw new S3Error('MetadataTooLarge', {
      elements: { Size: String(sizeBytes), MaxSizeAllowed: String(userMetadataMaxBytes) },
    })
  }
  return Object.fromEntries(user)
}

/** Metadata that a header cannot carry is counted in x-amz-missing-meta, as AWS does. */
export function metadataHeaders(metadata: ObjectMetadata): Record<string, string> {
  const headers: Record<string, string> = { 'Content-Type': contentTypeDefault }
  const encoding = metadata.contentEncoding
  if (isHeaderValue(encoding)) headers['Content-Encoding'] = encoding
  for (const [field, name] of kept) {
    const value = metadata[field]
    if (isHeaderValue(value)) headers[titleCase(name)] = value
  }
  let missing = 0
  for (const [name, value] of Object.entries(metadata.user)) {
    if (isHeaderValue(value) && /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) {
      headers[`${userPrefix}${name}`] = value
    } else {
      missing += 1
    }
  }
  if (missing > 0) headers['x-amz-missing-meta'] = String(missing)
  return headers
}

/** What Node lets into a header: a tab, blanks and what is visible, up to U+00FF. */
export function isHeaderValue(value: string | undefined): value is string {
  return value !== undefined && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}

function titleCase(name: string): string {
  return name.startsWith('x-') ? name : name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())
}
