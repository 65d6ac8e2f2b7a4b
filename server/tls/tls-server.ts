// The server that the settings ask for: HTTP, or HTTPS with a pair from files or made here. HTTP/1.1 either way.
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { serverOptions } from '../app.ts'
import type { Config } from '../config.ts'
import { boundConnections } from '../connections.ts'
import type { Log } from '../log.ts'
import { type FollowedPair, followPair } from './follow-pair.ts'
import type { KeyPair } from './key-pair.ts'
import { certificateFileOf, loadSelfSigned, namesOf } from './self-signed.ts'

export type TlsFacts = {
  /** SHA-256 of the certificate that was served first. */
  readonly fingerprint: string
  /** Of a certificate that was made here: what clients must be told to trust. */
  readonly selfSignedFile: string | undefined
}

export type Listener = {
  readonly server: Server
  readonly tls: TlsFacts | undefined
}

/** Files may change at any time; two small reads this often cost nothing, and need no watching of folders. */
const lookEveryMs = 5_000
/** Nobody needs longer, and until then a connection costs without having asked for anything. */
const handshakeTimeoutMs = 30_000

const protocol = { minVersion: 'TLSv1.2' } as const satisfies SecureContextOptions

/** Makes another server. All of them serve the same pair, and change to a new one at once. */
export type MakeListener = () => Listener

/** Throws when there is no good pair to begin with. What goes on in the background ends with `parts`. */
export async function prepareListeners(
  config: Config,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<MakeListener> {
  const load = pairLoader(config, log)
  if (load === undefined) return () => ({ server: createServer(serverOptions), tls: undefined })
  const servers: ReturnType<typeof createSecureServer>[] = []
  const followed = await followPair({
    load,
    apply: ({ pair }) => {
      for (const server of servers) server.setSecureContext({ ...protocol, ...pair })
    },
    log,
  })
  const { validUntil } = followed.current()
  if (validUntil.getTime() < Date.now()) log.warn({ validUntil }, 'the TLS certificate has expired')
  parts.defer(lookRegularly(followed))
  const selfSignedFile = config.tls === 'auto' ? certificateFileOf(config.dataDir) : undefined
  return () => {
    const { pair, fingerprint } = followed.current()
    const server = createSecureServer({
      ...serverOptions,
      ...protocol,
      ...pair,
      handshakeTimeout: handshakeTimeoutMs,
    })
    servers.push(server)
    return { server, tls: { fingerprint, selfSignedFile } }
  }
}

/** Returns what ends it, once a look under way is over. */
function lookRegularly(followed: FollowedPair): () => Promise<void> {
  let looking = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(() => followed.look())
  }, lookEveryMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await looking
  }
}

function pairLoader(config: Config, log: Log): (() => Promise<KeyPair>) | undefined {
  const { tls, tlsCert, tlsKey, dataDir } = config
  if (tls === 'auto') return () => loadSelfSigned({ dataDir, names: namesOf(config), log })
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  return async () => ({
    cert: await readNamed(tlsCert, 'certificate'),
    key: await readNamed(tlsKey, 'key'),
  })
}

async function readNamed(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Error(`the TLS ${what} ${file} cannot be read`, { cause: error })
  }
}

/**
 * Where a server listens, once it does; everything must listen to its requests before. Throws what keeps it from that,
 * such as EADDRINUSE.
 */
export async function listenOn(
  { server, tls }: Listener,
  {
    port,
    host,
    maxConnections,
  }: {
    readonly port: number
    readonly host: string
    readonly maxConnections: number | undefined
  },
): Promise<{ readonly url: string; readonly port: number }> {
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  if (maxConnections !== undefined) boundConnections(server, maxConnections)
  server.listen(port, host, listening.resolve)
  await listening.promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
  const scheme = tls === undefined ? 'http' : 'https'
  return { url: `${scheme}://${shown}:${address.port}`, port: address.port }
}
