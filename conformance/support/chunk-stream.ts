// aws-chunked bodies made by hand, with the chain of signatures that S3 asks for; so that tests can break
// any link of it. Written from the specification alone, and with nothing of the server in it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
import { createHash, createHmac } from 'node:crypto'
import { region, secretAccessKey } from './with-bridge.ts'

export type ChunkSigner = {
  /** The signature of the next chunk. */
  chunk(data: Buffer): string
  /** Of the trailer, as its lines are signed: `name:value\n`. */
  trailer(lines: string): string
}

/** `head` is the signed head of the request: its signature is the first link. */
export function createChunkSigner(head: string): ChunkSigner {
  const timestamp = /^x-amz-date: (\S+)/im.exec(head)?.[1] ?? ''
  const date = timestamp.slice(0, 8)
  let previous = /Signature=([0-9a-f]{64})/.exec(head)?.[1] ?? ''
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text)
  let key: string | Buffer = `AWS4${secretAccessKey}`
  for (const piece of [date, region, 's3', 'aws4_request']) key = hmac(key, piece).digest()
  const scope = `${date}/${region}/s3/aws4_request`
  const sign = (kind: string, ...hashes: string[]): string => {
    const text = [kind, timestamp, scope, previous, ...hashes].join('\n')
    previous = hmac(key, text).digest('hex')
    return previous
  }
  return {
    chunk: (data) => sign('AWS4-HMAC-SHA256-PAYLOAD', sha256(''), sha256(data)),
    trailer: (lines) => sign('AWS4-HMAC-SHA256-TRAILER', sha256(lines)),
  }
}

/** One chunk with its header; without a signer it carries no signature. */
export function renderChunk(data: Buffer, signer?: ChunkSigner): Buffer {
  const extension = signer === undefined ? '' : `;chunk-signature=${signer.chunk(data)}`
  const header = `${data.length.toString(16)}${extension}\r\n`
  // What follows the last chunk is a trailer or the line end, and the caller's.
  const end = data.length === 0 ? '' : '\r\n'
  return Buffer.concat([Buffer.from(header), data, Buffer.from(end)])
}

/** A whole body without a trailer. */
export function renderChunks(pieces: readonly Buffer[], signer?: ChunkSigner): Buffer {
  const chunks = [...pieces, Buffer.alloc(0)].map((piece) => renderChunk(piece, signer))
  return Buffer.concat([...chunks, Buffer.from('\r\n')])
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
