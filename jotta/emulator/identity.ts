// Who is asking: login tokens, authorization codes, access and refresh tokens (API 2). Only their
// SHA-256 is kept.
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import type { Switches } from './options.ts'
import { officialRealm } from './realms.ts'
import { numberOf, optionalNumberOf, optionalTextOf, type Store, textOf } from './store.ts'

export type TokenSet = {
  readonly accessToken: string
  readonly refreshToken: string
  readonly sessionId: string
}

/** The client that asks for tokens, and where. */
export type Asker = {
  /** `legacy` for the login with a password. */
  readonly realm: string
  readonly client: string
  readonly issuer: string
}

export type CodeTerms = {
  readonly realm: string
  readonly client: string
  readonly redirectUri: string
  /** S256 (RFC 7636); null when the client sent none. */
  readonly challenge: string | null
}

/** As long as Keycloak lets a code live. */
const codeLifeMs = 60_000

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
      realm: officialRealm,
      well_known_link: wellKnownUrl,
      auth_token: secret,
    }
    return Buffer.from(JSON.stringify(fields)).toString('base64url')
  }

  /** Undefined when the secret is unknown or used. */
  login(username: string, secret: string, asker: Asker): TokenSet | undefined {
    if (username !== this.#username) return undefined
    return this.#store.transaction('durable', () => {
      const used = this.#store.run(
        `UPDATE tokens SET used = 1 WHERE sha256 = ? AND kind = 'login' AND used = 0`,
        sha256(secret),
      )
      return used === 0 ? undefined : this.#issue(this.#addFamily(asker), asker)
    })
  }

  /** For somebody whose password was right. */
  loginByPassword(asker: Asker): TokenSet {
    return this.#store.transaction('durable', () => this.#issue(this.#addFamily(asker), asker))
  }

  /** An authorization code, good for one login within a minute. */
  mintCode({ realm, client, redirectUri, challenge }: CodeTerms): string {
    const code = `${randomUUID()}.${randomBytes(16).toString('base64url')}`
    const nowMs = this.#now().getTime()
    this.#store.transaction('durable', () => {
      this.#store.run('DELETE FROM codes WHERE expires <= ?', nowMs)
      this.#store.run(
        `INSERT INTO codes (sha256, realm, client, redirect_uri, challenge, expires)
         VALUES (?, ?, ?, ?, ?, ?)`,
        sha256(code),
        realm,
        client,
        redirectUri,
        challenge,
        nowMs + codeLifeMs,
      )
    })
    return code
  }

  /**
   * Undefined unless all terms of the code are met. A code used twice ends the login it was used for
   * (RFC 6749, 4.1.2); a login ends the earlier ones of its client: one is active at a time (API 2.3).
   */
  redeemCode(
    code: string,
    given: { readonly redirectUri: string; readonly verifier: string | null },
    asker: Asker,
  ): TokenSet | undefined {
    return this.#store.transaction('durable', () => {
      const row = this.#store.get('SELECT * FROM codes WHERE sha256 = ?', sha256(code))
      if (row === undefined || numberOf(row, 'expires') <= this.#now().getTime()) return undefined
      const spentOn = optionalNumberOf(row, 'family')
      if (spentOn !== null) {
        this.#store.run('UPDATE families SET revoked = 1 WHERE id = ?', spentOn)
        return undefined
      }
      const challenge = given.verifier === null ? null : challengeOf(given.verifier)
      const isMet =
        textOf(row, 'realm') === asker.realm &&
        textOf(row, 'client') === asker.client &&
        textOf(row, 'redirect_uri') === given.redirectUri &&
        optionalTextOf(row, 'challenge') === challenge
      if (!isMet) {
        // One try is all there is.
        this.#store.run('DELETE FROM codes WHERE sha256 = ?', sha256(code))
        return undefined
      }
      this.#store.run(
        `UPDATE families SET revoked = 1
         WHERE id IN (SELECT family FROM logins WHERE realm = ? AND client = ?)`,
        asker.realm,
        asker.client,
      )
      const family = this.#addFamily(asker)
      this.#store.run('UPDATE codes SET family = ? WHERE sha256 = ?', family, sha256(code))
      return this.#issue(family, asker)
    })
  }

  /**
   * Rotates. Undefined when the token is unknown, another client's, or its family revoked; an old token
   * of a family, used again, revokes it (API 2.2).
   */
  refresh(refreshToken: string, asker: Asker): TokenSet | undefined {
    return this.#store.transaction('durable', () => {
      const row = this.#store.get(
        `SELECT t.family, t.used, f.revoked, l.realm, l.client
         FROM tokens t JOIN families f ON f.id = t.family LEFT JOIN logins l ON l.family = t.family
         WHERE t.sha256 = ? AND t.kind = 'refresh'`,
        sha256(refreshToken),
      )
      if (row === undefined || numberOf(row, 'revoked') === 1) return undefined
      const realm = optionalTextOf(row, 'realm') ?? officialRealm
      const client = optionalTextOf(row, 'client') ?? 'jottacli'
      if (realm !== asker.realm || client !== asker.client) return undefined
      const family = numberOf(row, 'family')
      if (numberOf(row, 'used') === 1 && this.#switches.refreshTokenReuse === 'revoke') {
        this.#store.run('UPDATE families SET revoked = 1 WHERE id = ?', family)
        return undefined
      }
      this.#store.run('UPDATE tokens SET used = 1 WHERE sha256 = ?', sha256(refreshToken))
      return this.#issue(family, asker)
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

  #addFamily({ realm, client }: Asker): number {
    const row = this.#store.get('INSERT INTO families DEFAULT VALUES RETURNING id')
    const family = numberOf(row ?? {}, 'id')
    this.#store.run('INSERT INTO logins VALUES (?, ?, ?)', family, realm, client)
    return family
  }

  #issue(family: number, { realm, client, issuer }: Asker): TokenSet {
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
      azp: client,
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

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

function sha256(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
