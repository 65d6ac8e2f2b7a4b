// Access tokens for the http layer, from a token file that outlives the process: refreshed early, by
// one at a time in all processes that share the file, and never used before the file holds them.
import { z } from 'zod'
import type { CallOptions } from './client.ts'
import {
  createHttp,
  type Environment,
  type Http,
  type HttpOptions,
  realEnvironment,
} from './http.ts'
import { JottaError } from './jotta-error.ts'
import { readJson } from './json-reply.ts'
import { createSingleFlight } from './single-flight.ts'
import {
  loginRequired,
  readTokenFile,
  type TokenSet,
  withTokenLock,
  writeTokenFile,
} from './token-file.ts'

export type TokenSource = {
  /**
   * An access token that is good for a while. Throws JottaError `login-required` when only a new
   * login helps, `unavailable` when the login service does not answer.
   */
  accessToken(options: CallOptions): Promise<string>
  /** The service refused this token: unless a newer one is there already, the next call refreshes. */
  reject(accessToken: string): void
}

export type TokenSourceOptions = {
  readonly tokenFile: string
  /** Instead of the token endpoint that the login found. */
  readonly tokenUrl?: string | undefined
  readonly http?: Pick<HttpOptions, 'timeouts' | 'retry' | 'environment'> | undefined
}

const EARLY_MS = 60_000
/** After a refresh that failed in transit, a token that is still good is used this long without another. */
const PAUSE_MS = 10_000
const REFRESH_LIMIT_MS = 60_000

const grant = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  refresh_token: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
  expires_in: z.number().positive().max(31_536_000).default(3600),
})

export function createStaticTokenSource(accessToken: string): TokenSource {
  return { accessToken: async () => accessToken, reject: () => {} }
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  return new FileTokenSource(options)
}

class FileTokenSource implements TokenSource {
  readonly #tokenFile: string
  readonly #tokenUrl: string | undefined
  readonly #http: Http
  readonly #environment: Environment
  readonly #renew: (options: CallOptions) => Promise<TokenSet>
  #current: TokenSet | undefined
  /** Refreshed, but not on disk yet: lost if the process ends, so written before anything else. */
  #unsaved: TokenSet | undefined
  #rejected: string | undefined
  #deadRefreshToken: string | undefined
  #pausedUntilMs = 0

