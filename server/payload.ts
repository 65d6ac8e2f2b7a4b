// The body of a request: how long it says it is, how it is framed, and the digests it is held against.
// An object's body becomes an ObjectBody, an XML body verified text.
import assert from 'node:assert'
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { ChecksumAlgorithm, Checksums } from '../translate/bridge.ts'
import { createChecksum } from '../translate/checksum.ts'
import { S3Error } from '../translate/s3-error.ts'
import { decodeAwsChunked } from './aws-chunked.ts'
import {
  type ChecksumDeclaration,
  checkChecksumValue,
  parseChecksumDeclaration,
  parseContentMd5,
  parseTrailerNames,
} from './checksum.ts'
import type { Payload } from './operation.ts'
import type { PayloadDeclaration, PayloadMode } from './payload-declaration.ts'
import { inBlocks, readRequestBody, toReadable } from './request-body.ts'

export type PayloadOptions = {
  readonly req: IncomingMessage
  /** Those of the request, or with the values that a presigned query carries put below them. */
  readonly headers: IncomingHttpHeaders
  readonly declaration: PayloadDeclaration
  readonly signal: AbortSignal
  /** Called once, when the body is first read: the moment for `100 Continue`. */
  readonly onContinue: () => void
  readonly idleTimeoutMs: number
  readonly maxObjectBytes: number
}

/**
 * Reads nothing and refuses nothing until open() or text() is called; either may be called once. After
 * a failure the rest of the request is left unread, so the connection cannot be used again.
 */
export function createPayload(options: PayloadOptions): Payload {
  let isUsed = false
  const read = (plan: BodyPlan, verified: Map<ChecksumAlgorithm, string>, signal: AbortSignal) => {
    options.onContinue()
    return verifyBody(decodeBody(options, plan, signal), plan, verified)
  }
  const take = (): void => {
    assert(!isUsed, 'a request body is read once')
    isUsed = true
  }
  return {
    open() {
      take()
      const plan = planBody(options, { noLength: 'refuse', checksum: 'of-body' })
      if (plan.sizeBytes > options.maxObjectBytes) throw entityTooLarge(plan.sizeBytes, options)
      const verified = new Map<ChecksumAlgorithm, string>()
      return {
        stream: toReadable((signal) =>
          read(plan, verified, AbortSignal.any([options.signal, signal])),
        ),
        sizeBytes: plan.sizeBytes,
        ...(plan.md5 === undefined ? {} : { md5: plan.md5 }),
        declaredChecksum: plan.checksum?.algorithm ?? 'none',
        checksums: (): Checksums['values'] => Object.fromEntries(verified),
      }
    },
    async text({ maxBytes, digest }) {
      take()
      const checksum = digest === 'of-object' ? 'of-object' : 'of-body'
      const plan = planBody(options, { noLength: 'empty', checksum })
      if (digest === 'required' && plan.md5 === undefined && plan.checksum === undefined) {
        throw new S3Error('InvalidRequest', {
          message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
        })
      }
      if (plan.sizeBytes > maxBytes) throw new S3Error('MaxMessageLengthExceeded')
      const bytes = Buffer.alloc(plan.sizeBytes)
      let filledBytes = 0
      for await (const block of read(plan, new Map(), options.signal)) {
        filledBytes += block.copy(bytes, filledBytes)
      }
      return decodeText(bytes, plan.md5)
    },
  }
}

/**
 * The Content-Encoding to keep with an object: `aws-chunked` is about the transfer and is taken out.
 * `undefined` when nothing else is left.
 */
export function parseContentEncoding(header: string | undefined): string | undefined {
  if (header === undefined || !/aws-chunked/i.test(header)) return header
  const kept = header
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked')
  return kept.length === 0 ? undefined : kept.join(',')
}

/** What the headers promise. */
export type BodyPlan = {
  /** Decoded. */
  readonly sizeBytes: number
  /** When nobody promised a size; else it is exact. */
  readonly sizeIs?: 'at-most'
  readonly mode: PayloadMode
  readonly md5: string | undefined
  readonly checksum: ChecksumDeclaration | undefined
  readonly trailerNames: readonly string[]
}

function planBody(
  { headers, declaration: { mode } }: PayloadOptions,
  rules: { noLength: 'refuse' | 'empty'; checksum: 'of-body' | 'of-object' },
): BodyPlan {
  const sizeBytes =
    mode.kind === 'aws-chunked' ? decodedLength(headers) : contentLength(headers, rules.noLength)
  const trailerNames = parseTrailerNames(headers)
  const canHaveTrailer = mode.kind === 'aws-chunked' && mode.trailer === 'announced'
  if (trailerNames.length > 0 && !canHaveTrailer) {
    throw new S3Error('InvalidRequest', {
      message:
        'x-amz-trailer is there, but x-amz-content-sha256 does not name a form with a trailer.',
    })
  }
  return {
    sizeBytes,
    mode,
    md5: parseContentMd5(headers),
    checksum:
      rules.checksum === 'of-body' ? parseChecksumDeclaration(headers, trailerNames) : undefined,
    trailerNames,
  }
}

function contentLength(headers: IncomingHttpHeaders, noLength: 'refuse' | 'empty'): number {
  const header = headers['content-length']
  if (header !== undefined) return parseLength(header, 'Content-Length')
  if (headers['transfer-encoding'] !== undefined) {
    throw new S3Error('NotImplemented', {
      message: 'A body of unknown length is not supported. Send a Content-Length.',
      elements: { Header: 'Transfer-Encoding' },
    })
  }
  if (noLength === 'refuse') throw new S3Error('MissingContentLength')
  return 0
}

