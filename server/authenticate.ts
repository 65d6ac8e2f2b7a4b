// Who sent a request: Signature Version 4 in the Authorization header or in a presigned query, or the
// same of Version 2 (signature-v2.ts). The claim of a form is post-form-claim.ts.
import type { IncomingHttpHeaders } from 'node:http'
import { clockSkewMaxSeconds } from '../translate/limits.ts'
import { S3Error } from '../translate/s3-error.ts'
import { splitTarget } from './address.ts'
import { renderCanonicalRequest } from './canonical-request.ts'
import type { Identity } from './operation.ts'
import {
  type PayloadDeclaration,
  parsePayloadMode,
  unsignedPayload,
} from './payload-declaration.ts'
import { type ParsedQuery, parseQuery } from './query.ts'
import { type RequestTime, renderSeconds } from './request-time.ts'
import {
  checkScopeDate,
  isUnsigned,
  parseClaim,
  type SignatureClaim,
  type SignatureV2Policy,
} from './signature-claim.ts'
import {
  checkExpires,
  declareV2Payload,
  renderV2StringsToSign,
  signV2,
  type V2Claim,
} from './signature-v2.ts'
import { createSigner, isSame } from './signer.ts'

const skewMaxMs = clockSkewMaxSeconds * 1000
const claimParameters =
  /^x-amz-(?:algorithm|credential|date|expires|signedheaders|signature|content-sha256|security-token)$/

/** A key that was found by its id. */
export type Credential = Omit<Identity, 'accessKeyId'> & { readonly secretAccessKey: string }

export type FindCredential = (
  accessKeyId: string,
) => Credential | undefined | Promise<Credential | undefined>

export type AuthenticateInput = {
  readonly method: string
  /** Node's `req.url`, untouched. */
  readonly rawTarget: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingHttpHeaders
  /** When the Host header names a bucket, that one: Version 2 signs it and not the host. */
  readonly hostBucket?: string | undefined
  /** `off` when left out. */
  readonly signatureV2?: SignatureV2Policy
  readonly credentials: (accessKeyId: string) => Credential | undefined
  readonly now: Date
}

export type Authenticated = {
  /** `undefined` when the request makes no claim. */
  readonly identity: Identity | undefined
  readonly payloadDeclaration: PayloadDeclaration
  /**
   * x-amz-* values that a presigned query carries instead of headers (`x-amz-acl`,
   * `x-amz-meta-color`, …), by lower-case name. S3 reads them as headers: put them below the real ones.
   */
  readonly queryHeaders: Readonly<Record<string, string>>
}

/**
 * Throws the errors AWS gives: AccessDenied (expired, unsigned x-amz-* headers),
 * AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidAccessKeyId, InvalidRequest,
 * RequestTimeTooSkewed, SignatureDoesNotMatch, …; InvalidArgument for a bad x-amz-content-sha256.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function authenticate(input: AuthenticateInput): Authenticated {
  const { rawPath, rawQuery } = splitTarget(input.rawTarget)
  const query = parseQuery(rawQuery)
  if (isUnsigned(input.headers, query)) return declareUnsigned(input.headers, query)
  const claim = parseClaim(input.headers, query, input.signatureV2 ?? 'off')
  if (claim.version === 'v2') return authenticateV2(claim, input)
  checkTime(claim, input.now)
  const credential = findCredential(claim, input)
  const contentSha256 = payloadHashOf(claim, input.headers, query)
  checkSignedHeaders(claim, input.headers, contentSha256)
  const canonicalRequest = renderCanonicalRequest({
    method: input.method,
    rawPath,
    queryPairs: query.pairs.filter(([name]) => !isSignature(claim, name)),
    rawHeaders: input.rawHeaders,
    signedHeaders: claim.signedHeaders,
    payloadHash: contentSha256,
  })
  const signer = createSigner(claim, credential.secretAccessKey)
  const { stringToSign, signature } = signer.signRequest(canonicalRequest)
  if (!isSame(signature, claim.signature)) {
    throw new S3Error('SignatureDoesNotMatch', {
      elements: {
        AWSAccessKeyId: claim.accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: claim.signature,
        StringToSignBytes: renderBytes(stringToSign),
        CanonicalRequest: canonicalRequest,
        CanonicalRequestBytes: renderBytes(canonicalRequest),
      },
    })
  }
  refuseToken(input.headers['x-amz-security-token'] ?? query.get('X-Amz-Security-Token'))
  return {
    identity: identityOf(claim.accessKeyId, credential),
    payloadDeclaration: {
      contentSha256,
      mode: parsePayloadMode(contentSha256),
      chunkSigning: {
        seedSignature: signature,
        scope: claim.scope,
        timestamp: claim.time.timestamp,
        sign: signer.sign,
      },
    },
    queryHeaders: claim.expiresSeconds === undefined ? {} : queryHeadersOf(query),
  }
}

function authenticateV2(claim: V2Claim, input: AuthenticateInput): Authenticated {
  if ('expires' in claim) checkExpires(claim, input.now)
  else checkSkew(claim.time, input.now)
  const credential = findCredential(claim, input)
  const { secretAccessKey } = credential
  const payloadDeclaration = declareV2Payload(input.headers)
  const { rawPath, rawQuery } = splitTarget(input.rawTarget)
  const { method, headers, rawHeaders, hostBucket } = input
  const request = { method, rawPath, rawQuery, hostBucket, headers, rawHeaders }
  const stringsToSign = renderV2StringsToSign(request, claim)
  if (!stringsToSign.some((text) => isSame(signV2(text, secretAccessKey), claim.signature))) {
    throw new S3Error('SignatureDoesNotMatch', {
      elements: {
        AWSAccessKeyId: claim.accessKeyId,
        StringToSign: stringsToSign[0],
        SignatureProvided: claim.signature,
        StringToSignBytes: renderBytes(stringsToSign[0]),
      },
    })
  }
  refuseToken(input.headers['x-amz-security-token'])
  return {
    identity: identityOf(claim.accessKeyId, credential),
    payloadDeclaration,
    queryHeaders: {},
  }
}

export function identityOf(accessKeyId: string, credential: Credential): Identity {
  const { displayName, owner, limits } = credential
  return { accessKeyId, displayName, owner, limits }
}

/** A request without a claim. Its chunks cannot be signed either, and it may not choose the answer's headers. */
function declareUnsigned(headers: IncomingHttpHeaders, query: ParsedQuery): Authenticated {
  const override = query.names().find((name) => name.startsWith('response-'))
  if (override !== undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Request specific response headers cannot be used for anonymous GET requests.',
      elements: { ArgumentName: override },
    })
  }
  const contentSha256 = headers['x-amz-content-sha256']?.toString() || 'UNSIGNED-PAYLOAD'
  const mode = parsePayloadMode(contentSha256)
  if (mode.kind === 'aws-chunked' && mode.chunks === 'signed') throw new S3Error('AccessDenied')
  const payloadDeclaration = { ...unsignedPayload, contentSha256, mode }
  return { identity: undefined, payloadDeclaration, queryHeaders: {} }
}

