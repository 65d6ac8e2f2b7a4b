// Who is asking: login tokens, access and refresh tokens (API 2.1, 2.2). Only their SHA-256 is kept.
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import type { Switches } from './options.ts'
import { numberOf, optionalNumberOf, type Store } from './store.ts'

export const realm = 'jottacloud'

export type TokenSet = {
  readonly accessToken: string
  readonly refreshToken: string
  readonly sessionId: string
}

export class Identity {
  readonly #store: Store
  readonly #switches: Switches
  readonly #now: () => Date
  readonly #username: string
  readonly #signingKey = randomBytes(32)

  constructor(store: Store, switches: Switches, now: () => Date, username: string) {
    this.#store = store
    this.#switches = switches
    this.#now = now
    this.#username = username
  }

  /** The text that a person would copy from the web page; good for one login. */
  mintLoginToken(wellKnownUrl: string): string {
    const secret = randomBytes(24).toString('base64url')
    this.#store.transaction('durable', () => this.#keep(secret, 'login', null, null))
    const fields = {
      username: this.#username,
      realm,
      well_known_link: wellKnownUrl,
      auth_token: secret,
    }
    return Buffer.from(JSON.stringify(fields)).toString('base64url')
  }

  /** Undefined when the secret is unknown or used. */
  login(username: string, secret: string, issuer: string): TokenSet | undefined {
    if (username !== this.#username) return undefined
    return this.#store.transaction('durable', () => {
      const used = this.#store.run(
        `UPDATE tokens SET used = 1 WHERE sha256 = ? AND kind = 'login' AND used = 0`,
        sha256(secret),
      )
      if (used === 0) return undefined
      const family = this.#store.get('INSERT INTO families DEFAULT VALUES RETURNING id')
      return family === undefined ? undefined : this.#issue(numberOf(family, 'id'), issuer)
    })
  }

  /**
   * Rotates. Undefined when the token is unknown or its family revoked; an old token of a family, used
   * again, revokes it (API 2.2).
   */
  refresh(refreshToken: string, issuer: string): TokenSet | undefined {
    return this.#store.transaction('durable', () => {
      const row = this.#store.get(
        `SELECT t.family, t.used, f.revoked FROM tokens t JOIN families f ON f.id = t.family
         WHERE t.sha256 = ? AND t.kind = 'refresh'`,
        sha256(refreshToken),
      )
      if (row === undefined || numberOf(row, 'revoked') === 1) return undefined
      const family = numberOf(row, 'family')
      if (numberOf(row, 'used') === 1 && this.#switches.refreshTokenReuse === 'revoke') {
        this.#store.run('UPDATE families SET revoked = 1 WHERE id = ?', family)
        return undefined
      }
      this.#store.run('UPDATE tokens SET used = 1 WHERE sha256 = ?', sha256(refreshToken))
      return this.#issue(family, issuer)
    })
  }

  /** Whether an Authorization header carries a live access token. */
  isAuthorized(authorization: string | undefined): boolean {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? []
    if (token === undefined) return false
    const row = this.#store.get(
      `SELECT expires FROM tokens WHERE sha256 = ? AND kind = 'access'`,
      sha256(token),
    )
    const expires = row === undefined ? null : optionalNumberOf(row, 'expires')
    return expires !== null && expires > this.#now().getTime()
  }

  expireAccessTokens(): void {
    this.#store.transaction('durable', () =>
      this.#store.run(`DELETE FROM tokens WHERE kind = 'access'`),
    )
  }

  revokeFamilies(): void {
    this.#store.transaction('durable', () => this.#store.run('UPDATE families SET revoked = 1'))
  }

  #issue(family: number, issuer: string): TokenSet {
    const nowMs = this.#now().getTime()
    this.#store.run('DELETE FROM tokens WHERE expires <= ?', nowMs)
    const sessionId = randomUUID()
    const expires = nowMs + this.#switches.accessTokenTtlSeconds * 1000
    const accessToken = this.#sign({
      jti: randomUUID(),
      exp: Math.floor(expires / 1000),
      iat: Math.floor(nowMs / 1000),
      iss: issuer,
      sub: `f:${realm}:${this.#username}`,
      typ: 'Bearer',
      azp: 'jottacli',
      session_state: sessionId,
      username: this.#username,
    })
    const refreshToken = this.#sign({ jti: randomUUID(), iss: issuer, typ: 'Offline' })
    this.#keep(accessToken, 'access', family, expires)
    this.#keep(refreshToken, 'refresh', family, null)
    return { accessToken, refreshToken, sessionId }
  }

  #keep(
    secret: string,
    kind: 'login' | 'access' | 'refresh',
    family: number | null,
    expires: number | null,
  ): void {
    this.#store.run(
      'INSERT INTO tokens (sha256, kind, family, expires) VALUES (?, ?, ?, ?)',
      sha256(secret),
      kind,
      family,
      expires,
    )
  }

  /** In the form of a JWT. It is looked up, never verified: the signature is only there to be random. */
  #sign(claims: object): string {
    const parts = [{ alg: 'HS256', typ: 'JWT' }, claims]
    const text = parts
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    return `${text}.${createHmac('sha256', this.#signingKey).update(text).digest('base64url')}`
  }
}

function sha256(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
