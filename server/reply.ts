// Reply or error -> HTTP. The only file that writes to Koa's context, and it writes to the response
// itself (`respond = false`): Koa's own way loses sight of a stream once it is the body, and here the
// answer must be over before the request is logged and its connection judged.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import type { Context } from 'koa'
import { quoteEtag, unquoteEtag } from '../translate/etag.ts'
import { asS3Error } from '../translate/jotta-error.ts'
import { OverQuota } from '../translate/quota/over-quota.ts'
import { S3Error, type S3ErrorCode } from '../translate/s3-error.ts'
import type { Reply } from './operation.ts'
import { isHeaderValue } from './operations/wire/metadata.ts'
import { readRequestBody } from './request-body.ts'
import { Throttled } from './throttle/callers.ts'
import { renderXml, toXmlDocument, XML_DECLARATION, type XmlBytes } from './xml.ts'

/** Resolves after so many milliseconds; rejects when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>

export type ReplyOptions = {
  readonly requestId: string
  /** For the Resource element of errors. */
  readonly resource: () => string
  /** Besides the reply's own and in place of those of the same name, also of an error. */
  readonly addedHeaders: () => Readonly<Record<string, string>>
  /** Aborts when the response closes unfinished. */
  readonly signal: AbortSignal
  /** Whether the client still holds its body back for a `100 Continue` that has not been sent. */
  readonly awaitsContinue: () => boolean
  readonly wait: Wait
  /** The longest time in which a client takes no byte of those that are ready for it. */
  readonly idleTimeoutMs: number
}

/** For whoever watches the server. `command` is what mends it, to be run with the server's settings. */
export type Health =
  | { readonly status: 'ok' }
  | { readonly status: 'login-required' | 'other-account'; readonly command: string }

/** What became of the answer, for the log. */
export type Outcome = {
  readonly status: number
  readonly code?: S3ErrorCode
  /** Only for failures that are not the client's. */
  readonly error?: unknown
}

export const slowXmlGraceMs = 5_000
export const slowXmlSpaceMs = 10_000
/** What is read of a body that nobody wanted, so that its sender gets to see the answer. */
const drainMaxBytes = 8 * 1024 * 1024
const drainMaxMs = 1_000

const hostId = 'jotta-s3'
const clientGone: Outcome = { status: 499 }

/** Throws what the reply's result or stream throws before the head of the answer is sent. */
export async function sendReply(
  ctx: Context,
  reply: Reply,
  options: ReplyOptions,
): Promise<Outcome> {
  const { body } = reply
  if (body?.kind === 'stream') return await sendStream(ctx, reply, body, options)
  if (body?.kind === 'slow-xml') return await sendSlowXml(ctx, reply, body, options)
  const bytes = body && toXmlDocument(renderXml(body.root, body.content, body.namespace))
  writeHead(ctx, reply.status, reply.headers ?? {}, options)
  return await sendBytes(ctx, bytes, options, { status: reply.status })
}

/** Never throws. What is no S3Error is answered as `asS3Error` has it. */
export async function sendError(
  ctx: Context,
  error: unknown,
  options: ReplyOptions,
): Promise<Outcome> {
  if (options.signal.aborted) return clientGone
  const known = asS3Error(error)
  const outcome = outcomeOf(known)
  if (ctx.res.headersSent) {
    // A cut connection is the only honest end for a body that was promised whole.
    ctx.res.destroy()
    return { ...outcome, status: ctx.res.statusCode }
  }
  for (const name of ctx.res.getHeaderNames()) ctx.res.removeHeader(name)
  if (known.code === 'NotModified') {
    writeHead(ctx, 304, notModifiedHeaders(known), options)
    return await sendBytes(ctx, undefined, options, { status: 304 })
  }
  const retryAfter = known.retryAfterSeconds?.toString()
  writeHead(ctx, known.status, { 'Retry-After': retryAfter }, options)
  const bytes = toXmlDocument(renderError(known, options.requestId, options.resource()))
  return await sendBytes(ctx, bytes, options, outcome)
}

/** For health checks. */
export async function sendHealth(ctx: Context, health: Health): Promise<void> {
  const text = `${JSON.stringify(health)}\n`
  ctx.respond = false
  ctx.status = health.status === 'ok' ? 200 : 503
  ctx.set('Content-Type', 'application/json')
  ctx.set('Cache-Control', 'no-store')
  ctx.set('Content-Length', String(Buffer.byteLength(text)))
  if (isBodyLeft(ctx.req)) ctx.set('Connection', 'close')
  ctx.res.end(text)
  await finished(ctx.res, { readable: false })
}

