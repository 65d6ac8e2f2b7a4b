// The HTTP of the questions: one request at a time, one reply, as they are. It is no part of the
// bridge and shares nothing with its client, so that it is a look of its own.
import { Agent, request as send } from 'undici'
import { type Bounds, checkBounds, type Sent } from './guard.ts'
import { parseReply, type Reply } from './reply.ts'

export type Service = {
  /** Both end with a slash. */
  readonly jfsUrl: string
  readonly apiUrl: string
  /** Of the login service, when it has one. */
  readonly wellKnownUrl: string | undefined
  /** The client that people log in with in a browser there. */
  readonly browserClient: string
  readonly accessToken: (signal: AbortSignal) => Promise<string>
  /** A personal login token to use up; only where nobody's login is at stake. */
  readonly loginToken?: () => string
}

export type Ask = Sent & {
  readonly headers?: Readonly<Record<string, string>>
}

/** The service could not be asked just now: no answer to any question. */
export class ServiceTrouble extends Error {
  override readonly name = 'ServiceTrouble'
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number | undefined } = {}) {
    super(message, options)
    this.retryAfterMs = options.retryAfterMs
  }
}

const requestTimeoutMs = 5 * 60_000
const replyMaxBytes = 32 * 1024 * 1024
const passing = [429, 502, 503, 504, 509]

export class Client {
  readonly service: Service
  readonly device: string
  /** For `token`, `email` and the like in what is shown. */
  readonly #secrets = new Map<string, string>()
  readonly #uploadUrls = new Set<string>()
  readonly #agent = new Agent({ allowH2: false, connections: 2 })
  #username: string | undefined

  constructor(service: Service, device: string) {
    this.service = service
    this.device = device
  }

  /** Known once `logIn` has returned. */
  get username(): string {
    if (this.#username === undefined) throw new Error('whose account it is was not asked yet')
    return this.#username
  }

  /** Learns whose account it is; returns what its owner knows it by. */
  async logIn(signal: AbortSignal): Promise<string> {
    const url = `${this.service.apiUrl}account/v1/customer`
    const reply = await this.ask({ method: 'GET', url, auth: 'bearer' }, signal)
    const { username, email } = reply.json
    if (reply.status !== 200 || typeof username !== 'string' || username === '') {
      throw new ServiceTrouble(`account/v1/customer answers ${reply.status}`)
    }
    this.#username = username
    this.#hide(username, '<user>')
    if (typeof email !== 'string') return username
    this.#hide(email, '<email>')
    return email
  }

  /** Throws ServiceTrouble when there is no reply, or only a "not now". */
  async ask(asked: Ask, signal: AbortSignal): Promise<Reply> {
    checkBounds(asked, this.#bounds())
    const token = asked.auth === 'bearer' ? await this.service.accessToken(signal) : undefined
    if (token !== undefined) this.#hide(token, '<token>')
    const reply = await this.#send(asked, token, signal)
    const { upload_url: uploadUrl } = reply.json
    if (asked.url.endsWith('/allocate') && typeof uploadUrl === 'string') {
      this.#uploadUrls.add(uploadUrl)
    }
    if (!passing.includes(reply.status)) return reply
    const seconds = Number(reply.headers['retry-after'])
    const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined
    throw new ServiceTrouble(`answered ${reply.status}`, { retryAfterMs })
  }

  /** Without the account's name, tokens and addresses; one line, `maxChars` at the most. */
  shown(text: string, maxChars: number): string {
    let masked = text
    for (const [secret, mask] of this.#secrets) masked = masked.replaceAll(secret, mask)
    masked = masked
      .replaceAll(this.device, '<device>')
      .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '<token>')
      .replace(/https?:\/\/[^\s"'<>]+/g, (url) => URL.parse(url)?.origin ?? '<url>')
      .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    return masked.length > maxChars ? `${masked.slice(0, maxChars)}…` : masked
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #hide(secret: string, mask: string): void {
    this.#secrets.set(secret, mask)
    this.#secrets.set(encodeURIComponent(secret), mask)
  }

  #bounds(): Bounds {
    const { jfsUrl, apiUrl, wellKnownUrl } = this.service
    return {
      jfsUrl,
      apiUrl,
      loginOrigin: wellKnownUrl === undefined ? undefined : new URL(wellKnownUrl).origin,
      username: this.#username,
      device: this.device,
      uploadUrls: this.#uploadUrls,
    }
  }

  async #send(asked: Ask, token: string | undefined, signal: AbortSignal): Promise<Reply> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    try {
      const reply = await send(asked.url, {
        dispatcher: this.#agent,
        method: asked.method,
        headers: { 'user-agent': 'jotta-s3-assumptions', ...authorization, ...asked.headers },
        body: asked.body ?? null,
        headersTimeout: requestTimeoutMs,
        bodyTimeout: requestTimeoutMs,
        signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
      })
      const headers = Object.entries(reply.headers).map(([name, value]) => [name, String(value)])
      return parseReply(reply.statusCode, Object.fromEntries(headers), await readAll(reply.body))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof RangeError) throw error
      const said = error instanceof Error ? error.message : String(error)
      throw new ServiceTrouble(`no reply: ${said}`, { cause: error })
    }
  }
}

async function readAll(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body) {
    sizeBytes += chunk.length
    if (sizeBytes > replyMaxBytes) throw new RangeError('a reply is larger than any should be')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
