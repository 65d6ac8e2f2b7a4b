// Access tokens for the http layer, from a token file that outlives the process: refreshed early, by
// one at a time in all processes that share the file, and used only while the file holds them: a logout or
// another login, by whatever process, is noticed by the next who asks for one.
import type { CallOptions } from './client.ts'
import { type Environment, type Http, realEnvironment } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { isOfHolder, type LoginHolder } from './login-holder.ts'
import { createSingleFlight } from './single-flight.ts'
import {
  type LoginKind,
  loginCommandOf,
  loginRequired,
  otherAccount,
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
   * login helps, `other-account` when only one of the account that is served does, `unavailable` when the
   * login service does not answer.
   */
  accessToken(options: CallOptions): Promise<string>
  /** The service refused this token: unless a newer one is there already, the next call refreshes. */
  reject(accessToken: string): void
}

/** Both take a new login. */
type LoginTrouble = 'login-required' | 'other-account'

/** `command` is the one that mends it. */
export type LoginHealth =
  | { readonly status: 'ok' }
  | { readonly status: LoginTrouble; readonly command: string }

export type LoginSource = TokenSource & {
  /** What the last attempts found out; looks at the token file at the most, never at the service. */
  health(): Promise<LoginHealth>
}

export type TokenSourceOptions = {
  readonly tokenFile: string
  /** As `--account` takes it, for the command that mends the login. */
  readonly account?: string | undefined
  /** Whose login it has to be; anybody's when it is left out. No token of another one is handed out. */
  readonly holder?: LoginHolder | undefined
  /** Called once for each login that turns out to be dead, or of somebody else. */
  readonly onLoginRequired?: ((error: JottaError) => void) | undefined
  /** Instead of the token endpoint that the login found. */
  readonly tokenUrl?: string | undefined
  readonly http?: TokenHttpOptions | undefined
}

/** Tokens, and the stamp of the file that holds them. */
type Found = { readonly tokens: TokenSet; readonly stamp: string }

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
  /** What no token will come of again. */
  #dead: { readonly refreshToken: string; readonly trouble: LoginTrouble } | undefined
  readonly #holder: LoginHolder | undefined
  /** Of the last login that was found to be the holder's. */
  #confirmedRefreshToken: string | undefined
  readonly #httpOptions: TokenHttpOptions | undefined
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
    this.#holder = options.holder
    this.#httpOptions = options.http
    this.#http = createTokenHttp(options.http)
    this.#environment = { ...realEnvironment, ...options.http?.environment }
    const renew = async (call: CallOptions) => {
      try {
        return await this.#obtain(call)
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
    const mendedBy = () => ({ command: loginCommandOf(this.#login) })
    try {
      // Another process may have logged in or out meanwhile: the next request will find out.
      const found = await this.#read()
      if (found.refreshToken !== this.#dead?.refreshToken) return { status: 'ok' }
      return { status: this.#dead.trouble, ...mendedBy() }
    } catch (error) {
      if (!(error instanceof JottaError)) throw error
      if (this.#toldOf === undefined && error.kind !== 'login-required') return { status: 'ok' }
      return { status: 'login-required', ...mendedBy() }
    }
  }

  /** What was used last, unless the file holds something else by now, or is gone. */
  async #held(): Promise<TokenSet | undefined> {
    if (this.#current === undefined) return undefined
    const stamp = await stampOf(this.#tokenFile)
    // A disk that does not answer says nothing about the login.
    return stamp === this.#stamp || stamp === 'unknown' ? this.#current : undefined
  }

  #tell(error: unknown): void {
    if (!(error instanceof JottaError)) return
    if (error.kind !== 'login-required' && error.kind !== 'other-account') return
    const dead = `${this.#dead?.refreshToken} ${error.message}`
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

  async #obtain(call: CallOptions): Promise<TokenSet> {
    const found = await this.#loadOrRefresh(call)
    try {
      await this.#confirm(found.tokens, call)
      return this.#use(found)
    } catch (error) {
      if (!(error instanceof JottaError) || error.kind !== 'unauthorized') throw error
      // The service has ended the access token before its time.
      this.#rejected = found.tokens.accessToken
    }
    const renewed = await this.#loadOrRefresh(call)
    await this.#confirm(renewed.tokens, call)
    return this.#use(renewed)
  }

  async #loadOrRefresh(call: CallOptions): Promise<Found> {
    if (this.#unsaved === undefined) {
      const stamp = await stampOf(this.#tokenFile)
      const tokens = await this.#read()
      this.#refuseDead(tokens)
      if (this.#isFresh(tokens)) return { tokens, stamp }
    }
    const lock = { wait: this.#environment.wait, signal: call.signal }
    return await withTokenLock(this.#tokenFile, lock, async () => {
      const latest = await this.#read()
      if (this.#unsaved !== undefined && this.#unsaved.obtainedAtMs >= latest.obtainedAtMs) {
        return await this.#save(this.#unsaved)
      }
      this.#refuseDead(latest)
      if (this.#isFresh(latest)) return { tokens: latest, stamp: await stampOf(this.#tokenFile) }
      return await this.#refresh(latest, call)
    })
  }

  /** Once for each login: its refreshed tokens are of the same account. */
  async #confirm({ accessToken, refreshToken }: TokenSet, call: CallOptions): Promise<void> {
    if (this.#holder === undefined || refreshToken === this.#confirmedRefreshToken) return
    const options = { ...call, http: this.#httpOptions }
    if (await isOfHolder(accessToken, this.#holder, options)) {
      this.#confirmedRefreshToken = refreshToken
      return
    }
    this.#dead = { refreshToken, trouble: 'other-account' }
    throw otherAccount(this.#login)
  }

  #refuseDead({ refreshToken }: TokenSet): void {
    if (this.#dead?.refreshToken !== refreshToken) return
    throw this.#dead.trouble === 'other-account' ? otherAccount(this.#login) : this.#staleLogin()
  }

  async #refresh(old: TokenSet, call: CallOptions): Promise<Found> {
    const tokenUrl = this.#tokenUrl ?? old.tokenUrl
    const form = refreshForm(old)
    const granted = await requestGrant(this.#http, tokenUrl, form, call).catch((error: unknown) => {
      if (!isRefusal(error)) throw error
      this.#dead = { refreshToken: old.refreshToken, trouble: 'login-required' }
      throw this.#staleLogin()
    })
    const tokens = tokenSetOf(granted, old, this.#environment.now())
    if (old.refreshToken === this.#confirmedRefreshToken) {
      this.#confirmedRefreshToken = tokens.refreshToken
    }
    return await this.#save(tokens)
  }

  async #save(tokens: TokenSet): Promise<Found> {
    this.#unsaved = tokens
    try {
      await writeTokenFile(this.#tokenFile, tokens)
    } catch (cause) {
      const text = `new tokens cannot be written to ${this.#tokenFile}; they are lost if the process ends before they are`
      throw new JottaError('unavailable', text, { cause })
    }
    this.#unsaved = undefined
    return { tokens, stamp: await stampOf(this.#tokenFile) }
  }

  #use({ tokens, stamp }: Found): TokenSet {
    this.#unsaved = undefined
    this.#toldOf = undefined
    this.#stamp = stamp
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
