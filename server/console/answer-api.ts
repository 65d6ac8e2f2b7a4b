// The console's own API, from request to answer: log in and out, and the acts of console-api.ts. What is not in
// their table does not exist.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { asS3Error } from '../../translate/jotta-error.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { ActDetails, AuditLog } from '../audit/audit-log.ts'
import { makeRequestId } from '../exchange.ts'
import type { Log } from '../log.ts'
import type { Peer } from '../peer.ts'
import { type ApiServices, apiActs, describeVisitor } from './console-api.ts'
import { readJson, sendJson } from './console-request.ts'
import { isOwnRequest } from './gate.ts'
import type { LoginBounds } from './login-bounds.ts'
import { digestOf } from './sessions.ts'
import {
  carriesToken,
  findVisitor,
  isSecretOf,
  sessionCookie,
  sessionEnded,
  type Visitor,
  type VisitorServices,
} from './visitor.ts'

export type ConsoleApiOptions = ApiServices &
  VisitorServices & {
    readonly bounds: LoginBounds
    /** Where clients reach S3; without it, the host that the console is opened by, and `s3Port`. */
    readonly publicUrl: string | undefined
    readonly s3Port: number
    readonly log: Log
    readonly audit: Pick<AuditLog, 'write'> | undefined
  }

type Answer = {
  readonly status: number
  readonly value: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly visitor?: Pick<Visitor, 'session' | 'credential'>
  readonly details?: ActDetails
}

export async function answerApi(
  req: IncomingMessage,
  res: ServerResponse,
  target: { readonly rawPath: string; readonly rawQuery: string },
  options: ConsoleApiOptions,
): Promise<void> {
  const startedMs = performance.now()
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  const name = `${req.method} ${target.rawPath.slice('/api/'.length)}`
  const peer = options.findPeer(req)
  // Whoever acts does not look, whatever he calls it.
  const isLook = req.method === 'GET' && target.rawQuery === 'look'
  const call = { req, peer, name, isLook, signal: gone.signal }
  const { status, value, headers, visitor, details } = await toAnswer(call, options)
  sendJson(res, status, value, headers)
  const entry = {
    ...{ requestId: makeRequestId(), via: 'console' as const },
    // Of what there is no act for, nothing is written down but that it came.
    act: isAct(name) ? name : undefined,
    ...{ ...details, status, code: isRefusal(value) ? value.code : undefined },
    accessKeyId: visitor?.session.accessKeyId,
    remoteAddress: peer.address,
    ms: Math.round(performance.now() - startedMs),
  }
  options.log[call.isLook ? 'debug' : 'info'](entry, 'console')
  // Who looks changes nothing, and does it every few seconds.
  if (req.method === 'GET') return
  const owner = visitor?.credential.owner.name
  options.audit?.write({ ...entry, owner, userAgent: req.headers['user-agent'] })
}

type Call = {
  readonly req: IncomingMessage
  readonly peer: Peer
  readonly name: string
  readonly isLook: boolean
  readonly signal: AbortSignal
}

async function toAnswer(call: Call, options: ConsoleApiOptions): Promise<Answer> {
  const { req, name } = call
  try {
    if (!isOwnRequest(req.headers)) throw notFromHere()
    if (name === 'POST session') return await logIn(call, options)
    const visitor = await findVisitor(req, call.isLook ? 'look' : 'use', options)
    // To ask whether there is a session is no failure when there is none.
    if (visitor === undefined && name === 'GET session') return { status: 200, value: {} }
    if (visitor === undefined) return { status: 401, value: sessionEnded }
    let details: ActDetails = {}
    const tell = (told: ActDetails) => {
      details = told
    }
    try {
      return { ...(await act(call, visitor, tell, options)), visitor, details }
    } catch (error) {
      return { ...refusal(error, options.log), visitor, details }
    }
  } catch (error) {
    return refusal(error, options.log)
  }
}

async function act(
  { req, peer, name, signal }: Call,
  visitor: Visitor,
  tell: (details: ActDetails) => void,
  options: ConsoleApiOptions,
): Promise<Answer> {
  // A page that was loaded anew has the cookie alone, and learns the token by this.
  if (name !== 'GET session' && !carriesToken(req.headers, visitor)) throw notFromHere()
  if (name === 'DELETE session') {
    options.sessions.end(visitor.sessionId)
    return {
      status: 200,
      value: {},
      headers: { 'Set-Cookie': sessionCookie(req, '', options.findPeer) },
    }
  }
  const found = Object.hasOwn(apiActs, name) ? apiActs[name] : undefined
  if (found === undefined) {
    return { status: 404, value: { code: 'InvalidRequest', message: 'There is no such page.' } }
  }
  const s3Url = s3UrlOf(req, peer, options)
  const body = async <T extends z.ZodType>(shape: T) => await readJson(req, shape, signal)
  return { status: 200, value: await found({ visitor, s3Url, body, tell }, options) }
}

const loginForm = z.strictObject({
  accessKeyId: z.string().trim().min(1).max(128),
  secretAccessKey: z.string().trim().min(1).max(128),
})

async function logIn({ req, peer, signal }: Call, options: ConsoleApiOptions): Promise<Answer> {
  const { address = '' } = peer
  const key = await readJson(req, loginForm, signal)
  const waitSeconds = options.bounds.begin(address)
  if (waitSeconds > 0) {
    const message = `Too many tries. Try again in ${waitSeconds} seconds.`
    throw new S3Error('SlowDown', { message, retryAfterSeconds: waitSeconds })
  }
  const credential = await options.credentials(key.accessKeyId)
  if (!isSecretOf(credential, digestOf(key.secretAccessKey)) || credential === undefined) {
    throw new S3Error('AccessDenied', {
      message: 'There is no such access key, or this is not its secret.',
    })
  }
  options.bounds.succeed(address)
  const { id, session } = options.sessions.begin(key)
  return {
    status: 200,
    value: describeVisitor({ session, credential }, s3UrlOf(req, peer, options), options.facts),
    headers: { 'Set-Cookie': sessionCookie(req, id, options.findPeer) },
    visitor: { session, credential },
  }
}

function refusal(error: unknown, log: Log): Answer {
  const known = asS3Error(error)
  if (known.status === 500 || known !== error) log.error({ err: known }, 'the console failed')
  const { code, message, retryAfterSeconds } = known
  const headers =
    retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }
  return { status: known.status, value: { code, message }, headers }
}

function notFromHere(): S3Error {
  return new S3Error('AccessDenied', { message: 'This request does not come from the console.' })
}

function isRefusal(value: unknown): value is { code: string } {
  return typeof value === 'object' && value !== null && 'code' in value
}

function isAct(name: string): boolean {
  return ['POST session', 'DELETE session'].includes(name) || Object.hasOwn(apiActs, name)
}

function s3UrlOf(
  req: IncomingMessage,
  { isSecure }: Peer,
  { publicUrl, s3Port }: ConsoleApiOptions,
): string {
  if (publicUrl !== undefined) return new URL(publicUrl).origin
  const host = (req.headers.host ?? '').replace(/:\d+$/, '')
  return `${isSecure ? 'https' : 'http'}://${host}:${s3Port}`
}
