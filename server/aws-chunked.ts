// Takes the aws-chunked framing off a body: chunk headers, signatures and trailer. Memory is one piece
// of input and one line, however large a chunk says it is.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
import { createHash, type Hash, timingSafeEqual } from 'node:crypto'
import { S3Error } from '../translate/s3-error.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import type { ChunkSigning } from './payload-declaration.ts'

/** A chunk header is at most 16 + 17 + 64 + 2 bytes. */
const headerMaxBytes = 128
const trailerMaxBytes = 4 * 1024
const emptySha256 = createHash('sha256').digest('hex')
const trailerSignature = 'x-amz-trailer-signature'
const isSignatureLine = (line: string): boolean => /^x-amz-trailer-signature:/i.test(line)

export type AwsChunkedOptions = {
  /** x-amz-decoded-content-length. */
  readonly sizeBytes: number
  /** `undefined`: chunks carry no signatures. */
  readonly signing: ChunkSigning | undefined
  /** Names announced by x-amz-trailer; `undefined`: nothing may follow the last chunk. */
  readonly trailerNames: readonly string[] | undefined
  /** Filled, by lower-case name, before the generator ends. */
  readonly trailers: Map<string, string>
}

/**
 * Yields the decoded bytes. They leave before the signature of their chunk is known, so nothing counts
 * until the generator ends without an error: only then every signature, the last chunk, the trailer and
 * the length have been seen. Throws SignatureDoesNotMatch, IncompleteBody (truncated, or not as long as
 * announced), InvalidRequest (framing) and MalformedTrailerError.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  options: AwsChunkedOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    const reader = createByteReader(iterator)
    const verifier = options.signing === undefined ? undefined : createVerifier(options.signing)
    let missingBytes = options.sizeBytes
    for (;;) {
      const header = await readChunkHeader(reader, options.signing)
      if (header.sizeBytes > missingBytes) throw wrongLength()
      missingBytes -= header.sizeBytes
      const hash = verifier === undefined ? undefined : createHash('sha256')
      yield* readChunkData(reader, header.sizeBytes, hash)
      if (hash !== undefined) verifier?.endChunk(hash, header.signature)
      if (header.sizeBytes === 0) break
      await readLineEnd(reader)
    }
    if (missingBytes > 0) throw wrongLength()
    await (options.trailerNames === undefined
      ? readLineEnd(reader)
      : readTrailer(reader, options.trailerNames, options.trailers, verifier))
    if ((await reader.some(1)) !== undefined) throw malformed('bytes follow its end')
  } finally {
    await iterator.return?.()
  }
}

type ChunkHeader = { readonly sizeBytes: number; readonly signature: string }

async function readChunkHeader(
  reader: ByteReader,
  signing: ChunkSigning | undefined,
): Promise<ChunkHeader> {
  const fail = () => malformed('a chunk header is not valid')
  const line = await reader.line({ maxBytes: headerMaxBytes, end: 'crlf', malformed: fail })
  if (line === undefined) throw truncated()
  const form =
    signing === undefined
      ? /^([0-9a-f]{1,16})$/i
      : /^([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})$/
  const [, size = '', signature = ''] = form.exec(line) ?? []
  // Past 2^53 the number is inexact, and far past any announced length.
  const sizeBytes = Number.parseInt(size, 16)
  if (Number.isNaN(sizeBytes)) throw fail()
  return { sizeBytes, signature }
}

async function* readChunkData(
  reader: ByteReader,
  sizeBytes: number,
  hash: Hash | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let left = sizeBytes
  while (left > 0) {
    const bytes = await reader.some(left)
    if (bytes === undefined) throw truncated()
    left -= bytes.length
    hash?.update(bytes)
    yield bytes
  }
}

async function readLineEnd(reader: ByteReader): Promise<void> {
  const fail = () => malformed('a chunk is longer than it says')
  const line = await reader.line({ maxBytes: 2, end: 'crlf', malformed: fail })
  if (line === undefined) throw truncated()
}

/**
 * Fields up to an empty line, then, with a verifier, the signature and an empty line once more.
 * NOTE: minio-go ends the fields with LF and has one more CRLF before the signature, where AWS's example
 * and the SDKs have CRLF after each line and no more; both are taken.
 */
async function readTrailer(
  reader: ByteReader,
  names: readonly string[],
  trailers: Map<string, string>,
  verifier: Verifier | undefined,
): Promise<void> {
  const nextLine = createTrailerLines(reader, verifier === undefined ? 'crlf' : 'crlf-or-lf')
  let line = await nextLine()
  for (; line !== '' && !isSignatureLine(line); line = await nextLine()) {
    const [name, value] = parseField(line)
    if (!names.includes(name) || trailers.has(name)) throw malformedTrailer()
    trailers.set(name, value)
  }
  if (names.some((name) => !trailers.has(name))) throw malformedTrailer()
  if (verifier === undefined) {
    if (line !== '') throw malformedTrailer()
    return
  }
  const [name, signature] = parseField(line === '' ? await nextLine() : line)
  if (name !== trailerSignature || (await nextLine()) !== '') throw malformedTrailer()
  verifier.checkTrailer(trailers, signature)
}

function createTrailerLines(reader: ByteReader, end: 'crlf' | 'crlf-or-lf') {
  let leftBytes = trailerMaxBytes
  return async (): Promise<string> => {
    const line = await reader.line({ maxBytes: leftBytes, end, malformed: malformedTrailer })
    if (line === undefined) throw truncated()
    leftBytes -= line.length + 1
    return line
  }
}

function parseField(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  if (colon === -1) throw malformedTrailer()
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
}

type Verifier = ReturnType<typeof createVerifier>

function createVerifier(signing: ChunkSigning) {
  let previous = signing.seedSignature

  function check(kind: string, hashes: readonly string[], provided: string): void {
    const { timestamp, scope } = signing
    const stringToSign = [kind, timestamp, scope, previous, ...hashes].join('\n')
    const expected = Buffer.from(signing.sign(stringToSign))
    const given = Buffer.from(provided)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new S3Error('SignatureDoesNotMatch', {
        elements: { StringToSign: stringToSign, SignatureProvided: provided },
      })
    }
    previous = provided
  }

  return {
    endChunk(hash: Hash, signature: string): void {
      check('AWS4-HMAC-SHA256-PAYLOAD', [emptySha256, hash.digest('hex')], signature)
    },
    checkTrailer(trailers: ReadonlyMap<string, string>, signature: string): void {
      const signed = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
      const hash = createHash('sha256').update(signed, 'latin1').digest('hex')
      check('AWS4-HMAC-SHA256-TRAILER', [hash], signature)
    },
  }
}

function truncated(): S3Error {
  return new S3Error('IncompleteBody')
}

function wrongLength(): S3Error {
  return new S3Error('IncompleteBody', {
    message: 'The chunks do not hold as many bytes as x-amz-decoded-content-length announced.',
  })
}

function malformed(what: string): S3Error {
  return new S3Error('InvalidRequest', { message: `The aws-chunked body is malformed: ${what}.` })
}

function malformedTrailer(): S3Error {
  return new S3Error('MalformedTrailerError')
}
