// A request from end to end: id, address, cross-origin, authenticate, detect, authorize, handler, reply, and
// one try/catch around all. The stages live in files of their own; this one is their order.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import type { Bridge } from '../translate/bridge.ts'
import { readOnlyMessage } from '../translate/jotta-error.ts'
import { putObjectSizeMaxBytes } from '../translate/limits.ts'
import { S3Error } from '../translate/s3-error.ts'
import { type AcceptOptions, accept, type WireOptions } from './accept.ts'
import { authorize, concealInReply } from './access/authorize.ts'
import type { PublicAccessSetting } from './access/bucket-access.ts'
import type { Directory } from './access/directory.ts'
import type { Arrival } from './access/request-facts.ts'
import { parseTarget } from './address.ts'
import {
  type AuditEntry,
  type AuditLog,
  boundedClaim,
  withoutSignatures,
} from './audit/audit-log.ts'
import { answerClientErrors } from './client-error.ts'
import { realClock } from './clock.ts'
import { answerPreflight, crossOriginHeaders } from './cors-exchange.ts'
import { detect } from './detect.ts'
import {
  beginExchange,
  createWireCounter,
  type Exchange,
  makeRequestId,
  originOf,
  resourceOf,
  type Visit,
} from './exchange.ts'
import type { RequestGathering } from './figures/request-figures.ts'
import { createTurns } from './in-turn.ts'
import { type Log, logRequest, type RequestEntry } from './log.ts'
import { type MetricsPage, metricsPath, sendMetrics } from './metrics-page.ts'
import type { Reply } from './operation.ts'
import { mayWrite } from './operations/row.ts'
import type { TokenKey } from './operations/wire/continuation-token.ts'
import { refuseHeaders } from './operations/wire/refusals.ts'
import { createFindPeer, type FindPeer } from './peer.ts'
import { isPostForm } from './post-form.ts'
import { refuseRepeatedHeaders } from './repeated-headers.ts'
import {
  type Health,
  type Outcome,
  type ReplyOptions,
  sendError,
  sendHealth,
  sendReply,
  type Wait,
} from './reply.ts'
import { type StoreEncrypted, withEncryption } from './store-encryption.ts'
import { type Admission, createThrottle, noLimits, type Throttle } from './throttle/throttle.ts'

/** For `http.createServer`. A body may take as long as it takes; payload.ts limits its silences. */
export const serverOptions = {
  maxHeaderSize: 32 * 1024,
  headersTimeout: 60_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  // Answered in here instead, as an S3 error.
  requireHostHeader: false,
} as const

export type AppOptions = AcceptOptions & {
  readonly bridge: Bridge
  /** Who can be named by policies and ACLs; the root key alone when left out. */
  readonly directory?: Directory
  /** What buckets may open to the public; `bucket` when left out. */
  readonly publicAccess?: PublicAccessSetting
  /** `read-only` refuses every operation that writes; `full` when left out. */
  readonly access?: 'full' | 'read-only'
  readonly region: string
  /** Of every process that serves these buckets: a list goes on at any of them. */
  readonly tokenKey: TokenKey
  /** What the operator states of the store; `off` when it is left out. */
  readonly storeEncrypted?: StoreEncrypted
  /** Below which a label of the Host header is a bucket. */
  readonly domains: readonly string[]
  readonly log: Log
  /** Asked for each look at the health page, so it must cost nothing; always `ok` without it. */
  readonly health?: () => Promise<Health>
  /** Told of each request of S3. */
  readonly figures?: Pick<RequestGathering, 'begun' | 'finished'>
  /** Without it there is no page of metrics. */
  readonly metrics?: MetricsPage | undefined
  /** The connection's other end when left out. */
  readonly findPeer?: FindPeer
  readonly audit?: Pick<AuditLog, 'write'> | undefined
  /** Without limits when left out. */
  readonly throttle?: Throttle
  /** Of one PutObject or UploadPart. */
  readonly maxObjectBytes?: number
  /** The longest silence of a client that sends a body or takes an answer. */
  readonly idleTimeoutMs?: number
  readonly wait?: Wait
}

export type App = {
  /** Makes a server answer S3. To be called once for each server, before it listens. */
  attach(server: Server): void
  /**
   * Answers one request that arrived elsewhere as S3, by somebody who was let in there. Its target and
   * headers are read as those of any request, but for a signature.
   */
  answerVisit(req: IncomingMessage, res: ServerResponse, visit: Visit): void
}

