// What a request claims about its signature, from the Authorization header or from a presigned query.
// Nothing is verified here but the form; authenticate.ts holds the claim against the secret. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
import type { IncomingHttpHeaders } from 'node:http'
import { presignMaxSeconds } from '../translate/limits.ts'
import { S3Error, type S3ErrorCode } from '../translate/s3-error.ts'
import type { Query } from './operation.ts'
import type { ParsedQuery } from './query.ts'
import { parseRequestTime, type RequestTime } from './request-time.ts'
import { isV2Header, parseHeaderV2, parsePresignedV2, type V2Claim } from './signature-v2.ts'

const algorithm = 'AWS4-HMAC-SHA256'
const sigV4a = 'AWS4-ECDSA-P256-SHA256'
const queryParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
] as const

/** What is let in of Signature Version 2: nothing, URLs and forms, or headers too. */
export type SignatureV2Policy = 'off' | 'presigned' | 'on'

export type SignatureClaim = {
  readonly version: 'v4'
  readonly accessKeyId: string
  readonly region: string
  /** `20130524/us-east-1/s3/aws4_request` */
  readonly scope: string
  /** Lower-case names, as sent. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly time: RequestTime
  /** Of a presigned request; `undefined` when the claim is in the Authorization header. */
  readonly expiresSeconds: number | undefined
}

/**
 * Throws AccessDenied when there is no claim at all, and what AWS throws for a claim that is doubled,
 * malformed or of another signature version.
 */
export function parseClaim(
  headers: IncomingHttpHeaders,
  query: ParsedQuery,
  signatureV2: SignatureV2Policy,
): SignatureClaim | V2Claim {
  const header = headers.authorization?.trim() ?? ''
  const isQueryV4 = hasQueryV4(query)
  const isQueryV2 = hasQueryV2(query)
  if (header !== '' && (isQueryV4 || isQueryV2)) {
    throw new S3Error('InvalidArgument', {
      message:
        'Only one auth mechanism allowed: either the query parameters or the Authorization header.',
      // Not the value: it would end up in logs.
      elements: { ArgumentName: 'Authorization' },
    })
  }
  if (isQueryV4 && isQueryV2) {
    throw new S3Error('InvalidArgument', {
      message: 'Only one auth mechanism allowed: the query parameters are of two.',
      elements: { ArgumentName: 'AWSAccessKeyId' },
    })
  }
  if (isQueryV4) return parseQueryClaim(query)
  if (isQueryV2 && signatureV2 !== 'off') return parsePresignedV2(query)
  if (isV2Header(header) && signatureV2 === 'on') return parseHeaderV2(header, headers, query)
  if (isQueryV2 || isV2Header(header)) {
    throw new S3Error('InvalidRequest', {
      message: `The authorization mechanism is not supported. Please use ${algorithm}.`,
    })
  }
  if (header === '') throw new S3Error('AccessDenied')
  return parseHeaderClaim(header, headers)
}

/** Whether nothing in a request claims that somebody has signed it. */
export function isUnsigned(headers: IncomingHttpHeaders, query: Query): boolean {
  if (headers.authorization !== undefined) return false
  return !hasQueryV4(query) && !query.has('Signature') && !query.has('AWSAccessKeyId')
}

/** The id that a request claims to be signed by; `undefined` when it has no claim that can be read. */
export function claimedAccessKeyId(...claim: Parameters<typeof parseClaim>): string | undefined {
  try {
    return parseClaim(...claim).accessKeyId
  } catch (error) {
    // What is wrong with it is said where it is checked.
    if (error instanceof S3Error) return undefined
    throw error
  }
}

/** Whether the query claims to be presigned, whatever the claim is worth. */
export function hasQueryClaim(query: Query): boolean {
  return hasQueryV4(query) || hasQueryV2(query)
}

function hasQueryV4(query: Query): boolean {
  return ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature'].some(query.has)
}

function hasQueryV2(query: Query): boolean {
  return query.has('Signature') && query.has('AWSAccessKeyId')
}

function parseHeaderClaim(header: string, headers: IncomingHttpHeaders): SignatureClaim {
  const scheme = header.split(/\s/, 1)[0] ?? ''
  if (scheme === sigV4a) throw notImplemented()
  if (scheme !== algorithm) {
    throw new S3Error('InvalidArgument', {
      message: 'The type of the Authorization header is not supported.',
      elements: { ArgumentName: 'Authorization' },
    })
  }
  const fields = parseFields(header.slice(algorithm.length))
  const time = parseRequestTime(headers)
  return {
    version: 'v4',
    ...parseScope(fields.Credential, 'AuthorizationHeaderMalformed'),
    signedHeaders: parseSignedHeaders(fields.SignedHeaders, 'AuthorizationHeaderMalformed'),
    signature: fields.Signature,
    time,
    expiresSeconds: undefined,
  }
}

