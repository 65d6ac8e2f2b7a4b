// The bytes of a request as they arrive, with a limit on every wait, and a Readable over any such flow.
// Neither ever destroys the request: its socket must still carry the error to the client.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { S3Error } from '../translate/s3-error.ts'

const blockMaxBytes = 64 * 1024
/** A piece this large is worth its buffer. */
const passAsIsBytes = 16 * 1024

export type RequestBodyOptions = {
  readonly req: IncomingMessage
  /** The longest wait for the client's next bytes; time that the consumer takes does not count. */
  readonly idleTimeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Throws IncompleteBody when the client goes away (or `signal` aborts, unless with an S3Error of its
 * own) and RequestTimeout when it falls silent. What is left of the request then stays unread.
 */
export async function* readRequestBody(
  options: RequestBodyOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { req, signal, idleTimeoutMs } = options
  // Every event only wakes the loop, which looks for itself what has happened.
  let wake = (): void => undefined
  const onEvent = (): void => wake()
  const events = ['readable', 'end', 'error', 'close']
  for (const event of events) req.on(event, onEvent)
  signal.addEventListener('abort', onEvent)
  try {
    for (;;) {
      if (signal.aborted) throw gone(signal.reason)
      const bytes: Buffer | null = req.read()
      if (bytes !== null) {
        yield bytes
        continue
      }
      if (req.readableEnded) break
      if (req.destroyed) throw gone(req.errored)
      const { promise, resolve } = Promise.withResolvers<'event' | 'timeout'>()
      wake = () => resolve('event')
      const timer = setTimeout(resolve, idleTimeoutMs, 'timeout')
      const woken = await promise
      clearTimeout(timer)
      if (woken === 'timeout') throw new S3Error('RequestTimeout')
    }
    if (!req.complete) throw gone(req.errored)
  } finally {
    signal.removeEventListener('abort', onEvent)
    for (const event of events) req.removeListener(event, onEvent)
  }
}

/**
 * The same bytes in pieces of 64 KiB or a little less. A client that drips its bytes would otherwise
 * fill the memory of whoever collects them: each tiny piece holds on to the whole buffer that it was
 * received in. `sizeBytes` is what is expected in all, so that a small body gets a small block.
 */
export async function* inBlocks(
  source: AsyncIterable<Buffer>,
  sizeBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const blockBytes = Math.max(1, Math.min(blockMaxBytes, sizeBytes))
  let block: Buffer | undefined
  let filledBytes = 0
  for await (const piece of source) {
    if (block === undefined && piece.length >= passAsIsBytes) {
      yield piece
      continue
    }
    for (let at = 0; at < piece.length; ) {
      // Not from Node's pool, which would be held on to in the same way.
      block ??= Buffer.allocUnsafeSlow(blockBytes)
      const copiedBytes = piece.copy(block, filledBytes, at)
      at += copiedBytes
      filledBytes += copiedBytes
      if (filledBytes < block.length) continue
      yield block
      block = undefined
      filledBytes = 0
    }
  }
  if (block !== undefined) yield block.subarray(0, filledBytes)
}

/**
 * A Readable that opens `source` at its first read and pulls one piece per read. Destroying it aborts
 * the signal, so that a wait inside the source ends and its `finally` blocks run.
 */
export function toReadable(source: (signal: AbortSignal) => AsyncGenerator<Buffer>): Readable {
  const abort = new AbortController()
  let opened: AsyncGenerator<Buffer> | undefined
  const stream = new Readable({
    read() {
      opened ??= source(abort.signal)
      opened.next().then(
        ({ done, value }) => {
          if (!stream.destroyed) stream.push(done === true ? null : value)
        },
        (error: Error) => stream.destroy(error),
      )
    },
    destroy(error, callback) {
      abort.abort()
      // Its end is not waited for: nothing in it can hold up the one who gave the stream up.
      opened?.return(undefined).catch(() => undefined)
      callback(error)
    },
  })
  // A failure that nobody listens for any more must not end the process; `errored` still has it, and
  // pipeline, finished and async iteration see it as ever.
  stream.on('error', () => undefined)
  return stream
}

function gone(cause: unknown): S3Error {
  return cause instanceof S3Error ? cause : new S3Error('IncompleteBody', { cause })
}
