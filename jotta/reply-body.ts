// The body of a reply as a stream whose failures say what they are, and the two ways of ending one
// that nobody wants to the end.
import { Readable } from 'node:stream'

/** A body below this size is read to its end so that its connection can be used again. */
const DRAIN_MAX_BYTES = 64 * 1024
const DRAIN_LIMIT_MS = 2_000

/**
 * Passes `source` on with back-pressure. Its errors go through `translate`; destroying the result
 * destroys `source` at once, and with it the connection.
 */
export function guardBody(source: Readable, translate: (error: unknown) => Error): Readable {
  const chunks: AsyncIterator<unknown> = source[Symbol.asyncIterator]()
  const body = new Readable({
    read() {
      chunks.next().then(
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