  constructor(options: TokenSourceOptions) {
    this.#tokenFile = options.tokenFile
    this.#tokenUrl = options.tokenUrl
    this.#http = createTokenHttp(options.http)
    this.#environment = { ...realEnvironment, ...options.http?.environment }
    this.#renew = createSingleFlight('the token refresh', REFRESH_LIMIT_MS, (call: CallOptions) =>
      this.#loadOrRefresh(call),
    )
  }

  async accessToken(options: CallOptions): Promise<string> {
    options.signal.throwIfAborted()
    const held = this.#current
    if (held !== undefined && this.#isFresh(held)) return held.accessToken
    const isUsable = held !== undefined && this.#isUsable(held)
    if (isUsable && this.#environment.now() < this.#pausedUntilMs) return held.accessToken
    try {
      return (await this.#renew(options)).accessToken
    } catch (error) {
      options.signal.throwIfAborted()
      const isPassing =
        error instanceof JottaError && (error.kind === 'unavailable' || error.kind === 'throttled')
      if (!isUsable || !isPassing) throw error
      this.#pausedUntilMs = this.#environment.now() + PAUSE_MS
      return held.accessToken
    }
  }

  reject(accessToken: string): void {
    this.#rejected = accessToken
  }

  async #loadOrRefresh(call: CallOptions): Promise<TokenSet> {
    if (this.#unsaved === undefined) {
      const found = await readTokenFile(this.#tokenFile)
      if (this.#isFresh(found)) return this.#use(found)
      if (found.refreshToken === this.#deadRefreshToken) throw staleLogin()
    }
    const lock = { wait: this.#environment.wait, signal: call.signal }
    return await withTokenLock(this.#tokenFile, lock, async () => {
      const latest = await readTokenFile(this.#tokenFile)
      if (this.#unsaved !== undefined && this.#unsaved.obtainedAtMs >= latest.obtainedAtMs) {
        return await this.#save(this.#unsaved)
      }
      if (this.#isFresh(latest)) return this.#use(latest)
      return await this.#refresh(latest, call)
    })
  }

  async #refresh(old: TokenSet, call: CallOptions): Promise<TokenSet> {
    const tokenUrl = this.#tokenUrl ?? old.tokenUrl
    const form = {
      grant_type: 'refresh_token',
      refresh_token: old.refreshToken,
      client_id: old.clientId,
    }
    const granted = await requestGrant(this.#http, tokenUrl, form, call).catch((error: unknown) => {
      if (!isRefusal(error)) throw error
      this.#deadRefreshToken = old.refreshToken
      throw staleLogin()
    })
    return await this.#save(tokenSetOf(granted, old, this.#environment.now()))
  }

  async #save(tokens: TokenSet): Promise<TokenSet> {
    this.#unsaved = tokens
    try {
      await writeTokenFile(this.#tokenFile, tokens)
    } catch (cause) {
      const text = `new tokens cannot be written to ${this.#tokenFile}; they are lost if the process ends before they are`
      throw new JottaError('unavailable', text, { cause })
    }
    return this.#use(tokens)
  }

  #use(tokens: TokenSet): TokenSet {
    this.#unsaved = undefined
    this.#current = tokens
    return tokens
  }

  /** Good for a while longer: not refused, not about to expire. */
  #isFresh(tokens: TokenSet): boolean {
    const lifeMs = tokens.expiresAtMs - tokens.obtainedAtMs
    const earlyMs = Math.min(EARLY_MS, lifeMs / 2)
    return this.#isUsable(tokens) && this.#environment.now() < tokens.expiresAtMs - earlyMs
  }

  #isUsable(tokens: TokenSet): boolean {
    const isRejected = tokens.accessToken === this.#rejected
    return !isRejected && this.#environment.now() < tokens.expiresAtMs
  }
}

/** Connections are not kept: minutes or an hour lie between two requests. */
export function createTokenHttp(options: TokenSourceOptions['http'] = {}): Http {
  const retry = { maxTries: 4, budgetMs: 20_000, maxRetryAfterMs: 10_000, ...options.retry }
  const timeouts = { headMs: 20_000, bodyIdleMs: 20_000, ...options.timeouts }
  return createHttp({ ...options, retry, timeouts, keepAlive: 'close' })
}

export type Grant = z.infer<typeof grant>

/**
 * Asks the token endpoint. A refusal is JottaError with status 400 or 401 (`isRefusal`).
 *
 * Repeated after failures in transit although it may have been carried out: the tokens of a reply that
 * was lost are lost either way, and if there was none, this is the only way on.
 */
export async function requestGrant(
  http: Http,
  tokenUrl: string,
  form: Readonly<Record<string, string>>,
  options: CallOptions,
): Promise<Grant> {
  const request = {
    method: 'POST',
    url: tokenUrl,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
    auth: 'none',
    repeat: 'transient',
    secrets: [form.refresh_token ?? '', form.password ?? ''],
  } as const
  try {
    return await http.call(request, options, (reply) => readJson(reply, grant))
  } catch (error) {
    const isOdd = error instanceof JottaError && error.kind === 'invalid-name'
    if (!isOdd || isRefusal(error)) throw error
    throw new JottaError('protocol', error.message, { status: error.status })
  }
}

/** The token endpoint will not accept what was shown to it, now or later. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof JottaError)) return false
  return error.status === 401 || (error.status === 400 && error.message.includes('invalid_grant'))
}

/** Keeps the old refresh token when the reply has none (RFC 6749, 6). */
export function tokenSetOf(
  granted: Grant,
  origin: Pick<TokenSet, 'tokenUrl' | 'clientId' | 'refreshToken'>,
  nowMs: number,
): TokenSet {
  return {
    version: 1,
    tokenUrl: origin.tokenUrl,
    clientId: origin.clientId,
    refreshToken: granted.refresh_token ?? origin.refreshToken,
    accessToken: granted.access_token,
    obtainedAtMs: nowMs,
    expiresAtMs: nowMs + granted.expires_in * 1000,
  }
}

function staleLogin(): JottaError {
  return loginRequired('the refresh token is no longer accepted')
}
