// Signature Version 2: presigned URLs, which older clients make by default in us-east-1, and, where the
// setting says so, the Authorization header. Its signature covers the path, a closed list of query
// parameters, Content-MD5, Content-Type and x-amz-* headers; every other parameter could be anybody's, so
// a URL takes only those that narrow a listing, and a header no sub-resource that it does not sign. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { presignMaxSeconds } from '../translate/limits.ts'
import { S3Error } from '../translate/s3-error.ts'
import { decodeHeaderValue } from './canonical-request.ts'
import { subresources } from './operations/row.ts'
import { type PayloadDeclaration, parsePayloadMode } from './payload-declaration.ts'
import { encodePercent } from './percent.ts'
import { type ParsedQuery, parseQuery } from './query.ts'
import { parseDate, type RequestTime, renderSeconds } from './request-time.ts'

const expiresMaxMs = presignMaxSeconds * 1000

const claimParameters: ReadonlySet<string> = new Set(['AWSAccessKeyId', 'Signature', 'Expires'])

/** Those that botocore signs (HmacV1Auth, from 1.29 to 1.43); AWS's page has a shorter, older list. */
const signedParameters: ReadonlySet<string> = new Set([
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'defaultObjectAcl',
  'delete',
  'inventory',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'select',
  'select-type',
  'storageClass',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
])

/** Not signed: who holds the URL of a listing chooses what is listed. */
const listingParameters: ReadonlySet<string> = new Set([
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'list-type',
  'marker',
  'max-keys',
  'prefix',
  'start-after',
])

/** What would read as the next parameter, standing inside a value. */
const parameterInValue = new RegExp(`&(?:${[...signedParameters].join('|')})(?:[=&]|$)`)

export type PresignedV2Claim = {
  readonly version: 'v2'
  readonly accessKeyId: string
  /** Base64. */
  readonly signature: string
  /** Seconds since 1970, in digits, as they were signed. */
  readonly expires: string
}

export type HeaderV2Claim = {
  readonly version: 'v2'
  readonly accessKeyId: string
  /** Base64. */
  readonly signature: string
  /** The line of the signed text: empty when x-amz-date is there, which is signed among its kind. */
  readonly dateLine: string
  readonly time: RequestTime
}

export type V2Claim = PresignedV2Claim | HeaderV2Claim

/** Whether an Authorization header is one of this version: `AWS <access key id>:<signature>`. */
export function isV2Header(header: string): boolean {
  return headerForm.test(header)
}

const headerForm = /^AWS +([^\s:]+):(\S+)$/

/**
 * Throws AccessDenied without a valid date, and InvalidRequest for what parsePresignedV2 has it for, but
 * that parameters which name no sub-resource pass, as they do in this version.
 */
export function parseHeaderV2(
  header: string,
  headers: IncomingHttpHeaders,
  query: ParsedQuery,
): HeaderV2Claim {
  checkParameters(query, (name) => signedParameters.has(name) || !subresources.has(name))
  const [, accessKeyId = '', signature = ''] = headerForm.exec(header) ?? []
  const amzDate = headers['x-amz-date']?.toString()
  const time = parseDate(amzDate ?? headers.date ?? '')
  if (time === undefined) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    })
  }
  const dateLine = amzDate === undefined ? (headers.date ?? '') : ''
  return { version: 'v2', accessKeyId, signature, dateLine, time }
}

/**
 * Throws InvalidRequest, naming it, for a parameter that is repeated, not signed by this version or
 * ambiguous in what is signed, and AccessDenied when Expires is missing or no number.
 */
export function parsePresignedV2(query: ParsedQuery): PresignedV2Claim {
  checkParameters(query, isTaken)
  const expires = query.get('Expires') ?? ''
  if (!/^\d{1,12}$/.test(expires)) {
    throw new S3Error('AccessDenied', {
      message: 'A presigned request of Signature Version 2 needs Expires in seconds since 1970.',
    })
  }
  return {
    version: 'v2',
    accessKeyId: query.get('AWSAccessKeyId') ?? '',
    signature: query.get('Signature') ?? '',
    expires,
  }
}

function checkParameters(query: ParsedQuery, takes: (name: string) => boolean): void {
  const seen = new Set<string>()
  for (const [name, value] of query.pairs) {
    if (!takes(name)) throw refusal(name, 'is not covered by a signature of version 2')
    if (seen.has(name)) throw refusal(name, 'is there more than once')
    // The values are signed decoded: `a%26uploads` in one value and `a&uploads` in two sign alike.
    if (signedParameters.has(name) && parameterInValue.test(value)) {
      throw refusal(name, 'is ambiguous under a signature of version 2')
    }
    seen.add(name)
  }
}

