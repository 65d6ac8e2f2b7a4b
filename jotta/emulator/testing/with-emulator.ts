// For tests only: an emulator on a folder of its own, and plain HTTP against it. Written from the
// protocol reference, with nothing of the emulator's or the client's code in it.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { type Emulator, type EmulatorOptions, startEmulator } from '../emulator.ts'

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly text: string
  /** Attributes begin with `@`; empty for what is not XML. */
  readonly xml: Tag
  readonly json: Readonly<Record<string, unknown>>
}
export type Tag = { readonly [name: string]: unknown }
export type Ask = {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  trimValues: false,
  isArray: (_name, path) =>
    /(folders\.folder|files\.file|devices\.device|mountPoints\.mountPoint|revisions\.revision|filedirlist\.(file|folder))$/.test(
      String(path),
    ),
})

export function md5(content: Buffer | string): string {
  return createHash('md5').update(content).digest('hex')
}

/** The tag at a path of names below a parsed reply; undefined when any of them is missing. */
export function at(tag: unknown, ...names: readonly string[]): unknown {
  let value = tag
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.entries(value).find(([key]) => key === name)?.[1]
  }
  return value
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** One person with an access token. */
export class Session {
  readonly url: string
  readonly username: string
  accessToken = ''
  refreshToken = ''

  constructor(url: string, username: string) {
    this.url = url
    this.username = username
  }

  async ask(method: string, path: string, { headers = {}, body }: Ask = {}): Promise<Answer> {
    const url = new URL(path, this.url)
    return await askOverHttp(method, url, {
      headers: { authorization: `Bearer ${this.accessToken}`, ...headers },
      ...(body === undefined ? {} : { body }),
    })
  }

  /** `path` below the user, percent-encoded here: `Jotta/Archive/a b`. */
  jfs(path: string): string {
    return `/jfs/${this.username}/${path.split('/').map(encodeURIComponent).join('/')}`
  }

  async get(path: string, query = '', headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask('GET', `${this.jfs(path)}${query}`, { headers })
  }

  async post(path: string, query = '', headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask('POST', `${this.jfs(path)}${query}`, { headers })
  }

  /** `cp`, `mv`, `mvDir` from one path below the user to another. */
  async transfer(command: string, from: string, to: string): Promise<Answer> {
    const source = command === 'mvDir' ? `${this.jfs(from)}/` : this.jfs(from)
    const target = new URLSearchParams({ [command]: `/${this.username}/${to}` })
    return await this.ask('POST', `${source}?${target}`)
  }

  async cphash(path: string, content: string | Buffer, modified: string): Promise<Answer> {
    return await this.post(path, '?cphash=true', {
      JSize: String(Buffer.byteLength(content)),
      JMd5: md5(content),
      JCreated: modified,
      JModified: modified,
    })
  }

