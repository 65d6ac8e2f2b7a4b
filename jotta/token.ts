// Access tokens for the http layer, from a token file that outlives the process: refreshed early, by
// one at a time in all processes that share the file, and used only while the file holds them: a logout or
// another login, by whatever process, is noticed by the next who asks for one.
import type { CallOptions } from './client.ts'
import { type Environment, type Http, realEnvironment } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { createSingleFlight } from './single-flight.ts'
import {
  type LoginKind,
  loginCommandOf,
  loginRequired,
  readTokenFile,
  stampOf,
  type TokenSet,
  withTokenLock,
  writeTokenFile,
} from './token-file.ts'
import {
  createTokenHttp,
  isRefusal,
  refreshForm,
  requestGrant,
  type TokenHttpOptions,
  tokenSetOf,
} from './token-grant.ts'

export type TokenSource = {
  /**
   * An access token that is good for a while. Throws JottaError `login-required` when only a new
   * login helps, `unavailable` when the login service does not answer.
   */
  accessToken(options: CallOptions): Promise<string>
  /** The service refused this token: unless a newer one is there already, the next call refreshes. */
  reject(accessToken: string): void
}

/** `command` is the one that mends it. */
export type LoginHealth =
  | { readonly status: 'ok' }
  | { readonly status: 'login-required'; readonly command: string }

export type LoginSource = TokenSource & {
  /** What the last attempts found out; looks at the token file at the most, never at the service. */
  health(): Promise<LoginHealth>
}

export type TokenSourceOptions = {
  readonly tokenFile: string
  /** As `--account` takes it, for the command that mends the login. */
  readonly account?: string | undefined
  /** Called once for each login that turns out to be dead. */
  readonly onLoginRequired?: ((error: JottaError) => void) | undefined
  /** Instead of the token endpoint that the login found. */
  readonly tokenUrl?: string | undefined
  readonly http?: TokenHttpOptions | undefined
}

const EARLY_MS = 60_000
/** After a refresh that failed in transit, a token that is still good is used this long without another. */
const PAUSE_MS = 10_000
const REFRESH_LIMIT_MS = 60_000

export function createStaticTokenSource(accessToken: string): TokenSource {
  return { accessToken: async () => accessToken, reject: () => {} }
}

export function createTokenSource(options: TokenSourceOptions): LoginSource {
  return new FileTokenSource(options)
}

class FileTokenSource implements LoginSource {
  readonly #tokenFile: string
  readonly #tokenUrl: string | undefined
  readonly #onLoginRequired: (error: JottaError) => void
  readonly #http: Http
  readonly #environment: Environment
  readonly #renew: (options: CallOptions) => Promise<TokenSet>
  #current: TokenSet | undefined
  /** Of the file when it held `#current`. */
  #stamp = ''
  /** Refreshed, but not on disk yet: lost if the process ends, so written before anything else. */
  #unsaved: TokenSet | undefined
  #rejected: string | undefined
  #deadRefreshToken: string | undefined
  /** Of the file that was read last. */
  #login: LoginKind
  /** The dead login that was told of, until another one works. */
  #toldOf: string | undefined
  #pausedUntilMs = 0

  constructor(options: TokenSourceOptions) {
    this.#tokenFile = options.tokenFile
    this.#tokenUrl = options.tokenUrl
    this.#login = { account: options.account }
    this.#onLoginRequired = options.onLoginRequired ?? (() => {})
    this.#http = createTokenHttp(options.http)
    this.#environment = { ...realEnvironment, ...options.http?.environment }
    const renew = async (call: CallOptions) => {
      try {
        return await this.#loadOrRefresh(call)
      } catch (error) {
        this.#tell(error)
        throw error
      }
    }
    this.#renew = createSingleFlight('the token refresh', REFRESH_LIMIT_MS, renew)
  }

  async accessToken(options: CallOptions): Promise<string> {
    options.signal.throwIfAborted()
    const held = await this.#held()
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

  async health(): Promise<LoginHealth> {
    try {
      // Another process may have logged in or out meanwhile: the next request will find out.
      const found = await this.#read()
      const isDead = this.#toldOf !== undefined && found.refreshToken === this.#deadRefreshToken
      if (!isDead) return { status: 'ok' }
    } catch (error) {
      if (!(error instanceof JottaError)) throw error
      if (this.#toldOf === undefined && error.kind !== 'login-required') return { status: 'ok' }
    }
    return { status: 'login-required', command: loginCommandOf(this.#login) }
  }

  /** What was used last, unless the file holds something else by now, or is gone. */
  async #held(): Promise<TokenSet | undefined> {
    if (this.#current === undefined) return undefined
    const stamp = await stampOf(this.#tokenFile)
    // A disk that does not answer says nothing about the login.
    return stamp === this.#stamp || stamp === 'unknown' ? this.#current : undefined
  }

  #tell(error: unknown): void {
    if (!(error instanceof JottaError) || error.kind !== 'login-required') return
    const dead = `${this.#deadRefreshToken} ${error.message}`
    if (dead === this.#toldOf) return
    this.#toldOf = dead
    this.#onLoginRequired(error)
  }

  async #read(): Promise<TokenSet> {
    const found = await readTokenFile(this.#tokenFile, this.#login)
    const { service, style } = found
    this.#login = { account: this.#login.account, service, style }
    return found
  }

  async #loadOrRefresh(call: CallOptions): Promise<TokenSet> {
    if (this.#unsaved === undefined) {
      const stamp = await stampOf(this.#tokenFile)
      const found = await this.#read()
      if (this.#isFresh(found)) return this.#use(found, stamp)
      if (found.refreshToken === this.#deadRefreshToken) throw this.#staleLogin()
    }
    const lock = { wait: this.#environment.wait, signal: call.signal }
    return await withTokenLock(this.#tokenFile, lock, async () => {
      const latest = await this.#read()
      if (this.#unsaved !== undefined && this.#unsaved.obtainedAtMs >= latest.obtainedAtMs) {
        return await this.#save(this.#unsaved)
      }
      if (this.#isFresh(latest)) return this.#use(latest, await stampOf(this.#tokenFile))
      return await this.#refresh(latest, call)
    })
  }

  async #refresh(old: TokenSet, call: CallOptions): Promise<TokenSet> {
    const tokenUrl = this.#tokenUrl ?? old.tokenUrl
    const form = refreshForm(old)
    const granted = await requestGrant(this.#http, tokenUrl, form, call).catch((error: unknown) => {
      if (!isRefusal(error)) throw error
      this.#deadRefreshToken = old.refreshToken
      throw this.#staleLogin()
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
    return this.#use(tokens, await stampOf(this.#tokenFile))
  }

  #use(tokens: TokenSet, stamp: string): TokenSet {
    this.#stamp = stamp
    this.#unsaved = undefined
    this.#toldOf = undefined
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

  #staleLogin(): JottaError {
    return loginRequired('the refresh token is no longer accepted', this.#login)
  }
}