/** `Credential=…, SignedHeaders=…, Signature=…` in any order, each exactly once, blanks optional. */
function parseFields(text: string): Record<'Credential' | 'SignedHeaders' | 'Signature', string> {
  const fields = new Map<string, string>()
  for (const piece of text.split(',')) {
    const [, name = '', value = ''] = /^\s*(\w+)=(\S+)\s*$/.exec(piece) ?? []
    if (fields.has(name)) throw malformedHeader('A field is there twice.')
    fields.set(name, value)
  }
  const Credential = fields.get('Credential')
  const SignedHeaders = fields.get('SignedHeaders')
  const Signature = fields.get('Signature')
  if (fields.size !== 3 || !Credential || !SignedHeaders || !Signature) {
    throw malformedHeader('It needs exactly Credential, SignedHeaders and Signature.')
  }
  return { Credential, SignedHeaders, Signature }
}

function parseQueryClaim(query: ParsedQuery): SignatureClaim {
  if (query.get('X-Amz-Algorithm') === sigV4a) throw notImplemented()
  for (const wanted of queryParameters) {
    // A second value would be one that the signature covers and nobody looks at.
    const count = query.pairs.filter(([name]) => name === wanted).length
    if (count !== 1 || query.get(wanted) === '') {
      throw malformedQuery(`A presigned request needs ${queryParameters.join(', ')}, each once.`)
    }
  }
  const value = (name: (typeof queryParameters)[number]): string => query.get(name) ?? ''
  if (value('X-Amz-Algorithm') !== algorithm) {
    throw malformedQuery(`X-Amz-Algorithm supports only "${algorithm}".`)
  }
  const time = parseRequestTime({ 'x-amz-date': value('X-Amz-Date') }, () =>
    malformedQuery('X-Amz-Date must be of the form "yyyyMMddTHHmmssZ".'),
  )
  return {
    version: 'v4',
    ...parseCredential(value('X-Amz-Credential'), time, 'AuthorizationQueryParametersError'),
    signedHeaders: parseSignedHeaders(
      value('X-Amz-SignedHeaders'),
      'AuthorizationQueryParametersError',
    ),
    signature: value('X-Amz-Signature'),
    time,
    expiresSeconds: parseExpires(value('X-Amz-Expires')),
  }
}

/** Zero and less are let through, to be found expired. */
function parseExpires(text: string): number {
  const seconds = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= presignMaxSeconds) return seconds
  throw malformedQuery(`X-Amz-Expires must be a whole number from 1 to ${presignMaxSeconds}.`)
}

type ErrorCode = Extract<
  S3ErrorCode,
  'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError' | 'InvalidArgument'
>

/** `<access key id>/<yyyyMMdd>/<region>/s3/aws4_request`; its date must be that of `time`. */
export function parseCredential(text: string, time: RequestTime, code: ErrorCode) {
  const credential = parseScope(text, code)
  checkScopeDate(credential.scope, time, code)
  return credential
}

/** By itself, for a claim whose time has to be judged first. */
export function checkScopeDate(scope: string, { timestamp }: RequestTime, code: ErrorCode): void {
  const [date, day] = [scope.slice(0, scope.indexOf('/')), timestamp.slice(0, 8)]
  if (date === day) return
  throw malformedCredential(code, `its date "${date}" is not that of the request, "${day}"`)
}

function malformedCredential(code: ErrorCode, what: string): S3Error {
  return new S3Error(code, { message: `The credential is malformed: ${what}.` })
}

function parseScope(text: string, code: ErrorCode) {
  // The access key id is whatever stands before the last four pieces.
  const [, accessKeyId, date, region, service, terminal] =
    /^(.+)\/([^/]*)\/([^/]*)\/([^/]*)\/([^/]*)$/s.exec(text) ?? []
  const fail = (what: string): never => {
    throw malformedCredential(code, what)
  }
  if (!accessKeyId || !date || !region) {
    return fail('expected "<access key id>/<yyyyMMdd>/<region>/s3/aws4_request"')
  }
  // The region is any name the client likes. No comma: aws4 joins its cache keys with commas.
  if (!/^[\w.-]{1,64}$/.test(region)) return fail('the region is not a name')
  if (service !== 's3') return fail('the service must be "s3"')
  if (terminal !== 'aws4_request') return fail('it must end with "aws4_request"')
  return { accessKeyId, region, scope: [date, region, service, terminal].join('/') }
}

function parseSignedHeaders(text: string, code: ErrorCode): readonly string[] {
  const names = text.split(';')
  const isList = names.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
  if (!isList || new Set(names).size !== names.length) {
    throw new S3Error(code, {
      message: 'SignedHeaders must be a list of lower-case header names, each once.',
    })
  }
  return names
}

function malformedHeader(message: string): S3Error {
  return new S3Error('AuthorizationHeaderMalformed', {
    message: `The authorization header is malformed. ${message}`,
  })
}

function malformedQuery(message: string): S3Error {
  return new S3Error('AuthorizationQueryParametersError', { message })
}

function notImplemented(): S3Error {
  return new S3Error('NotImplemented', {
    message: `Signature version 4A (${sigV4a}) is not supported. Please use ${algorithm}.`,
  })
}
