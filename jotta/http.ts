// The only place that talks HTTP: pooled connections, time limits, the bearer token, retries, errors
// decoded. It knows no path and no reply format of Jottacloud's.

import assert from 'node:assert/strict'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, errors, request as send } from 'undici'
import { endOfRequest } from './answer-wait.ts'
import type { CallOptions } from './client.ts'
import { jottaErrorOf } from './http-error.ts'
import { JottaError, Silence } from './jotta-error.ts'
import { discardBody, guardBody, readText } from './reply-body.ts'
import {
  isTransientStatus,
  parseRetryAfter,
  type RetryPolicy,
  retryDelayMs,
  retryPolicyOf,
} from './retry.ts'
import type { TokenSource } from './token.ts'
import { untilAborted } from './until-aborted.ts'

/** Exactly `sizeBytes`, sent once, whatever becomes of it. */
export type HttpContent = {
  readonly content: Readable
  readonly sizeBytes: number
  /** Whether all of it may have been sent. */
  readonly isTaken: () => boolean
}

export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** None: an empty body, no type. */
  readonly body?: string | HttpContent
  readonly auth: 'bearer' | 'none'
  /** `transient`: saying it twice is harmless, so failures that pass are retried. */
  readonly repeat: 'transient' | 'never'
  /** Statuses that are answers here and not errors, besides 2xx. */
  readonly answers?: readonly number[]
  /** `long` for what the service may think about for minutes. Content has a limit by its size. */
  readonly patience?: 'normal' | 'long'
  /** What failures call it, when method and path do not do: a URL that is not to be shown. */
  readonly subject?: string
  /** What an error must not repeat, should the reply contain it; the bearer token is always among it. */
  readonly secrets?: readonly string[]
}

export type HttpReply = {
  readonly status: number
  readonly body: Readable
  readonly subject: string
  /** An earlier try failed in a way that does not tell whether it was carried out. */
  readonly isRepeated: boolean
  /** The first value of a header, by its lower-case name. */
  header(name: string): string | undefined
}

export type Http = {
  /**
   * Sends and hands the reply to `read`, again from the start when that fails in transit; drops what
   * `read` leaves. Throws JottaError for any other status, the signal's reason when aborted.
   */
  call<T>(
    request: HttpRequest,
    options: CallOptions,
    read: (reply: HttpReply) => Promise<T>,
  ): Promise<T>
  /** As `call`, for a body that outlives it: the caller reads it to the end or destroys it. */
  open(request: HttpRequest, options: CallOptions): Promise<HttpReply>
  readonly retry: RetryPolicy
  readonly timeouts: HttpTimeouts
  /** The time by the clock of the service, to the second, as its last reply told; `undefined` before one has. */
  serviceNow(): number | undefined
  /** Destroys all connections; calls under way fail. */
  close(): Promise<void>
}

export type HttpTimeouts = {
  readonly connectMs: number
  /** Until the head of the reply, waiting for a free connection included. */
  readonly headMs: number
  /** The same for what may take long: recursive listings and removals, the end of a large upload. */
  readonly longHeadMs: number
  /** Of waiting for a body in which next to nothing comes, or goes. There is no limit on the whole. */
  readonly bodyIdleMs: number
}

