// What the console's own requests carry and are answered with: small JSON bodies either way.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import { S3Error } from '../../translate/s3-error.ts'
import { readRequestBody } from '../request-body.ts'
import { securityHeaders } from './gate.ts'

const bodyMaxBytes = 16 * 1024
const bodyIdleMs = 10_000

/** Throws InvalidRequest, MaxMessageLengthExceeded, RequestTimeout. */
export async function readJson<T extends z.ZodType>(
  req: IncomingMessage,
  shape: T,
  signal: AbortSignal,
): Promise<z.output<T>> {
  // No form can send it, so no page elsewhere can without asking first.
  if (!/^application\/json\s*(?:;|$)/i.test(req.headers['content-type'] ?? '')) {
    throw new S3Error('InvalidRequest', { message: 'A body of application/json is expected.' })
  }
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const bytes of readRequestBody({ req, idleTimeoutMs: bodyIdleMs, signal })) {
    sizeBytes += bytes.length
    if (sizeBytes > bodyMaxBytes) throw new S3Error('MaxMessageLengthExceeded')
    pieces.push(bytes)
  }
  const parsed = shape.safeParse(parseJson(Buffer.concat(pieces).toString()))
  if (parsed.success) return parsed.data
  const { path = [], message = '' } = parsed.error.issues[0] ?? {}
  throw new S3Error('InvalidRequest', { message: [...path, message].join(': ') })
}

export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`)
  res.writeHead(status, {
    ...securityHeaders,
    'Cache-Control': 'no-store',
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    // What was not read of a body is not read any more.
    ...(res.req.complete ? {} : { Connection: 'close' }),
    ...headers,
  })
  res.end(bytes)
}

/** For whoever has opened what is no page of the console. */
export function sendText(res: ServerResponse, status: number, text: string): void {
  const type = { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' }
  res.writeHead(status, { ...securityHeaders, ...type })
  res.end(text)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new S3Error('InvalidRequest', { message: 'The body is no JSON.', cause })
  }
}
