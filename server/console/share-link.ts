// Links to single objects for people without a key: presigned URLs of Signature Version 4. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
import { renderCanonicalRequest } from '../canonical-request.ts'
import { encodePercent } from '../percent.ts'
import { createSigner } from '../signer.ts'

export type ShareInput = {
  /** Where clients reach S3, such as `https://s3.example.org`. */
  readonly s3Url: string
  readonly bucket: string
  readonly key: string
  /** 1 second to 7 days, which is the most that a signature may last. */
  readonly expiresSeconds: number
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly now: Date
}

export function renderShareLink(input: ShareInput): string {
  const { host, origin } = new URL(input.s3Url)
  const timestamp = input.now.toISOString().replace(/[:-]|\.\d{3}/g, '')
  const scope = `${timestamp.slice(0, 8)}/${input.region}/s3/aws4_request`
  const queryPairs = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${input.accessKeyId}/${scope}`],
    ['X-Amz-Date', timestamp],
    ['X-Amz-Expires', String(input.expiresSeconds)],
    ['X-Amz-SignedHeaders', 'host'],
  ] as const
  const rawPath = renderPath(input.bucket, input.key)
  const canonicalRequest = renderCanonicalRequest({
    method: 'GET',
    rawPath,
    queryPairs,
    rawHeaders: ['host', host],
    signedHeaders: ['host'],
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  const { accessKeyId, region } = input
  const time = { date: input.now, timestamp }
  const signer = createSigner({ accessKeyId, region, time }, input.secretAccessKey)
  const { signature } = signer.signRequest(canonicalRequest)
  const query = [...queryPairs, ['X-Amz-Signature', signature] as const]
    .map(([name, value]) => `${name}=${encodePercent(value)}`)
    .join('&')
  return `${origin}${rawPath}?${query}`
}

/**
 * Browsers resolve `.` and `..` in paths, escaped or not. With its slashes escaped, the path of such a key is one
 * segment to them, and the same key to S3.
 */
function renderPath(bucket: string, key: string): string {
  const path = encodePercent(`${bucket}/${key}`)
  const hasDots = key.split('/').some((segment) => segment === '.' || segment === '..')
  return hasDots ? `/${path}` : `/${path.replaceAll('%2F', '/')}`
}