function findCredential(
  { accessKeyId }: SignatureClaim | V2Claim,
  { credentials }: AuthenticateInput,
): Credential {
  const credential = credentials(accessKeyId)
  if (credential === undefined) {
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKeyId } })
  }
  return credential
}

/** There are no session tokens here, so one that is sent belongs to other keys. */
function refuseToken(token: string | string[] | undefined): void {
  if (token !== undefined && token.length > 0) throw new S3Error('InvalidToken')
}

/** As AWS shows texts whose blanks and line ends matter: each byte in hex. */
function renderBytes(text: string): string {
  return Buffer.from(text)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
}

function checkSkew({ date, timestamp }: RequestTime, now: Date): void {
  if (Math.abs(date.getTime() - now.getTime()) <= skewMaxMs) return
  throw new S3Error('RequestTimeTooSkewed', {
    elements: {
      RequestTime: timestamp,
      ServerTime: renderSeconds(now),
      MaxAllowedSkewMilliseconds: String(skewMaxMs),
    },
  })
}

function checkTime(claim: SignatureClaim, now: Date): void {
  if (claim.expiresSeconds === undefined) {
    // First: a date that was changed on its way is told as what it looks like, a clock that is wrong.
    checkSkew(claim.time, now)
    checkScopeDate(claim.scope, claim.time, 'AuthorizationHeaderMalformed')
    return
  }
  const aheadMs = claim.time.date.getTime() - now.getTime()
  if (aheadMs > skewMaxMs) {
    throw new S3Error('AccessDenied', {
      message: 'Request is not yet valid',
      elements: { RequestTime: claim.time.timestamp, ServerTime: renderSeconds(now) },
    })
  }
  const expires = new Date(claim.time.date.getTime() + claim.expiresSeconds * 1000)
  // No time at all is over already, by a clock that is ahead of this one too.
  if (claim.expiresSeconds <= 0 || expires.getTime() < now.getTime()) {
    throw new S3Error('AccessDenied', {
      message: 'Request has expired',
      elements: {
        'X-Amz-Expires': String(claim.expiresSeconds),
        Expires: renderSeconds(expires),
        ServerTime: renderSeconds(now),
      },
    })
  }
}

function payloadHashOf(
  claim: SignatureClaim,
  headers: IncomingHttpHeaders,
  query: ParsedQuery,
): string {
  const header = headers['x-amz-content-sha256']
  if (claim.expiresSeconds !== undefined) {
    const signed = claim.signedHeaders.includes('x-amz-content-sha256') ? header : undefined
    return String(signed ?? query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD')
  }
  if (header === undefined || header === '') {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    })
  }
  return String(header)
}

/** An x-amz-* header outside the signature could have been added by anyone on the way. */
function checkSignedHeaders(
  claim: SignatureClaim,
  headers: IncomingHttpHeaders,
  contentSha256: string,
): void {
  const signed = new Set(claim.signedHeaders)
  // The last line of the canonical request covers this one, when a presigned request repeats it.
  if (claim.expiresSeconds !== undefined && headers['x-amz-content-sha256'] === contentSha256) {
    signed.add('x-amz-content-sha256')
  }
  const notSigned = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') && !signed.has(name),
  )
  if (!signed.has('host')) notSigned.unshift('host')
  if (notSigned.length > 0) {
    throw new S3Error('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
      elements: { HeadersNotSigned: notSigned.join(', ') },
    })
  }
}

function isSignature(claim: SignatureClaim, name: string): boolean {
  return claim.expiresSeconds !== undefined && name === 'X-Amz-Signature'
}

function queryHeadersOf(query: ParsedQuery): Record<string, string> {
  return Object.fromEntries(
    query
      .names()
      .map((name) => [name.toLowerCase(), query.get(name) ?? ''] as const)
      .filter(([name]) => name.startsWith('x-amz-') && !claimParameters.test(name)),
  )
}