/** What tests replace. */
export type Environment = {
  readonly now: () => number
  readonly random: () => number
  /** Rejects with the signal's reason when that comes first. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>
}

/** One request that was sent, retries included, and how it went. */
export type HttpEvent = {
  readonly request: HttpRequest
  /** The status; `failed` without a reply, `aborted` when nobody waited for it any more. */
  readonly outcome: number | 'failed' | 'aborted'
  /** Until the head of the reply; of an upload, its content is sent by then. */
  readonly durationMs: number
  /** It repeats one that failed in a way that passes. */
  readonly isRetry: boolean
}

export type HttpOptions = {
  /** Without it, only requests with `auth: 'none'` can be made. */
  readonly tokens?: TokenSource | undefined
  readonly timeouts?: Partial<HttpTimeouts> | undefined
  readonly retry?: Partial<RetryPolicy> | undefined
  /** Most connections to one host, for short requests and for long streams each. */
  readonly connectionsMax?: number | undefined
  /** `close` ends each connection with its reply, so that nothing is left open. */
  readonly keepAlive?: 'pool' | 'close' | undefined
  readonly environment?: Partial<Environment> | undefined
  /** Told of each request; must not throw. */
  readonly onSent?: ((event: HttpEvent) => void) | undefined
}

export const realEnvironment: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  wait: async (delayMs, signal) => {
    try {
      await sleep(delayMs, undefined, { signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  },
}

const defaultTimeouts: HttpTimeouts = {
  connectMs: 10_000,
  headMs: 60_000,
  longHeadMs: 900_000,
  bodyIdleMs: 60_000,
}

const ERROR_BODY_MAX_BYTES = 64 * 1024
/** 16 KiB/s: no slower is content sent that waits in buffers when the last of it has been handed over. */
const LEAST_SENT_BYTES_PER_MS = 16

export function createHttp(options: HttpOptions = {}): Http {
  return new PooledHttp(options)
}

class PooledHttp implements Http {
  readonly #tokens: TokenSource | undefined
  readonly timeouts: HttpTimeouts
  readonly retry: RetryPolicy
  readonly #environment: Environment
  // Apart, so that a few slow streams cannot keep every stat waiting.
  readonly #commands: Agent
  readonly #streams: Agent
  readonly #onSent: NonNullable<HttpOptions['onSent']>
  #told: { readonly serviceMs: number; readonly atMs: number } | undefined

  constructor(options: HttpOptions) {
    this.#tokens = options.tokens
    this.timeouts = { ...defaultTimeouts, ...options.timeouts }
    this.retry = retryPolicyOf(this.timeouts.headMs, options.retry)
    this.#environment = { ...realEnvironment, ...options.environment }
    this.#commands = createAgent(options, this.timeouts)
    this.#streams = createAgent(options, this.timeouts)
    this.#onSent = options.onSent ?? (() => {})
  }

  call<T>(
    request: HttpRequest,
    options: CallOptions,
    read: (reply: HttpReply) => Promise<T>,
  ): Promise<T> {
    const agent = isContent(request.body) ? this.#streams : this.#commands
    return this.#withRetries(request, options, agent, async (reply) => {
      try {
        return await read(reply)
      } finally {
        await discardBody(reply.body)
      }
    })
  }

  open(request: HttpRequest, options: CallOptions): Promise<HttpReply> {
    return this.#withRetries(request, options, this.#streams, async (reply) => reply)
  }

  serviceNow(): number | undefined {
    if (this.#told === undefined) return undefined
    return this.#told.serviceMs + (performance.now() - this.#told.atMs)
  }

  async close(): Promise<void> {
    await Promise.all([this.#commands.destroy(), this.#streams.destroy()])
  }

  async #withRetries<T>(
    request: HttpRequest,
    options: CallOptions,
    agent: Agent,
    handle: (reply: HttpReply) => Promise<T>,
  ): Promise<T> {
    const startedMs = this.#environment.now()
    let hasRefreshed = false
    let isRepeated = false
    for (let tries = 1; ; tries += 1) {
      options.signal.throwIfAborted()
      const token = request.auth === 'bearer' ? await this.#accessToken(options) : undefined
      using end = endOfRequest(request, options)
      try {
        const context = { agent, token, tries, isRepeated, end: end.signal }
        const reply = await this.#send(request, options, context)
        if (!isAnswer(reply.status, request)) {
          throw await this.#refusal(reply, options, [token ?? '', ...(request.secrets ?? [])])
        }
        return await handle(reply)
      } catch (error) {
        options.signal.throwIfAborted()
        if (!(error instanceof JottaError)) throw error
        if (error.kind === 'unauthorized' && token !== undefined) {
          this.#tokens?.reject(token)
          if (hasRefreshed || isContent(request.body)) throw error
          hasRefreshed = true
          continue
        }
        if (request.repeat === 'never' || !isTransient(error)) throw error
        isRepeated = true
        const elapsedMs = this.#environment.now() - startedMs
        const { retryAfterMs } = error
        const random = this.#environment.random()
        const delayMs = retryDelayMs({ tries, elapsedMs, retryAfterMs, random }, this.retry)
        if (delayMs === undefined) throw error
        await this.#environment.wait(delayMs, options.signal)
      }
    }
  }

  async #send(
    request: HttpRequest,
    options: CallOptions,
    context: {
      agent: Agent
      token: string | undefined
      tries: number
      isRepeated: boolean
      end: AbortSignal
    },
  ): Promise<HttpReply> {
    const subject = subjectOf(request)
    const failure = (error: unknown) => failureOf(error, subject, options.signal)
    const headMs = headMsOf(request, this.timeouts)
    const limit = new AbortController()
    // Content may take hours to send: who gives it limits its standstill, and headersTimeout the silence
    // after it.
    const timer = isContent(request.body) ? undefined : abortAfter(limit, headMs, subject)
    const signal = AbortSignal.any([context.end, limit.signal])
    if (options.counter !== undefined) options.counter.upstreamCalls += 1
    const startedMs = performance.now()
    let outcome: HttpEvent['outcome'] = 'failed'
    try {
      const sent = send(request.url, {
        dispatcher: context.agent,
        method: request.method,
        headers: headersOf(request, context.token),
        body: isContent(request.body) ? request.body.content : (request.body ?? null),
        headersTimeout: headMs,
        signal,
      })
      // NOTE: undici notices an abort only once the request has a connection, and then does not send it.
      const reply = await untilAborted(sent, signal)
      outcome = reply.statusCode
      this.#noteTime([reply.headers.date].flat()[0])
      return {
        status: reply.statusCode,
        body: guardBody(reply.body, {
          subject,
          idleMs: this.timeouts.bodyIdleMs,
          translate: failure,
        }),
        subject,
        isRepeated: context.isRepeated,
        header: (name) => [reply.headers[name]].flat()[0],
      }
    } catch (error) {
      if (options.signal.aborted) outcome = 'aborted'
      throw failure(error)
    } finally {
      clearTimeout(timer)
      const durationMs = performance.now() - startedMs
      this.#onSent({ request, outcome, durationMs, isRetry: context.tries > 1 })
    }
  }

  /** By a clock that nobody sets: that of the machine may be wrong, which is what this is asked for. */
  #noteTime(date: string | undefined): void {
    const serviceMs = Date.parse(date ?? '')
    if (!Number.isNaN(serviceMs)) this.#told = { serviceMs, atMs: performance.now() }
  }

  async #refusal(
    reply: HttpReply,
    options: CallOptions,
    secrets: readonly string[],
  ): Promise<JottaError> {
    let text = ''
    try {
      text = await readText(reply.body, ERROR_BODY_MAX_BYTES)
    } catch {
      // The status says enough when its explanation did not arrive; an abort is seen next.
    } finally {
      reply.body.destroy()
    }
    options.signal.throwIfAborted()
    const retryAfterMs = parseRetryAfter(reply.header('retry-after'), this.#environment.now())
    return jottaErrorOf(reply.subject, { status: reply.status, text, retryAfterMs }, secrets)
  }

  async #accessToken(options: CallOptions): Promise<string> {
    assert(this.#tokens !== undefined, 'a request with a bearer token, but no token source')
    return await this.#tokens.accessToken(options)
  }
}

function createAgent(options: HttpOptions, timeouts: HttpTimeouts): Agent {
  return new Agent({
    connections: options.connectionsMax ?? 64,
    pipelining: options.keepAlive === 'close' ? 0 : 1,
    connect: { timeout: timeouts.connectMs },
    // The guard of each body sees to it.
    bodyTimeout: 0,
    keepAliveTimeout: 10_000,
    allowH2: false,
  })
}

function abortAfter(limit: AbortController, limitMs: number, subject: string): NodeJS.Timeout {
  return setTimeout(() => {
    limit.abort(new Silence('unavailable', `${subject}: no reply in ${limitMs} ms`))
  }, limitMs)
}

function headMsOf({ body, patience }: HttpRequest, timeouts: HttpTimeouts): number {
  const { headMs, longHeadMs } = timeouts
  if (isContent(body))
    return Math.min(longHeadMs, headMs + body.sizeBytes / LEAST_SENT_BYTES_PER_MS)
  return patience === 'long' ? longHeadMs : headMs
}

function isContent(body: HttpRequest['body']): body is HttpContent {
  return typeof body === 'object'
}

/** Whether the same request may succeed a little later. */
export function isTransient(error: JottaError): boolean {
  if (error.status === undefined) return error.kind === 'unavailable'
  return isTransientStatus(error.status) && error.kind !== 'unlistable'
}

function isAnswer(status: number, request: HttpRequest): boolean {
  return (status >= 200 && status < 300) || (request.answers?.includes(status) ?? false)
}

/** Method and path: never the query, never a token. */
function subjectOf(request: HttpRequest): string {
  return request.subject ?? `${request.method} ${new URL(request.url).pathname}`
}

function headersOf(request: HttpRequest, token: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'jotta-s3', ...request.headers }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  // Explicit, since JFS takes no chunked bodies, and undici then holds the content to it.
  if (isContent(request.body)) headers['content-length'] = String(request.body.sizeBytes)
  return headers
}

function failureOf(error: unknown, subject: string, signal: AbortSignal): Error {
  if (signal.aborted) return asError(signal.reason)
  if (error instanceof JottaError) return error
  const cause = asError(error)
  // NOTE: an invalid argument is a mistake of ours and must not look like weather.
  if ('code' in cause && cause.code === 'UND_ERR_INVALID_ARG') return cause
  if (cause instanceof errors.HeadersTimeoutError) {
    return new Silence('unavailable', `${subject}: no reply`, { cause })
  }
  const said = cause.message === '' ? cause.name : cause.message
  return new JottaError('unavailable', `${subject}: ${said}`, { cause })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error })
}
