// The content of one send: counted, held to the length that was announced, given up when nobody takes it,
// and remembered when it is the content that fails rather than the connection.
import { Readable } from 'node:stream'
import { JottaError, Silence } from './jotta-error.ts'

export type UploadContent = {
  readonly stream: Readable
  /** Whether all of it was handed over. */
  isTaken(): boolean
  /** What went wrong on the content's side, so far. */
  failure(): { readonly error: unknown } | undefined
}

/** What must be taken at the least in the time that a standstill may last. */
const PIECE_BYTES = 64 * 1024

/**
 * Destroying the stream destroys `source` at once, also while it is waiting for more. It fails with Silence
 * when a piece of it was not taken for `idleMs`; the time that `source` takes does not count, nor what
 * comes after the last piece.
 */
export function createUploadContent(
  source: Readable,
  sizeBytes: number,
  idleMs: number,
): UploadContent {
  const chunks = piecesOf(source[Symbol.asyncIterator]())
  let failure: { readonly error: unknown } | undefined
  let sentBytes = 0
  let standstill: NodeJS.Timeout | undefined
  const giveUp = () => {
    stream.destroy(new Silence('unavailable', `nothing of an upload was taken in ${idleMs} ms`))
  }
  const fail = (error: unknown) => {
    if (stream.destroyed) return
    failure ??= { error }
    stream.destroy(error instanceof Error ? error : new Error(String(error), { cause: error }))
  }
  const stream: Readable = new Readable({
    highWaterMark: PIECE_BYTES,
    read() {
      clearTimeout(standstill)
      chunks
        .next()
        .then(({ done, value }) => {
          if (done && sentBytes < sizeBytes) return fail(wrongSize(sentBytes, sizeBytes))
          if (done || stream.destroyed) return void stream.push(null)
          sentBytes += value.byteLength
          if (sentBytes > sizeBytes) return fail(wrongSize(sentBytes, sizeBytes))
          standstill = setTimeout(giveUp, idleMs)
          stream.push(value)
        })
        .catch(fail)
    },
    destroy(error, done) {
      clearTimeout(standstill)
      source.destroy()
      done(error)
    },
  })
  source.on('error', fail)
  // Also when nobody sends it any more, its end must not end the process.
  stream.on('error', () => {})
  return { stream, isTaken: () => sentBytes === sizeBytes, failure: () => failure }
}

/** Without empty ones, and none larger than what is waited for at a time. */
async function* piecesOf(chunks: AsyncIterator<unknown>): AsyncGenerator<Uint8Array> {
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    const bytes = bytesOf(next.value)
    for (let start = 0; start < bytes.byteLength; start += PIECE_BYTES) {
      yield bytes.subarray(start, start + PIECE_BYTES)
    }
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk)
  throw new TypeError('the content of an upload must be bytes')
}

function wrongSize(sentBytes: number, sizeBytes: number): JottaError {
  const text = `the content of an upload has ${sentBytes} bytes or more where ${sizeBytes} were due`
  return new JottaError('corrupt', text)
}
