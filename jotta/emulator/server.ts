// One request from its head to the last byte of the reply: faults before and after, the route between
// them, refusals put into words.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Body, type Call, type Context, jsonReply, type Reply, xmlReply } from './context.ts'
import { EmulatorError, renderJsonError, renderXmlError } from './emulator-error.ts'
import type { RequestRecord, When } from './faults.ts'
import type { Admin } from './routes/admin.ts'
import { CutConnection, createPace, foreverMs } from './routes/api.ts'
import { discardBody } from './routes/body.ts'
import { recordOf } from './routes/jfs.ts'
import { adminPath, operationOf, route } from './routes/router.ts'

export type ServerParts = {
  readonly context: Context
  readonly admin: Admin | undefined
  readonly publicUrl: string | undefined
  /** Aborts when the emulator closes. */
  readonly closing: AbortSignal
  /** Called before each request: what the clock has made due. */
  readonly maintain: () => Promise<void>
  /** What should not happen: the client got a 500. */
  readonly onError: (error: unknown) => void
}

/** Settles when the reply is sent or given up; never rejects. */
export async function serve(
  parts: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { context } = parts
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const signal = AbortSignal.any([gone.signal, parts.closing])
  const { call, record } = describe(parts, request, signal)
  let reply: Reply | undefined
  let outcome: 'sent' | 'gone' = 'gone'
  try {
    await parts.maintain()
    reply = await withFaults(parts, call)
    await send(context, call, reply, response, record)
    await drain(call)
    outcome = 'sent'
  } catch (error) {
    response.destroy()
    // NOTE: while the response before it on the connection has not ended, though all its bytes may have
    // arrived, a response has no connection to destroy, and the client would wait for it for ever.
    request.socket.destroy()
    const expected = error instanceof CutConnection || signal.aborted || isDisconnect(error)
    if (!expected) parts.onError(error)
  } finally {
    reply?.release?.()
    context.faults.settle(record, outcome)
  }
}

function describe(
  parts: ServerParts,
  request: IncomingMessage,
  signal: AbortSignal,
): { call: Call; record: RequestRecord } {
  const target = request.url ?? '/'
  // A proxy may send the absolute form.
  const [, origin = target] = /^https?:\/\/[^/]*(\/.*)$/i.exec(target) ?? []
  const split = origin.indexOf('?')
  const rawPath = split < 0 ? origin : origin.slice(0, split)
  const text = split < 0 ? '' : origin.slice(split + 1)
  const query = new URLSearchParams(text)
  const method = request.method ?? 'GET'
  const operation = operationOf(method, rawPath, query)
  const record = parts.context.faults.record({ method, path: rawPath, query: text, operation })
  const call: Call = {
    request,
    method,
    rawPath,
    query,
    operation,
    baseUrl: parts.publicUrl ?? baseUrlOf(request),
    signal,
    countBytesIn: (bytes) => {
      record.bytesIn += bytes
    },
  }
  return { call, record }
}

/** A name of the service without a port was reached through something that spoke TLS for us. */
function baseUrlOf(request: IncomingMessage): string {
  const { host = '' } = request.headers
  const address = `127.0.0.1:${request.socket.localPort}`
  const name = /^[\w.:[\]-]+$/.test(host) ? host : address
  const { socket } = request
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true
  const isSecure = isEncrypted || /\.jottacloud\.com$/i.test(name)
  return `${isSecure ? 'https' : 'http'}://${name}`
}

async function withFaults(parts: ServerParts, call: Call): Promise<Reply> {
  const { context } = parts
  const isAdmin = parts.admin !== undefined && call.rawPath === adminPath
  if (isAdmin) return await answer(parts, call)
  await context.faults.pause('before', recordOf(call), call.signal)
  const early = faultReply(context, call, 'before')
  if (early !== undefined) return early
  const reply = await answer(parts, call)
  try {
    await context.faults.pause('after', recordOf(call), call.signal)
    const late = faultReply(context, call, 'after')
    if (late === undefined) return reply
    reply.release?.()
    return late
  } catch (error) {
    reply.release?.()
    throw error
  }
}

function faultReply(context: Context, call: Call, when: When): Reply | undefined {
  const described = recordOf(call)
  const isNow = (rule: { when?: When }) => (rule.when ?? 'before') === when
  if (context.faults.take('cut', described, isNow) !== undefined) throw new CutConnection()
  const rule = context.faults.take('fail', described, isNow)
  if (rule === undefined) return undefined
  const headers: Record<string, string> =
    rule.retryAfterSeconds === undefined ? {} : { 'retry-after': String(rule.retryAfterSeconds) }
  if (rule.body === undefined) {
    return refusal(call, new EmulatorError(rule.status, undefined, 'Injected fault', headers))
  }
  return {
    status: rule.status,
    headers: { ...headers, 'content-type': 'text/plain' },
    body: rule.body,
  }
}

