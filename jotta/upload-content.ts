// The content of one send: counted, held to the length that was announced, and remembered when it is
// the content that fails rather than the connection.
import { Readable } from 'node:stream'
import { JottaError } from './jotta-error.ts'

export type UploadContent = {
  readonly stream: Readable
  /** What went wrong on the content's side, so far. */
  failure(): { readonly error: unknown } | undefined
}

/** Destroying the stream destroys `source` at once, also while it is waiting for more. */
export function createUploadContent(source: Readable, sizeBytes: number): UploadContent {
  const chunks: AsyncIterator<unknown> = source[Symbol.asyncIterator]()
  let failure: { readonly error: unknown } | undefined
  let sentBytes = 0
  const fail = (error: unknown) => {
    if (stream.destroyed) return
    failure ??= { error }
    stream.destroy(error instanceof Error ? error : new Error(String(error), { cause: error }))
  }
  const stream: Readable = new Readable({
    read() {
      chunks
        .next()
        .then(({ done, value }) => {
          if (done && sentBytes < sizeBytes) return fail(wrongSize(sentBytes, sizeBytes))
          if (done) return void stream.push(null)
          const chunk = bytesOf(value)
          sentBytes += chunk.byteLength
          if (sentBytes > sizeBytes) return fail(wrongSize(sentBytes, sizeBytes))
          if (chunk.byteLength === 0) return this._read(0)
          stream.push(chunk)
        })
        .catch(fail)
    },
    destroy(error, done) {
      source.destroy()
      done(error)
    },
  })
  source.on('error', fail)
  // Also when nobody sends it any more, its end must not end the process.
  stream.on('error', () => {})
  return { stream, failure: () => failure }
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
