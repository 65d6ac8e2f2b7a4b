// Where one question is asked: a folder that nothing else uses, what can be done in it, and the notes
// that become its evidence.
import { createHash, randomBytes } from 'node:crypto'
import type { Ask, Client } from './client.ts'
import { type FileLook, type Listing, listingOf, lookOf } from './look.ts'
import { isOk, type Reply, refusalOf } from './reply.ts'

export type Headers = Readonly<Record<string, string>>
type Content = string | Buffer

/** Of the requests; what a question notes itself comes on top. */
const loggedMaxLines = 40
const evidenceMaxLines = 120
const lineMaxChars = 240

/** The way to a question failed; what was asked was not answered. */
export class SetUpFailed extends Error {
  override readonly name = 'SetUpFailed'
}

export class Place {
  readonly client: Client
  readonly signal: AbortSignal
  /** What was asked and answered, in order, with nothing in it that is secret. */
  readonly evidence: string[]
  /** Names from the mountpoint on. */
  readonly #home: readonly string[]

  constructor(
    client: Client,
    home: readonly string[],
    signal: AbortSignal,
    evidence: string[] = [],
  ) {
    this.client = client
    this.signal = signal
    this.evidence = evidence
    this.#home = home
  }

  note(text: string): void {
    if (this.evidence.length >= evidenceMaxLines) return
    this.evidence.push(this.client.shown(text, lineMaxChars))
  }

  /** Another mountpoint of the same device, made by the caller, as a place. */
  mountpoint(name: string): Place {
    return new Place(this.client, [name], this.signal, this.evidence)
  }

  /** Content that Jottacloud has never seen. */
  fresh(sizeBytes = 64): Buffer {
    return randomBytes(sizeBytes)
  }

  async get(path = '', query = '', headers: Headers = {}): Promise<Reply> {
    return await this.ask({ method: 'GET', url: this.url(path, query), headers, auth: 'bearer' })
  }

  async head(path: string): Promise<Reply> {
    return await this.ask({ method: 'HEAD', url: this.url(path), auth: 'bearer' })
  }

  async post(path: string, query = '', headers: Headers = {}): Promise<Reply> {
    return await this.ask({ method: 'POST', url: this.url(path, query), headers, auth: 'bearer' })
  }

  /** A GET below this place whose last part is sent as it is. */
  async getRaw(rawPath: string): Promise<Reply> {
    return await this.ask({ method: 'GET', url: `${this.url('')}/${rawPath}`, auth: 'bearer' })
  }

  /** A look at the account outside of this place: what is in the reply is not noted. */
  async lookElsewhere(path: string): Promise<Reply> {
    const { service, username } = this.client
    const url = `${service.jfsUrl}${username}${path}`
    const reply = await this.client.ask({ method: 'GET', url, auth: 'bearer' }, this.signal)
    this.#log(`GET ${path === '' ? 'account' : path}: ${reply.status} ${reply.root}`)
    return reply
  }

