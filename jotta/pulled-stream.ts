// A Readable of bytes that are asked for one piece after the other.
import { Readable } from 'node:stream'

export type Pieces = {
  /** The next bytes, or null at the end. Not called again before it has answered, nor after it failed. */
  next(): Promise<Uint8Array | null>
  /** Called once: after the end, a failure, or when nobody reads any more. */
  destroy(): void
}

/** `abandoned` is aborted when the stream is over, whichever way: so that a wait in `next` ends. */
export function pulledStream(pieces: Pieces, abandoned: AbortController): Readable {
  const stream = new Readable({
    read() {
      pieces.next().then(
        (chunk) => void stream.push(chunk),
        (error: Error) => stream.destroy(error),
      )
    },
    destroy(error, done) {
      abandoned.abort(error ?? new Error('nobody reads the download any more'))
      pieces.destroy()
      done(error)
    },
  })
  // A reader that has gone must not end the process.
  stream.on('error', () => undefined)
  return stream
}
