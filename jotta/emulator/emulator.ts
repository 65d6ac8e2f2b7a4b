// A local Jottacloud over HTTP, on a folder on disk: the embedded disk of the product and the ground
// that tests stand on. It shares no code with the client. What it does not offer: device registration of
// the legacy login, uploads to the `up` host, thumbnails, change events.
import { randomBytes } from 'node:crypto'
import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Blobs } from './blobs.ts'
import { Commands } from './commands.ts'
import type { Context } from './context.ts'
import { Faults } from './faults.ts'
import { expirePartials, expireTrash, GarbageCollector, repair } from './garbage.ts'
import { Identity } from './identity.ts'
import { type EmulatorOptions, resolveSwitches, type Switches } from './options.ts'
import { Revisions } from './revisions.ts'
import { createAdmin } from './routes/admin.ts'
import { tokenPath, wellKnownPath } from './routes/openid-paths.ts'
import { accountNode, doomedNode } from './schema.ts'
import { serve } from './server.ts'
import { Store } from './store.ts'
import { Tree } from './tree.ts'
import { Uploads } from './uploads.ts'

export type { Faults, Hold, Match, RequestRecord, Rule } from './faults.ts'
export type { EmulatorOptions } from './options.ts'

export type Emulator = {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** These two end with a slash. */
  readonly jfsUrl: string
  readonly apiUrl: string
  readonly tokenUrl: string
  readonly wellKnownUrl: string
  readonly username: string
  /** A new personal login token (API 2.1), good for one login. */
  readonly loginToken: () => string
  readonly faults: Faults
  /** Lets requests under way go on for so long (0), then cuts them. Idempotent. */
  readonly close: (options?: { readonly graceMs?: number }) => Promise<void>
}

const idleMaxMs = 5 * 60 * 1000
const hourMs = 3600 * 1000
const serverOptions: ServerOptions = {
  // Long names, every byte escaped.
  maxHeaderSize: 64 * 1024,
  // A request may take as long as its upload takes; silence is limited by the idle time.
  requestTimeout: 0,
  headersTimeout: 60_000,
  keepAliveTimeout: 75_000,
}

/** Resolves when it listens and what a killed process left behind is repaired. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const switches = resolveSwitches(options)
  const now = options.now ?? (() => new Date())
  const store = new Store(options.dataDirectory)
  try {
    const context = createContext(store, switches, now, options)
    repair(context.tree, context.blobs)
    await context.garbage.collect()
    return await listen(context, options)
  } catch (error) {
    store.close()
    throw error
  }
}

function createContext(
  store: Store,
  switches: Switches,
  now: () => Date,
  { dataDirectory, legacyLogin }: EmulatorOptions,
): Context {
  const tree = new Tree(store, switches, now)
  const username = openAccount(store, tree, switches)
  const blobs = new Blobs(dataDirectory)
  const revisions = new Revisions(tree)
  const uploads = new Uploads(tree, revisions, blobs)
  const identity = new Identity(store, switches, now, username)
  const faults = new Faults(switches, {
    dropPartials: () => {
      for (const id of blobs.partialIds()) if (!uploads.isBusy(id)) blobs.removePartial(id)
    },
    expireAccessTokens: () => identity.expireAccessTokens(),
    staleRefreshTokens: () => identity.revokeFamilies(),
  })
  return {
    username,
    legacyLogin,
    switches,
    store,
    tree,
    revisions,
    commands: new Commands(tree, revisions),
    blobs,
    garbage: new GarbageCollector(tree, blobs),
    identity,
    uploads,
    faults,
  }
}

/** Makes the account at the first start. Throws when the folder was made with other name matching. */
function openAccount(store: Store, tree: Tree, switches: Switches): string {
  const present = store.setting('username')
  if (present !== undefined) {
    const matching = store.setting('nameMatching')
    if (matching === switches.nameMatching) return present
    throw new Error(`the data folder was made with nameMatching ${matching}`)
  }
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  // 252 is a multiple of 36: every letter is as likely as the others.
  const usable = [...randomBytes(256)].filter((byte) => byte < 252)
  const username = usable
    .slice(0, 24)
    .map((byte) => letters[byte % letters.length] ?? 'a')
    .join('')
  store.transaction('durable', () => {
    const addSetting = 'INSERT INTO settings VALUES (?, ?)'
    store.run(addSetting, 'username', username)
    store.run(addSetting, 'nameMatching', switches.nameMatching)
    const addRoot = `INSERT INTO nodes (id, parent, kind, name, fold, uuid) VALUES (?, 0, 'account', ?, ?, '')`
    store.run(addRoot, accountNode, 'account', 'account')
    store.run(addRoot, doomedNode, 'doomed', 'doomed')
    const device = tree.insert(accountNode, 'device', 'Jotta', 'JOTTA')
    for (const name of ['Archive', 'Sync', 'Shared']) tree.insert(device.id, 'mountpoint', name)
  })
  return username
}

/** What the clock has made due, looked at before each request. */
function createMaintenance(context: Context): () => Promise<void> {
  const { tree, blobs, garbage, uploads } = context
  let nextPartialsMs = Number.NEGATIVE_INFINITY
  return async () => {
    expireTrash(tree)
    if (tree.nowMs() >= nextPartialsMs) {
      nextPartialsMs = tree.nowMs() + hourMs
      expirePartials(tree, blobs, (id) => uploads.isBusy(id))
    }
    await garbage.collect()
  }
}

async function listen(context: Context, options: EmulatorOptions): Promise<Emulator> {
  const { host = '127.0.0.1', port = 0, tls } = options
  const publicUrl = options.publicUrl?.replace(/\/+$/, '')
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()
  const parts = {
    context,
    admin: options.adminCalls === true ? createAdmin() : undefined,
    publicUrl,
    closing: closing.signal,
    maintain: createMaintenance(context),
    onError: options.onError ?? warn,
  }
  const server =
    tls === undefined ? createServer(serverOptions) : createTlsServer({ ...serverOptions, ...tls })
  server.timeout = idleMaxMs
  server.on('request', (request, response) => {
    const served = serve(parts, request, response)
    underWay.add(served)
    void served.finally(() => underWay.delete(served))
  })
  const bound = await bind(server, port, host)
  const url = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound}`
  let closed: Promise<void> | undefined
  return {
    url,
    port: bound,
    jfsUrl: `${url}/jfs/`,
    apiUrl: `${url}/`,
    tokenUrl: `${url}${tokenPath}`,
    wellKnownUrl: `${url}${wellKnownPath}`,
    username: context.username,
    loginToken: () => context.identity.mintLoginToken(`${publicUrl ?? url}${wellKnownPath}`),
    faults: context.faults,
    close: ({ graceMs = 0 } = {}) => {
      closed ??= shutDown(server, closing, underWay, graceMs).finally(() => context.store.close())
      return closed
    },
  }
}

async function bind(server: Server, port: number, host: string): Promise<number> {
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(port, host, listening.resolve)
  await listening.promise
  server.removeListener('error', listening.reject)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was bound')
  return address.port
}

async function shutDown(
  server: Server,
  closing: AbortController,
  underWay: ReadonlySet<Promise<void>>,
  graceMs: number,
): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  server.close(() => stopped.resolve())
  server.closeIdleConnections()
  const cut = setTimeout(() => {
    closing.abort()
    server.closeAllConnections()
  }, graceMs)
  await stopped.promise
  clearTimeout(cut)
  // Their replies are over; their work may not be.
  await Promise.all(underWay)
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