  /** `cp`, `mv` or `mvDir` from one path here to another. */
  async transfer(command: string, from: string, to: string): Promise<Reply> {
    const { username, device } = this.client
    const target = ['', username, device, ...this.#home, to].join('/')
    const query = `?${new URLSearchParams({ [command]: target })}`
    const slash = command === 'mvDir' ? '/' : ''
    const url = `${this.url(from)}${slash}${query}`
    return await this.ask({ method: 'POST', url, auth: 'bearer' })
  }

  async cphash(path: string, content: Content, times = modifiedTimes): Promise<Reply> {
    const sizes = { JSize: String(Buffer.byteLength(content)), JMd5: md5Of(content) }
    return await this.post(path, '?cphash=true', { ...sizes, ...times })
  }

  async allocate(
    path: string,
    content: Content,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Reply> {
    const body = JSON.stringify({
      path: this.allocationPath(path),
      bytes: Buffer.byteLength(content),
      md5: md5Of(content),
      created: '2024-03-01T08:00:00Z',
      modified: '2024-03-01T08:00:00Z',
      ...more,
    })
    const url = `${this.client.service.apiUrl}files/v1/allocate`
    const headers = { 'content-type': 'application/json' }
    const reply = await this.ask({ method: 'POST', url, headers, body, auth: 'bearer' })
    const { state, resume_pos: kept } = reply.json
    if (isOk(reply)) this.#log(`  ${path}: state ${String(state)}, resume_pos ${String(kept)}`)
    return reply
  }

  /** Bytes from `from` on, announced by a Range when given; `lengthBytes` of them at the most. */
  async send(
    allocation: Reply,
    content: Content,
    part: { readonly from?: number; readonly lengthBytes?: number } = {},
  ): Promise<Reply> {
    const url = String(allocation.json.upload_url)
    if (URL.parse(url) === null) throw new SetUpFailed('an allocation names no upload_url')
    const bytes = Buffer.from(content)
    const { from, lengthBytes = bytes.length } = part
    const range = from === undefined ? {} : { range: `bytes=${from}-${bytes.length - 1}` }
    const headers = { 'content-type': 'application/octet-stream', ...range }
    const body = bytes.subarray(from ?? 0, (from ?? 0) + lengthBytes)
    return await this.ask({ method: 'POST', url, headers, body, auth: 'bearer' })
  }

  /** Stores a file, or the first refusal on the way. */
  async tryPut(
    path: string,
    content: Content,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Reply> {
    const allocation = await this.allocate(path, content, more)
    if (!isOk(allocation) || allocation.json.state === 'COMPLETED') return allocation
    return await this.send(allocation, content)
  }

  async put(
    path: string,
    content: Content,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    this.must(await this.tryPut(path, content, more))
  }

  /** For steps on the way to the question. Throws SetUpFailed unless the reply is a success. */
  must(reply: Reply): Reply {
    if (isOk(reply)) return reply
    throw new SetUpFailed(`${reply.status} ${this.client.shown(refusalOf(reply), lineMaxChars)}`)
  }

  /** As it is put into an allocation (API 5.1). */
  allocationPath(path: string): string {
    return ['', 'jfs', this.client.device, ...this.#home, path].join('/')
  }

  async look(path: string): Promise<FileLook> {
    return lookOf(await this.get(path))
  }

  async list(path = ''): Promise<Listing> {
    return listingOf(this.must(await this.get(path)))
  }

  /** The content at a path; undefined when it cannot be read. */
  async content(path: string): Promise<string | undefined> {
    const reply = await this.get(path, '?mode=bin')
    return reply.status === 200 ? reply.text : undefined
  }

  url(path: string, query = ''): string {
    const { service, username, device } = this.client
    const names = [device, ...this.#home, ...(path === '' ? [] : path.split('/'))]
    return `${service.jfsUrl}${[username, ...names.map(encodeName)].join('/')}${query}`
  }

  /** Sends, and notes what came of it. */
  async ask(asked: Ask): Promise<Reply> {
    const subject = `${asked.method} ${this.#subjectOf(asked)}`
    try {
      const reply = await this.client.ask(asked, this.signal)
      const said = reply.status >= 400 ? ` ${refusalOf(reply)}` : ''
      this.#log(`${subject}: ${reply.status}${said}`)
      return reply
    } catch (error) {
      this.#log(`${subject}: ${error instanceof Error ? error.message : String(error)}`)
      throw error
    }
  }

  #log(text: string): void {
    if (this.evidence.length < loggedMaxLines) this.note(text)
    else if (this.evidence.length === loggedMaxLines) this.note('…')
  }

  /** Short, and without what an upload URL may give away. */
  #subjectOf({ url, auth }: Ask): string {
    const { pathname, search } = new URL(url)
    if (auth === 'none') return pathname
    if (url.startsWith(this.url(''))) {
      const rest = url.slice(this.url('').length).replace(/^\//, '')
      return rest.length > 80 ? `${rest.slice(0, 80)}…` : rest === '' ? '(its folder)' : rest
    }
    if (url.startsWith(this.client.service.jfsUrl)) return `${pathname}${search}`
    return url.startsWith(this.client.service.apiUrl) && url.endsWith('/allocate')
      ? 'allocate'
      : 'upload_url'
  }
}

const modifiedTimes: Headers = {
  JCreated: '2024-03-01-T08:00:00Z',
  JModified: '2024-03-01-T08:00:00Z',
}

export function md5Of(content: Content): string {
  return createHash('md5').update(content).digest('hex')
}

/** More than has to be: `+`, `;` and their kind too. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
