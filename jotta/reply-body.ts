// The body of a reply as a stream whose failures say what they are, and the two ways of ending one
// that nobody wants to the end.
import { Readable } from 'node:stream'
import { Silence } from './jotta-error.ts'

/** Fewer bytes than these in the time that a silence may last are a silence: a body must not drip. */
export const LIVELY_BYTES = 4 * 1024

/** A body below this size is read to its end so that its connection can be used again. */
const DRAIN_MAX_BYTES = 64 * 1024
const DRAIN_LIMIT_MS = 2_000

/**
 * Passes `source` on with back-pressure. Its errors go through `translate`; destroying the result
 * destroys `source` at once, and with it the connection. Fails with Silence when it was waited for
 * `idleMs` in which not even LIVELY_BYTES came; the time that the reader takes does not count.
 */
export function guardBody(
  source: Readable,
  options: {
    readonly subject: string
    readonly idleMs: number
    readonly translate: (error: unknown) => Error
  },
): Readable {
  const { subject, idleMs, translate } = options
  const chunks: AsyncIterator<unknown> = source[Symbol.asyncIterator]()
  let waitedMs = 0
  let cameBytes = 0
  const next = async (): Promise<IteratorResult<unknown>> => {
    const startedMs = performance.now()
    const timer = setTimeout(() => {
      body.destroy(new Silence('unavailable', `${subject}: hardly a byte in ${idleMs} ms`))
    }, idleMs - waitedMs)
    try {
      const result = await chunks.next()
      waitedMs += performance.now() - startedMs
      cameBytes += result.value instanceof Uint8Array ? result.value.byteLength : 0
      if (cameBytes >= LIVELY_BYTES) {
        waitedMs = 0
        cameBytes = 0
      }
      return result
    } finally {
      clearTimeout(timer)
    }
  }
  const body = new Readable({
    read() {
      next().then(
        ({ done, value }) => body.push(done ? null : value),
        (error: unknown) => body.destroy(translate(error)),
      )
    },
    destroy(error, done) {
      source.destroy()
      done(error)
    },
  })
  // Also without a reader, a cut or an abort must end the body, and must not end the process.
  source.on('error', (error) => body.destroy(translate(error)))
  body.on('error', ignore)
  return body
}

/** Reads up to `maxBytes` as text; what is longer is cut off and the rest not read. */
export async function readText(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes >= maxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8')
}

/** Reads what is left when that is little and comes soon, else drops the connection. Never throws. */
export async function discardBody(body: Readable): Promise<void> {
  if (body.readableEnded || body.destroyed) return
  const limit = setTimeout(() => body.destroy(), DRAIN_LIMIT_MS)
  let sizeBytes = 0
  try {
    for await (const chunk of body) {
      sizeBytes += chunk.length
      if (sizeBytes > DRAIN_MAX_BYTES) break
    }
  } catch {
    // Nobody wants these bytes: that they did not come is no news.
  } finally {
    clearTimeout(limit)
    body.destroy()
  }
}

function ignore(): void {}