/** The XML document of an error, without declaration. */
export function renderError(error: S3Error, requestId: string, resource: string): XmlBytes {
  const content = {
    Code: error.code,
    Message: error.message,
    ...error.elements,
    Resource: resource,
    RequestId: requestId,
    HostId: hostId,
  }
  return renderXml('Error', content, 'none')
}

/** The headers that every answer carries. */
export function identifyingHeaders(requestId: string): Record<string, string> {
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId, Server: 'jotta-s3' }
}

function writeHead(
  ctx: Context,
  status: number,
  headers: NonNullable<Reply['headers']>,
  options: ReplyOptions,
): void {
  ctx.respond = false
  ctx.status = status
  for (const [name, value] of Object.entries({
    ...identifyingHeaders(options.requestId),
    ...headers,
    ...options.addedHeaders(),
  })) {
    if (value !== undefined) ctx.set(name, value)
  }
  if (isBodyLeft(ctx.req)) ctx.set('Connection', 'close')
  limitIdleness(ctx.res, options.idleTimeoutMs)
}

/**
 * Cuts a client that takes none of the bytes it is offered. While there are none to take, whoever is to bring them has
 * limits of his own, and the client is not to blame.
 */
function limitIdleness(res: ServerResponse, idleTimeoutMs: number): void {
  res.setTimeout(idleTimeoutMs, () => {
    if (res.writableLength > 0) res.destroy()
  })
  // NOTE: Node leaves it to the next request of a pipeline, which would be cut by it before it has a head.
  res.prependOnceListener('finish', () => res.setTimeout(0))
}

/** Headers have been set, `bytes` is the whole body. */
async function sendBytes(
  ctx: Context,
  bytes: XmlBytes | undefined,
  options: ReplyOptions,
  outcome: Outcome,
): Promise<Outcome> {
  const isEmpty = outcome.status === 204 || outcome.status === 304
  if (bytes !== undefined) ctx.set('Content-Type', 'application/xml')
  if (ctx.method !== 'HEAD' && !isEmpty) {
    const sizeBytes = (bytes ?? []).reduce((sum, { length }) => sum + length, 0)
    ctx.set('Content-Length', String(sizeBytes))
    if (bytes !== undefined) write(ctx, bytes)
  }
  return await end(ctx, options, outcome)
}

function write({ res }: Context, bytes: XmlBytes): void {
  res.cork()
  for (const piece of bytes) res.write(piece)
  res.uncork()
}

/** Ends an answer of which every byte has been written. */
async function end(ctx: Context, options: ReplyOptions, outcome: Outcome): Promise<Outcome> {
  if (isBodyLeft(ctx.req) && !options.awaitsContinue()) {
    // NOTE: flushHeaders alone writes the head as UTF-8 and so breaks metadata outside ASCII; nothing
    // that is answered before its body was read carries any.
    if (!ctx.res.headersSent) ctx.res.flushHeaders()
    await drain(ctx.req, options)
  }
  if (options.signal.aborted) return clientGone
  ctx.res.end()
  try {
    await finished(ctx.res, { readable: false })
    return outcome
  } catch {
    // The only way for a response to end badly here is a connection that is gone.
    return clientGone
  }
}

async function sendStream(
  ctx: Context,
  reply: Reply,
  body: { readonly stream: Readable; readonly sizeBytes: number },
  options: ReplyOptions,
): Promise<Outcome> {
  const { signal } = options
  let failure: unknown
  async function* exactly(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let sentBytes = 0
    try {
      for await (const bytes of source) {
        sentBytes += bytes.length
        if (sentBytes > body.sizeBytes) throw new Error('The object is longer than announced.')
        yield bytes
      }
      if (sentBytes < body.sizeBytes) throw new Error('The object is shorter than announced.')
    } catch (error) {
      if (!signal.aborted) failure = error
      throw error
    }
  }
  try {
    writeHead(ctx, reply.status, reply.headers ?? {}, options)
  } catch (error) {
    body.stream.destroy()
    throw error
  }
  try {
    // On any failure both ends are destroyed: the client never sees a clean end of a broken body.
    await pipeline(body.stream, exactly, ctx.res, { signal })
    return { status: reply.status }
  } catch (error) {
    if (failure === undefined) return clientGone
    return { ...outcomeOf(failure), status: reply.status, error }
  }
}

