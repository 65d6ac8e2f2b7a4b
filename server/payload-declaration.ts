// What x-amz-content-sha256 says of a request body: whether and how it is hashed, framed and signed.
// Written by authenticate.ts, read by payload.ts.
import { S3Error } from '../translate/s3-error.ts'

/** `trailer: 'none'` and `'announced'` say whether lines may follow the last chunk. */
export type PayloadMode =
  | { readonly kind: 'sha256'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | {
      readonly kind: 'aws-chunked'
      readonly chunks: 'signed' | 'unsigned'
      readonly trailer: 'none' | 'announced'
    }

/** What the signatures of chunks and trailers are made with; each covers the one before it. */
export type ChunkSigning = {
  /** The signature of the request itself, in hex. */
  readonly seedSignature: string
  /** `20130524/us-east-1/s3/aws4_request` */
  readonly scope: string
  /** `20130524T000000Z` */
  readonly timestamp: string
  /** HMAC with the signing key of that scope, in hex. */
  readonly sign: (stringToSign: string) => string
}

export type PayloadDeclaration = {
  /** As sent, or `UNSIGNED-PAYLOAD` for a presigned request that sent none. */
  readonly contentSha256: string
  readonly mode: PayloadMode
  readonly chunkSigning: ChunkSigning
}

/** Of a body for which nothing is declared, from somebody whose chunks cannot be signed. */
export const unsignedPayload: PayloadDeclaration = {
  contentSha256: 'UNSIGNED-PAYLOAD',
  mode: { kind: 'unsigned' },
  chunkSigning: { seedSignature: '', scope: '', timestamp: '', sign: noSignature },
}

/** Throws AccessDenied: there is nothing to sign with. */
function noSignature(): never {
  throw new S3Error('AccessDenied')
}

const chunkedModes: ReadonlyMap<string, PayloadMode> = new Map([
  [
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    { kind: 'aws-chunked', chunks: 'signed', trailer: 'none' } as const,
  ],
  [
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    { kind: 'aws-chunked', chunks: 'signed', trailer: 'announced' } as const,
  ],
  [
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    { kind: 'aws-chunked', chunks: 'unsigned', trailer: 'announced' } as const,
  ],
])

/**
 * Throws NotImplemented for the streaming forms that this server has not (SigV4A, events) and
 * InvalidArgument for anything that is no form at all.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
export function parsePayloadMode(contentSha256: string): PayloadMode {
  if (contentSha256 === 'UNSIGNED-PAYLOAD') return { kind: 'unsigned' }
  if (/^[0-9a-f]{64}$/i.test(contentSha256)) {
    return { kind: 'sha256', sha256: contentSha256.toLowerCase() }
  }
  const mode = chunkedModes.get(contentSha256)
  if (mode !== undefined) return mode
  const elements = { ArgumentName: 'x-amz-content-sha256', ArgumentValue: contentSha256 }
  if (contentSha256.startsWith('STREAMING-')) {
    throw new S3Error('NotImplemented', {
      message: `A payload of the form ${contentSha256} is not supported.`,
      elements,
    })
  }
  throw new S3Error('InvalidArgument', {
    message:
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING form or a SHA-256 value in hex.',
    elements,
  })
}