/** HTTP's own chunked coding may carry an aws-chunked body, and then has no Content-Length. */
function decodedLength(headers: IncomingHttpHeaders): number {
  const header = headers['x-amz-decoded-content-length']
  if (header === undefined) {
    throw new S3Error('MissingContentLength', {
      message: 'The x-amz-decoded-content-length header is required.',
    })
  }
  const sizeBytes = parseLength(String(header), 'x-amz-decoded-content-length')
  const encoded = headers['content-length']
  if (encoded !== undefined && parseLength(encoded, 'Content-Length') <= sizeBytes) {
    throw new S3Error('InvalidRequest', {
      message: 'Content-Length leaves no room for x-amz-decoded-content-length bytes in chunks.',
    })
  }
  return sizeBytes
}

/** Throws InvalidArgument for what is no whole number of bytes. */
export function parseLength(text: string, ArgumentName: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new S3Error('InvalidArgument', {
    message: `${ArgumentName} must be a whole number.`,
    elements: { ArgumentName, ArgumentValue: text },
  })
}

export type BodyFlow = {
  readonly bytes: AsyncIterable<Buffer>
  readonly trailers: Map<string, string>
}

function decodeBody(options: PayloadOptions, plan: BodyPlan, signal: AbortSignal): BodyFlow {
  const trailers = new Map<string, string>()
  const { req, idleTimeoutMs, declaration } = options
  const raw = readRequestBody({ req, idleTimeoutMs, signal })
  if (plan.mode.kind !== 'aws-chunked') return { bytes: raw, trailers }
  const bytes = decodeAwsChunked(raw, {
    sizeBytes: plan.sizeBytes,
    signing: plan.mode.chunks === 'signed' ? declaration.chunkSigning : undefined,
    trailerNames: plan.mode.trailer === 'announced' ? plan.trailerNames : undefined,
    trailers,
  })
  return { bytes, trailers }
}

/**
 * Passes bytes on, one piece late: the last piece leaves only when length and digests are right. So
 * nobody downstream ever holds a whole body that turns out to be wrong, however it counts.
 */
export async function* verifyBody(
  flow: BodyFlow,
  plan: BodyPlan,
  verified: Map<ChecksumAlgorithm, string>,
): AsyncGenerator<Buffer, void, undefined> {
  const sha256 = plan.mode.kind === 'sha256' ? createHash('sha256') : undefined
  const checksum = plan.checksum && (await createChecksum(plan.checksum.algorithm))
  let receivedBytes = 0
  let held: Buffer | undefined
  for await (const bytes of inBlocks(flow.bytes, plan.sizeBytes)) {
    receivedBytes += bytes.length
    if (receivedBytes > plan.sizeBytes) throw wrongLength(plan.sizeBytes, receivedBytes)
    sha256?.update(bytes)
    checksum?.update(bytes)
    if (held !== undefined) yield held
    held = bytes
  }
  const isWhole = plan.sizeIs === 'at-most' || receivedBytes === plan.sizeBytes
  if (!isWhole) throw wrongLength(plan.sizeBytes, receivedBytes)
  if (sha256 !== undefined) checkSha256(plan.mode, sha256.digest('hex'))
  if (plan.checksum !== undefined && checksum !== undefined) {
    const computed = checksum.digest().toString('base64')
    checkChecksum(plan.checksum, flow.trailers, computed)
    verified.set(plan.checksum.algorithm, computed)
  }
  if (held !== undefined) yield held
}

function checkSha256(mode: PayloadMode, computed: string): void {
  if (mode.kind !== 'sha256' || mode.sha256 === computed) return
  throw new S3Error('XAmzContentSHA256Mismatch', {
    elements: {
      ClientComputedContentSHA256: mode.sha256,
      S3ComputedContentSHA256: computed,
    },
  })
}

function checkChecksum(
  declaration: ChecksumDeclaration,
  trailers: ReadonlyMap<string, string>,
  computed: string,
): void {
  const { algorithm } = declaration
  const promised =
    declaration.from === 'header'
      ? declaration.value
      : (trailers.get(declaration.trailerName) ?? '')
  checkChecksumValue(algorithm, promised)
  if (promised !== computed) {
    throw new S3Error('BadDigest', {
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
    })
  }
}

/** Throws BadDigest against Content-MD5, MalformedXML for bytes that are not UTF-8. */
function decodeText(bytes: Buffer, md5: string | undefined): string {
  const computed = createHash('md5').update(bytes).digest('hex')
  if (md5 !== undefined && md5 !== computed) {
    throw new S3Error('BadDigest', {
      message: 'The Content-MD5 you specified did not match what we received.',
      elements: { ExpectedDigest: md5, CalculatedDigest: computed },
    })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new S3Error('MalformedXML', { message: 'The body is not UTF-8 text.', cause })
  }
}

function wrongLength(announcedBytes: number, receivedBytes: number): S3Error {
  return new S3Error('IncompleteBody', {
    message: `The body has ${receivedBytes} bytes or more; ${announcedBytes} were announced.`,
  })
}

function entityTooLarge(sizeBytes: number, { maxObjectBytes }: PayloadOptions): S3Error {
  return new S3Error('EntityTooLarge', {
    elements: { ProposedSize: String(sizeBytes), MaxSizeAllowed: String(maxObjectBytes) },
  })
}
