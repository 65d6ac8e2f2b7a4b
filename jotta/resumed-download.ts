// The bytes of one download out of as many replies as it takes: where a body is cut or falls silent, a new
// request goes on. No byte comes twice, none is left out, and nothing is held but what is being passed on.
import type { Readable } from 'node:stream'
import type { ByteRange } from './client.ts'
import type { Environment } from './http.ts'
import { JottaError, Silence } from './jotta-error.ts'
import { type Pieces, pulledStream } from './pulled-stream.ts'
import { LIVELY_BYTES } from './reply-body.ts'
import { defaultRetryPolicy, retryDelayMs } from './retry.ts'

/** Replies in a row that brought nothing. */
const BARREN_TRIES_MAX = 6
/** The same for replies that fell silent: each takes as long as a silence may last. */
const BARREN_STALLS_MAX = 3
/** All replies of one download: enough for a service that cuts off every few megabytes. */
const TRIES_MAX = 2_000

export type DownloadSource = {
  /** The bytes wanted, all of which exist. */
  readonly range: ByteRange
  /**
   * Asks for the rest. Must throw unless what comes is the same content as before; tries again by itself
   * until there is a reply.
   */
  readonly reopen: (rest: ByteRange, signal: AbortSignal) => Promise<Readable>
  /** Ends the download, its requests and its waits. */
  readonly signal: AbortSignal
  readonly environment: Pick<Environment, 'random' | 'wait'>
}

/**
 * `first` is the body of the first reply. Destroying the result ends whatever is under way. Fails with
 * the failure of the last reply, and with JottaError `protocol` when more comes than was wanted.
 */
export function resumedDownload(first: Readable, source: DownloadSource): Readable {
  const abandoned = new AbortController()
  const signal = AbortSignal.any([source.signal, abandoned.signal])
  return pulledStream(createPieces(first, source, signal), abandoned)
}

function createPieces(first: Readable, source: DownloadSource, signal: AbortSignal): Pieces {
  const { endInclusive } = source.range
  let body = first
  let chunks: AsyncIterator<unknown> = first[Symbol.asyncIterator]()
  let position = source.range.start
  let pieceBytes = 0
  let tries = 0
  let barrenTries = 0

  /** Waits, or throws the failure when another reply would be no use. */
  const prepareNextTry = async (failure: JottaError): Promise<void> => {
    const isStall = failure instanceof Silence
    // What drips brings bytes too, but would never come to an end.
    if (pieceBytes >= (isStall ? LIVELY_BYTES : 1)) barrenTries = 0
    tries += 1
    barrenTries += 1
    const maxTries = isStall ? BARREN_STALLS_MAX : BARREN_TRIES_MAX
    const delayMs = retryDelayMs(
      {
        tries: barrenTries,
        elapsedMs: 0,
        retryAfterMs: undefined,
        random: source.environment.random(),
      },
      { ...defaultRetryPolicy, maxTries },
    )
    if (delayMs === undefined || tries >= TRIES_MAX) throw failure
    await source.environment.wait(delayMs, signal)
  }

  const resume = async (failure: JottaError): Promise<void> => {
    body.destroy()
    await prepareNextTry(failure)
    body = await source.reopen({ start: position, endInclusive }, signal)
    // Destroyed while it was opened: there is nobody to read it.
    if (signal.aborted) body.destroy()
    signal.throwIfAborted()
    chunks = body[Symbol.asyncIterator]()
    pieceBytes = 0
  }

  return {
    async next(): Promise<Uint8Array | null> {
      for (;;) {
        const chunk = await nextOf(chunks, signal)
        if (chunk instanceof Uint8Array) {
          position += chunk.byteLength
          pieceBytes += chunk.byteLength
          if (position <= endInclusive + 1) return chunk
          throw new JottaError('protocol', 'a download goes on beyond its end')
        }
        if (chunk === null && position > endInclusive) return null
        await resume(chunk ?? new JottaError('unavailable', 'a download ended early'))
      }
    },
    destroy: (): void => void body.destroy(),
  }
}

/** Bytes, null at the end, or the failure of a body that was cut or fell silent; throws any other. */
async function nextOf(
  chunks: AsyncIterator<unknown>,
  signal: AbortSignal,
): Promise<Uint8Array | JottaError | null> {
  try {
    const { done, value } = await chunks.next()
    if (done) return null
    if (value instanceof Uint8Array) return value
    throw new TypeError('a download must be bytes')
  } catch (error) {
    signal.throwIfAborted()
    const isCut = error instanceof JottaError && error.kind === 'unavailable'
    if (isCut) return error
    throw error
  }
}