const unlimited = { maxInFlight: undefined, ofKey: noLimits, ofStranger: noLimits }
const ownPages = ['/-/healthz', metricsPath]
const idleTimeoutDefaultMs = 60_000

export function createApp(options: AppOptions): App {
  const awaiting = new WeakSet<IncomingMessage>()
  const visits = new WeakMap<IncomingMessage, Visit>()
  const responses = new WeakMap<Duplex, ServerResponse>()
  const countWireBytes = createWireCounter()
  const { health = async () => ({ status: 'ok' }), figures, metrics, audit } = options
  const { throttle = createThrottle(unlimited, () => 0), findPeer = createFindPeer([]) } = options
  const koa = new Koa()
  const router = new Router()
  // The router knows the pages that are not S3's. `-` is no bucket name, so nothing is taken from S3,
  // whose own addresses are read from the raw target: the router has another opinion of escapes, of
  // `//` and of hosts.
  router.get('/-/healthz', async (ctx, next) => {
    if (isOwnPage(ctx.req, options)) await sendHealth(ctx, await health())
    else await next()
  })
  router.get(metricsPath, async (ctx, next) => {
    if (metrics !== undefined && isOwnPage(ctx.req, options)) await sendMetrics(ctx, metrics)
    else await next()
  })
  koa.use(router.routes())
  koa.use(async (ctx) => {
    const startedMs = performance.now()
    figures?.begun()
    const exchange = beginExchange(ctx, {
      findPeer,
      expectsContinue: awaiting.has(ctx.req),
      visit: visits.get(ctx.req),
    })
    using admission = throttle.begin(exchange.peer.address)
    const outcome = await serve(ctx, exchange, admission, options)
    const ms = Math.round(performance.now() - startedMs)
    const wireBytes = countWireBytes(ctx.req.socket)
    const entry = { ...entryOf(exchange, outcome), ...wireBytes, ms }
    logRequest(options.log, entry, outcome.error)
    figures?.finished(entry)
    audit?.write({ ...entry, ...auditDetailsOf(ctx.req, exchange) })
  })
  // Koa also reports connections that broke; the requests on them are logged anyway.
  koa.on('error', (error: Error & { code?: string }) => {
    if (error.code === undefined) options.log.error({ err: error }, 'unexpected')
  })
  const callback = koa.callback()
  const inTurn = createTurns()
  const listen = (req: IncomingMessage, res: ServerResponse) => {
    inTurn(req.socket, async () => {
      responses.set(req.socket, res)
      await callback(req, res)
    })
  }
  return {
    attach(server) {
      server.on('request', listen)
      server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
        awaiting.add(req)
        listen(req, res)
      })
      // S3 serves requests that expect something else, and so would be refused here by Node with 417.
      server.on('checkExpectation', listen)
      const responseOn = (socket: Duplex) => responses.get(socket)
      const { log, wait = realClock.wait } = options
      answerClientErrors(server, { log, makeRequestId, responseOn, wait })
    },
    answerVisit(req, res, visit) {
      visits.set(req, visit)
      listen(req, res)
    },
  }
}

async function serve(
  ctx: Context,
  exchange: Exchange,
  admission: Admission,
  options: AppOptions,
): Promise<Outcome> {
  const replyOptions: ReplyOptions = {
    requestId: exchange.requestId,
    resource: () => resourceOf(exchange.address, ctx.req),
    addedHeaders: () => exchange.addedHeaders,
    signal: exchange.signal,
    awaitsContinue: () => exchange.expectsContinue && !exchange.hasSentContinue,
    wait: options.wait ?? realClock.wait,
    idleTimeoutMs: options.idleTimeoutMs ?? idleTimeoutDefaultMs,
  }
  try {
    admission.enter()
    const reply = await answer(ctx, exchange, admission, options)
    return await sendReply(ctx, reply, replyOptions)
  } catch (error) {
    return await sendError(ctx, admission.told(error), replyOptions)
  }
}