/**
 * Waits a little for the result, so that what fails at once fails with its status; then sends 200 and
 * white space until there is a result, and an error as the document, as S3 does, or as the reply wants it.
 */
async function sendSlowXml(
  ctx: Context,
  reply: Reply,
  { result, lateFailure }: Extract<Reply['body'], { readonly kind: 'slow-xml' }>,
  options: ReplyOptions,
): Promise<Outcome> {
  const settled = result.then(
    ({ root, content, headers }) => ({
      bytes: renderXml(root, content),
      headers,
      error: undefined,
    }),
    (error: unknown) => ({ bytes: undefined, headers: undefined, error }),
  )
  const first = await settledWithin(settled, slowXmlGraceMs, options)
  if (first !== undefined && first.bytes === undefined) throw first.error
  const headers = { ...reply.headers, ...first?.headers, 'Content-Type': 'application/xml' }
  writeHead(ctx, reply.status, headers, options)
  if (first?.bytes !== undefined) {
    const bytes = toXmlDocument(first.bytes)
    return await sendBytes(ctx, bytes, options, { status: reply.status })
  }
  // Bytes and not text: Node would encode the head with the text's encoding.
  ctx.res.write(XML_DECLARATION)
  for (;;) {
    const done = await settledWithin(settled, slowXmlSpaceMs, options)
    if (options.signal.aborted) return clientGone
    if (done === undefined) {
      ctx.res.write(' ')
    } else if (done.bytes !== undefined) {
      write(ctx, done.bytes)
      return await end(ctx, options, { status: reply.status })
    } else {
      const { error } = done
      const known = asS3Error(error)
      if (lateFailure === 'cut') {
        ctx.res.destroy()
        return { ...outcomeOf(known), status: reply.status, error: known }
      }
      const told = lateFailure?.(known)
      const document =
        told === undefined
          ? renderError(known, options.requestId, options.resource())
          : renderXml(told.root, told.content)
      write(ctx, document)
      return await end(ctx, options, { ...outcomeOf(known), status: reply.status })
    }
  }
}

/** `undefined` when the time is up. Throws when the client goes away. */
async function settledWithin<T>(
  settled: Promise<T>,
  ms: number,
  { wait, signal }: ReplyOptions,
): Promise<T | undefined> {
  const over = new AbortController()
  try {
    const limit = AbortSignal.any([signal, over.signal])
    return await Promise.race([settled, wait(ms, limit).then(() => undefined)])
  } finally {
    over.abort()
  }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof S3Error)) return { status: 500, code: 'InternalError', error }
  const { status, code } = error
  // To ask for what is not offered, too often, or for more than a bucket may hold, is no failure of this server.
  const isExpected = error instanceof Throttled || error instanceof OverQuota
  const isOwn = status >= 500 && code !== 'NotImplemented' && !isExpected
  return isOwn ? { status, code, error } : { status, code }
}

function notModifiedHeaders({ elements }: S3Error): Record<string, string> {
  const { ETag: etag } = elements
  const headers: Record<string, string> = {}
  if (etag !== undefined) headers.ETag = quoteEtag(unquoteEtag(etag))
  for (const name of ['Last-Modified', 'Cache-Control', 'Expires']) {
    const value = elements[name]
    if (isHeaderValue(value)) headers[name] = value
  }
  return headers
}

/** Whether more of the request is to come: then its connection serves no other one. */
export function isBodyLeft(req: IncomingMessage): boolean {
  const announced = req.headers['content-length']
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(announced ?? 0) > 0
  return hasBody && !req.complete
}

/**
 * Closing a connection while bytes come in resets it, and the reset can overtake the answer or break a
 * client that is still writing. So the rest of the body is read for a moment; of a very long one only
 * the beginning, and the client finds the connection stuck, and its answer, before it is closed.
 */
async function drain(req: IncomingMessage, options: ReplyOptions): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  const timeUp = options.wait(drainMaxMs, signal).then(
    () => over.abort(),
    () => undefined,
  )
  let drainedBytes = 0
  try {
    for await (const bytes of readRequestBody({ req, idleTimeoutMs: drainMaxMs, signal })) {
      drainedBytes += bytes.length
      if (drainedBytes > drainMaxBytes) {
        await timeUp
        return
      }
    }
  } catch {
    // However the body ends or breaks off: the answer is out, and the connection closes next.
  } finally {
    over.abort()
    await timeUp
  }
}
