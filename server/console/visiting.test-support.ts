// For tests: the console on a real port over a fake Bridge, and people who log in to it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { AccessKeyRecord, AccessKeys } from '../access/access-keys.ts'
import { createCredentials } from '../access/credentials.ts'
import { createDirectory } from '../access/directory.ts'
import { openAccessKeys } from '../access/sqlite-access-keys.ts'
import { createApp, serverOptions } from '../app.ts'
import { createFakeBridge, type FakeBridge } from '../fake-bridge.test-support.ts'
import { createFigures } from '../figures/figures.ts'
import { createLog } from '../log.ts'
import { tokenKeyOf } from '../operations/wire/continuation-token.ts'
import { createFindPeer } from '../peer.ts'
import { createConsole } from './console.ts'
import { loadPageFiles } from './page-files.ts'
import { createRecentRequests } from './recent-requests.ts'

export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export type AskOptions = {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The request is never ended. */
  readonly isOpen?: boolean
}

export type Ask = (method: string, path: string, options?: AskOptions) => Promise<Answer>

export type Visiting = {
  readonly host: string
  readonly bridge: FakeBridge
  readonly accessKeys: AccessKeys
  readonly logLines: readonly string[]
  readonly audited: readonly Readonly<Record<string, unknown>>[]
  /** As nobody, from nowhere. */
  readonly ask: Ask
  /** Logs a key of `people` in; what it then asks carries cookie and token, as the page's requests do. */
  logIn(
    name: string,
  ): Promise<{ readonly ask: Ask; readonly cookie: string; readonly token: string }>
  /** Moves the clock. */
  pass(ms: number): void
}

export const secretOf = (name: string): string => `secret-of-${name}`

const all = { buckets: [], access: 'full' } as const
const people: readonly Pick<AccessKeyRecord, 'name' | 'owner' | 'limits'>[] = [
  { name: 'clerk', owner: 'root', limits: all },
  { name: 'reader', owner: 'root', limits: { buckets: [], access: 'read-only' } },
  { name: 'boxed', owner: 'root', limits: { buckets: ['bucket'], access: 'full' } },
  { name: 'alice', owner: 'alice', limits: all },
]

const tokenKey = tokenKeyOf('secret')

/** The root key is `root`; `bucket` belongs to its owner. */
export async function withConsole(
  act: (visiting: Visiting) => Promise<void>,
  {
    trustedProxies = [],
    domains = [],
  }: { readonly trustedProxies?: readonly string[]; readonly domains?: readonly string[] } = {},
): Promise<void> {
  let nowMs = Date.parse('2026-11-26T12:00:00Z')
  const now = () => new Date(nowMs)
  const bridge = createFakeBridge()
  const folder = await mkdtemp(join(tmpdir(), 'jotta-s3-console-'))
  const accessKeys = openAccessKeys(join(folder, 'access-keys.sqlite'))
  for (const person of people) {
    const key = { accessKeyId: person.name, secretAccessKey: secretOf(person.name) }
    await accessKeys.add({ ...person, ...key, created: now() })
  }
  const rootKey = { accessKeyId: 'root', secretAccessKey: secretOf('root') }
  const credentials = createCredentials(rootKey, accessKeys)
  const logLines: string[] = []
  const audited: Record<string, unknown>[] = []
  const log = createLog({ destination: { write: (line: string) => logLines.push(line) } })
  const directory = createDirectory(accessKeys)
  const region = 'us-east-1'
  const app = createApp({ bridge, credentials, directory, region, domains, log, now, tokenKey })
  using figures = createFigures({ now: () => nowMs, warn: () => undefined })
  const served = createConsole({
    ...{ app, credentials, accessKeys, rootKeyId: 'root', log, now },
    findPeer: createFindPeer(trustedProxies),
    audit: { write: (entry) => audited.push({ ...entry }) },
    pageFiles: await loadPageFiles(),
    names: ['console.test'],
    publicUrl: undefined,
    s3Port: 9000,
    facts: {
      ...{ figures, recent: createRecentRequests(() => nowMs), region },
      ...{ isEmbedded: false, access: 'full' },
      health: async () => ({ status: 'ok' }),
      accounts: async () => [{ account: 'default', trouble: 'away' }],
    },
  })
  const server = createServer(serverOptions)
  served.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const { port } = address
  const ask: Ask = async (method, path, { headers = {}, body = '', isOpen = false } = {}) => {
    const outgoing = request({ port, host: '127.0.0.1', method, path, agent: false, headers })
    if (isOpen) outgoing.flushHeaders()
    else outgoing.end(Buffer.from(body))
    const [incoming] = await once(outgoing, 'response')
    return { status: incoming.statusCode, headers: incoming.headers, text: await text(incoming) }
  }
  const logIn = async (name: string) => {
    const answer = await ask('POST', '/api/session', loginOf(name))
    assert.equal(answer.status, 200, answer.text)
    const cookie = answer.headers['set-cookie']?.[0]?.replace(/;.*/, '') ?? ''
    const { token } = JSON.parse(answer.text)
    const own = { Cookie: cookie, 'X-Console-Token': token }
    const asSelf: Ask = (method, path, { headers = {}, ...rest } = {}) =>
      ask(method, path, { headers: { ...own, ...headers }, ...rest })
    return { ask: asSelf, cookie, token }
  }
  try {
    const pass = (ms: number) => {
      nowMs += ms
    }
    await act({
      host: `127.0.0.1:${port}`,
      bridge,
      accessKeys,
      logLines,
      audited,
      ask,
      logIn,
      pass,
    })
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await accessKeys.close()
    await rm(folder, { recursive: true })
  }
}

export function loginOf(accessKeyId: string, secretAccessKey = secretOf(accessKeyId)): AskOptions {
  return json({ accessKeyId, secretAccessKey })
}

export function json(value: unknown): AskOptions {
  return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) }
}

/** The code of an error, as JSON or XML, else the status. */
export function outcome({ status, text: body }: Answer): string | number {
  const [, code] = /"code":"(\w+)"|<Code>(\w+)<\/Code>/.exec(body)?.filter(Boolean) ?? []
  return code ?? status
}