  async allocate(
    path: string,
    content: Buffer | string,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Answer> {
    const bytes = Buffer.byteLength(content)
    const body = JSON.stringify({ bytes, md5: md5(content), path: `/jfs/${path}`, ...more })
    return await this.ask('POST', '/files/v1/allocate', {
      headers: { 'content-type': 'application/json' },
      body,
    })
  }

  /** `from`: a position to resume at, sent as a Range. */
  async send(
    allocation: Answer,
    content: Buffer | string,
    from?: number,
    length = Number.MAX_SAFE_INTEGER,
  ): Promise<Answer> {
    const bytes = Buffer.from(content)
    const range = from === undefined ? {} : { range: `bytes=${from}-${bytes.length - 1}` }
    return await this.ask('POST', String(allocation.json.upload_url), {
      headers: { 'content-type': 'application/octet-stream', ...range },
      body: bytes.subarray(from ?? 0, (from ?? 0) + length),
    })
  }

  /** Allocates, sends when it has to; throws when that fails. */
  async put(
    path: string,
    content: Buffer | string,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const allocation = await this.allocate(path, content, more)
    if (allocation.status !== 200) throw new Error(`allocate: ${allocation.text}`)
    if (allocation.json.state === 'COMPLETED') return
    const sent = await this.send(allocation, content)
    if (sent.status !== 200) throw new Error(`upload: ${sent.status} ${sent.text}`)
  }

  async content(path: string): Promise<string> {
    const answer = await this.get(path, '?mode=bin')
    return answer.status === 200 ? answer.text : `status ${answer.status}`
  }

  /** Names of the direct children, trashed ones with a dagger behind. */
  async names(path: string): Promise<string[]> {
    const { xml } = await this.get(path)
    const root = Object.values(xml).at(-1)
    const children = [
      ...list(at(root, 'folders', 'folder')).map((tag) => ({ tag, slash: '/' })),
      ...list(at(root, 'files', 'file')).map((tag) => ({ tag, slash: '' })),
    ]
    return children
      .map(({ tag, slash }) => {
        const dagger = at(tag, '@deleted') === undefined ? '' : '†'
        return `${String(at(tag, '@name'))}${slash}${dagger}`
      })
      .sort()
  }

  /** Status and body of the token endpoint's answer. */
  async token(
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const url = new URL('/auth/realms/jottacloud/protocol/openid-connect/token', this.url)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams(fields).toString()
    return await askOverHttp('POST', url, { headers: { ...form, ...headers }, body })
  }

  /**
   * Sends part of a body and leaves the connection open; resolves when the emulator has the bytes. Any
   * error of the connection from then on is the caller's doing.
   */
  async sendPart(path: string, allocation: Answer, content: Buffer, length: number) {
    const upload = request(String(allocation.json.upload_url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.accessToken}`,
        'content-length': String(content.length),
      },
    })
    upload.on('error', () => undefined)
    upload.write(content.subarray(0, length))
    for (let turn = 0; turn < 10_000; turn += 1) {
      const file = at((await this.get(path)).xml, 'file')
      if (at(file, 'latestRevision', 'size') === String(length)) return upload
    }
    throw new Error('the bytes never arrived')
  }

  async login(loginToken: string): Promise<Answer> {
    const fields: unknown = JSON.parse(Buffer.from(loginToken, 'base64url').toString('utf8'))
    const answer = await this.token({
      client_id: 'jottacli',
      grant_type: 'password',
      username: String(at(fields, 'username')),
      password: String(at(fields, 'auth_token')),
      scope: 'openid offline_access',
    })
    this.accessToken = String(answer.json.access_token)
    this.refreshToken = String(answer.json.refresh_token)
    return answer
  }
}

/** Not `fetch`: it sends a request again by itself when the answer is 421. */
async function askOverHttp(
  method: string,
  url: URL,
  { headers = {}, body = '' }: Ask,
): Promise<Answer> {
  const arrived = Promise.withResolvers<IncomingMessage>()
  const sent = request(url, { method, headers }, arrived.resolve)
  sent.on('error', arrived.reject)
  if (body === '') sent.setHeader('content-length', '0')
  sent.end(body)
  const response = await arrived.promise
  const given = Object.entries(response.headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ])
  return toAnswer(response.statusCode ?? 0, new Headers(given), await buffer(response))
}

function toAnswer(status: number, headers: Headers, bytes: Buffer): Answer {
  const text = bytes.toString('utf8')
  const isXml = text.startsWith('<?xml')
  if (isXml) {
    const valid = XMLValidator.validate(text)
    if (valid !== true) throw new Error(`not well-formed: ${valid.err.msg} in ${text}`)
  }
  const isJson = headers.get('content-type') === 'application/json'
  return {
    status,
    headers,
    bytes,
    text,
    xml: isXml ? parser.parse(text) : {},
    json: isJson ? JSON.parse(text) : {},
  }
}

export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'jotta-emulator-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

export async function withEmulator(
  options: Partial<EmulatorOptions>,
  work: (session: Session, emulator: Emulator) => Promise<void>,
): Promise<void> {
  await withFolder(async (dataDirectory) => {
    const emulator = await startEmulator({ dataDirectory, ...options })
    try {
      const session = new Session(emulator.url, emulator.username)
      await session.login(emulator.loginToken())
      await work(session, emulator)
    } finally {
      await emulator.close()
    }
  })
}

/** A clock that only moves when told to. */
export function createClock(start: string): { now: () => Date; advance: (ms: number) => void } {
  let nowMs = Date.parse(start)
  return {
    now: () => new Date(nowMs),
    advance: (ms) => {
      nowMs += ms
    },
  }
}