async function answer(parts: ServerParts, call: Call): Promise<Reply> {
  try {
    return await route(parts.context, call, parts.admin)
  } catch (error) {
    if (error instanceof EmulatorError) return refusal(call, error)
    if (error instanceof CutConnection || call.signal.aborted || isDisconnect(error)) throw error
    if (isDiskFull(error)) {
      const { quotaStatus } = parts.context.switches
      return refusal(call, new EmulatorError(quotaStatus, 'QuotaExceededException', 'Disk full'))
    }
    parts.onError(error)
    return refusal(call, new EmulatorError(500, 'InternalServerErrorException', 'Internal error'))
  }
}

function refusal(call: Call, error: EmulatorError): Reply {
  const isPlain = error.exception === undefined && error.message === 'Bad request'
  const reply = call.rawPath.startsWith('/jfs/')
    ? xmlReply(renderXmlError(error), error.status)
    : { ...jsonReply({}, error.status), body: renderJsonError(error) }
  if (!isPlain) return { ...reply, headers: { ...reply.headers, ...error.headers } }
  return {
    status: error.status,
    headers: { 'content-type': 'text/plain' },
    body: `${error.status} ${error.message}`,
  }
}

async function send(
  context: Context,
  call: Call,
  reply: Reply,
  response: ServerResponse,
  record: RequestRecord,
): Promise<void> {
  record.status = reply.status
  const { body } = reply
  const headers = { ...reply.headers }
  if (typeof body === 'string' && headers['content-length'] === undefined) {
    headers['content-length'] = String(Buffer.byteLength(body))
  }
  headers.date ??= new Date(context.tree.nowMs()).toUTCString()
  response.writeHead(reply.status, headers)
  if (call.method === 'HEAD' || typeof body === 'string') {
    const pieces = call.method === 'HEAD' || typeof body !== 'string' || body === '' ? [] : [body]
    for (const piece of pieces) record.bytesOut += Buffer.byteLength(piece)
    await pipeline(Readable.from(pieces, { objectMode: false }), response, { signal: call.signal })
    return
  }
  const shaped = shape(context, call, body, response, record)
  await pipeline(Readable.from(shaped, { objectMode: false }), response, { signal: call.signal })
}

/** Counts, paces and, with a fault for this request, spoils or cuts a streamed body. */
async function* shape(
  context: Context,
  call: Call,
  body: Exclude<Body, string>,
  response: ServerResponse,
  record: RequestRecord,
): AsyncGenerator<Buffer> {
  const described = recordOf(call)
  const cut = context.faults.take('cutDownload', described)?.afterBytes ?? Number.MAX_SAFE_INTEGER
  const wrongByte = context.faults.take('corruptDownload', described)?.atByte
  const pace = createPace(context, call.signal)
  for await (const piece of stalling(context, call, body)) {
    let bytes = piece
    const start = record.bytesOut
    if (wrongByte !== undefined && wrongByte >= start && wrongByte < start + bytes.length) {
      bytes = Buffer.from(bytes)
      bytes[wrongByte - start] = (bytes[wrongByte - start] ?? 0) ^ 0xff
    }
    const kept = bytes.subarray(0, Math.max(cut - start, 0))
    record.bytesOut += kept.length
    await pace(kept.length)
    // A reader that keeps up would have a long listing hold up every other request until its end.
    await setImmediate()
    if (kept.length > 0) yield kept
    if (record.bytesOut >= cut) {
      await flushed(response)
      throw new CutConnection()
    }
  }
}

/** With a fault for this request: the rest comes byte by byte, or not at all until the client leaves. */
async function* stalling(
  context: Context,
  call: Call,
  body: Exclude<Body, string>,
): AsyncGenerator<Buffer> {
  const rule = context.faults.take('stallDownload', recordOf(call))
  let left = rule?.afterBytes ?? Number.POSITIVE_INFINITY
  for await (const piece of body) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    if (bytes.length > 0 && left > 0) yield bytes.subarray(0, left)
    for (let at = Math.max(left, 0); at < bytes.length; at += 1) {
      await setTimeout(rule?.dripEveryMs ?? foreverMs, undefined, { signal: call.signal })
      yield bytes.subarray(at, at + 1)
    }
    left -= bytes.length
  }
}

/** What was written before a cut is really sent; bounded, since a client need not read. */
async function flushed(response: ServerResponse): Promise<void> {
  for (let turn = 0; turn < 1000; turn += 1) {
    await setImmediate()
    if (response.writableLength === 0 && (response.socket?.writableLength ?? 0) === 0) return
  }
}

/** A reply may be sent before its request was read: the rest is read and dropped, or the line cut. */
async function drain(call: Call): Promise<void> {
  const { request } = call
  if (request.complete || request.destroyed) return
  // NOTE: with its reply sent, a request is not told any more that its connection is gone.
  const abandon = (): void => {
    request.destroy()
  }
  request.socket.once('close', abandon)
  if (request.socket.destroyed) abandon()
  try {
    if ((await discardBody(call)) === 'left') throw new CutConnection()
  } finally {
    request.socket.off('close', abandon)
  }
}

function isDisconnect(error: unknown): boolean {
  const code = codeOf(error)
  return (
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ERR_STREAM_UNABLE_TO_PIPE'
  )
}

function isDiskFull(error: unknown): boolean {
  // 13 is SQLITE_FULL.
  const full = error instanceof Error && 'errcode' in error && error.errcode === 13
  return full || ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