/** Throws AccessDenied when the time has come, AuthorizationQueryParametersError when it is too far. */
export function checkExpires({ expires }: PresignedV2Claim, now: Date): void {
  const date = new Date(Number(expires) * 1000)
  const aheadMs = date.getTime() - now.getTime()
  if (aheadMs <= 0) {
    throw new S3Error('AccessDenied', {
      message: 'Request has expired',
      elements: { Expires: renderSeconds(date), ServerTime: renderSeconds(now) },
    })
  }
  if (aheadMs > expiresMaxMs) {
    throw new S3Error('AuthorizationQueryParametersError', {
      message: `Expires must be no more than ${presignMaxSeconds} seconds ahead.`,
    })
  }
}

/**
 * Nothing of the body is signed but the x-amz-content-sha256 header that may come with it, which is
 * held against the body. Throws InvalidRequest for aws-chunked framing.
 */
export function declareV2Payload(headers: IncomingHttpHeaders): PayloadDeclaration {
  const contentSha256 = String(headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD')
  const isFramed = /aws-chunked/i.test(headers['content-encoding'] ?? '')
  if (isFramed || contentSha256.startsWith('STREAMING-')) {
    throw new S3Error('InvalidRequest', {
      message: 'A body in aws-chunked framing needs AWS4-HMAC-SHA256.',
    })
  }
  const sign = (): never => {
    throw new Error('chunks are never signed by version 2')
  }
  return {
    contentSha256,
    mode: parsePayloadMode(contentSha256),
    chunkSigning: { seedSignature: '', scope: '', timestamp: '', sign },
  }
}

export type V2Request = {
  readonly method: string
  /** As sent. */
  readonly rawPath: string
  readonly rawQuery: string
  /** When the Host header names it; the path is then below it. */
  readonly hostBucket: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
}

/**
 * The texts that this request may have been signed by; all mean the same. There is a second one for a
 * bucket without a slash behind it: botocore signs `/bucket/` and sends `/bucket`.
 */
export function renderV2StringsToSign(
  request: V2Request,
  claim: V2Claim,
): readonly [string, ...string[]] {
  const { hostBucket, rawPath } = request
  const path = hostBucket === undefined ? rawPath : `/${encodePercent(hostBucket)}${rawPath}`
  const head = [
    request.method,
    renderValue(String(request.headers['content-md5'] ?? '')),
    renderValue(request.headers['content-type'] ?? ''),
    'expires' in claim ? claim.expires : claim.dateLine,
    ...renderAmzHeaders(request.rawHeaders),
  ].join('\n')
  const query = renderSignedParameters(request.rawQuery)
  const asSent = `${head}\n${path}${query}`
  return /^\/[^/]+$/.test(path) ? [asSent, `${head}\n${path}/${query}`] : [asSent]
}

/** HMAC-SHA1 in base64. */
export function signV2(stringToSign: string, secretAccessKey: string): string {
  return createHmac('sha1', secretAccessKey).update(stringToSign).digest('base64')
}

/** One line for each name, whichever there are: a header added on the way breaks the signature. */
function renderAmzHeaders(rawHeaders: readonly string[]): string[] {
  const values = new Map<string, string[]>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    if (!name.startsWith('x-amz-')) continue
    const value = renderValue(rawHeaders[at + 1] ?? '')
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return [...values]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, list]) => `${name}:${list.join(',')}`)
}

function renderValue(value: string): string {
  return decodeHeaderValue(value).trim()
}

/** By name; `name` and `name=` sign differently, though they mean the same. */
function renderSignedParameters(rawQuery: string): string {
  const signed = rawQuery
    .split('&')
    .flatMap((piece) =>
      parseQuery(piece).pairs.map(([name, value]) => ({
        name,
        text: piece.includes('=') ? `${name}=${value}` : name,
      })),
    )
    .filter(({ name }) => signedParameters.has(name))
    .sort((a, b) => compareText(a.name, b.name))
  return signed.length === 0 ? '' : `?${signed.map(({ text }) => text).join('&')}`
}

function isTaken(name: string): boolean {
  return claimParameters.has(name) || signedParameters.has(name) || listingParameters.has(name)
}

function refusal(name: string, what: string): S3Error {
  return new S3Error('InvalidRequest', {
    message: `The query parameter "${name}" ${what}. Please use AWS4-HMAC-SHA256.`,
    elements: { ArgumentName: name },
  })
}

/** By code unit; everything compared is ASCII, so by byte. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