async function answer(
  { req, res }: Pick<Context, 'req' | 'res'>,
  exchange: Exchange,
  admission: Admission,
  options: AppOptions,
): Promise<Reply> {
  const { url: rawTarget = '', method = '', rawHeaders } = req
  const { host } = req.headers
  if (host === undefined && req.httpVersion !== '1.0') {
    throw new S3Error('BadRequest', { message: 'The Host header is missing.' })
  }
  refuseRepeatedHeaders(rawHeaders)
  // A visit came by the host of its own door, which names no bucket.
  const domains = exchange.visit === undefined ? options.domains : []
  const target = parseTarget({ rawTarget, host, domains })
  exchange.address = target.address
  exchange.query = target.query
  const asked = { method, query: target.query, address: target.address, headers: req.headers }
  if (exchange.visit === undefined) {
    if (method === 'OPTIONS') {
      admission.admit(undefined)
      return await answerPreflight(asked, options)
    }
    exchange.addedHeaders = await crossOriginHeaders(asked, options)
  }
  const wire: WireOptions = {
    req,
    signal: exchange.signal,
    onContinue: () => {
      if (exchange.expectsContinue) res.writeContinue()
      exchange.hasSentContinue = true
    },
    idleTimeoutMs: options.idleTimeoutMs ?? idleTimeoutDefaultMs,
    maxObjectBytes: options.maxObjectBytes ?? putObjectSizeMaxBytes,
  }
  if (exchange.visit === undefined && isPostForm(asked)) admission.listen()
  const accepted = await accept(wire, asked, target, exchange, options)
  const { identity, address, headers } = accepted
  exchange.address = address
  exchange.accessKeyId = identity?.accessKeyId
  exchange.owner = identity?.owner
  admission.admit(identity?.accessKeyId)
  const { operation, row } = detect({ ...asked, headers })
  exchange.operation = operation
  if (row.handler === 'not-offered') {
    throw new S3Error('NotImplemented', { message: `This server does not offer ${operation}.` })
  }
  if (options.access === 'read-only' && mayWrite(row)) {
    throw new S3Error('AccessDenied', { message: readOnlyMessage })
  }
  const { storeEncrypted = 'off' } = options
  const { style, query } = target
  const asking = {
    operation,
    address,
    query,
    headers,
    identity,
    arrival: arrivalOf(exchange, options),
  }
  const access = await authorize(asking, options, exchange)
  refuseHeaders(headers, operation, storeEncrypted)
  const parts = { method, query, rawHeaders, origin: originOf(req, exchange.peer), style, access }
  const { bridge, region, directory, tokenKey, now = currentTime } = options
  const services = { bridge, region, storeEncrypted, tokenKey, directory, now }
  try {
    const reply = await row.handler({ ...parts, ...accepted, context: exchange }, services)
    return withEncryption(concealInReply(reply, access), operation, storeEncrypted)
  } catch (error) {
    throw access.concealed(error)
  }
}

/** Not when it is signed, and not when the host makes a bucket of it: that is S3's. */
function isOwnPage(req: IncomingMessage, { domains }: AppOptions): boolean {
  const { url: rawTarget = '', headers } = req
  const { authorization } = headers
  if (authorization !== undefined && !/^bearer( |$)/i.test(authorization)) return false
  if (!ownPages.includes(rawTarget)) return false
  return parseTarget({ rawTarget, host: headers.host, domains }).style === 'path'
}

function entryOf(exchange: Exchange, outcome: Outcome) {
  return {
    requestId: exchange.requestId,
    operation: exchange.operation,
    bucket: exchange.address?.bucket,
    key: exchange.address?.key,
    status: outcome.status,
    code: outcome.code,
    upstreamCalls: exchange.counter.upstreamCalls,
    accessKeyId: exchange.accessKeyId,
    via: exchange.visit?.via,
    remoteAddress: exchange.peer.address,
  }
}

function auditDetailsOf(
  { headers }: IncomingMessage,
  { owner, query, accessKeyId, claimedAccessKeyId: claimed }: Exchange,
): Omit<AuditEntry, keyof RequestEntry> {
  const copySource = headers['x-amz-copy-source']?.toString()
  return {
    owner: owner?.name,
    claimedAccessKeyId:
      accessKeyId === undefined && claimed !== undefined ? boundedClaim(claimed) : undefined,
    versionId: query?.get('versionId'),
    uploadId: query?.get('uploadId'),
    copySource: copySource && withoutSignatures(copySource),
    userAgent: headers['user-agent'],
  }
}

function arrivalOf({ peer }: Exchange, { now = currentTime }: AppOptions): Arrival {
  return { remoteAddress: peer.address, isSecure: peer.isSecure, now: now() }
}

function currentTime(): Date {
  return new Date()
}
