// The console as the settings ask for it: its listener, its names, its page.
import type { Server } from 'node:http'
import type { Config } from '../config.ts'
import type { Figures } from '../figures/figures.ts'
import type { Log } from '../log.ts'
import { listenOn, type MakeListener } from '../tls/tls-server.ts'
import { type ConsoleOptions, createConsole } from './console.ts'
import type { ConsoleFacts } from './console-api.ts'
import { loadPageFiles } from './page-files.ts'
import { createRecentRequests } from './recent-requests.ts'

type Services = Pick<
  ConsoleOptions,
  'app' | 'credentials' | 'accessKeys' | 'rootKeyId' | 's3Port' | 'findPeer' | 'audit'
> & {
  readonly facts: Omit<ConsoleFacts, 'figures' | 'recent'> & { readonly figures: Figures }
  readonly makeListener: MakeListener
}

/**
 * Listens, over HTTPS when S3 does. `undefined` when it is turned off, or when nobody asked for its port and that
 * is taken: S3 is what the server is for. Whoever calls closes the server.
 */
export async function openConsole(
  config: Config,
  log: Log,
  services: Services,
): Promise<{ readonly server: Server; readonly url: string } | undefined> {
  const { consoleHost: host, consolePort, consoleNames, tlsNames, domains, publicUrl } = config
  const { maxConnections } = config
  if (consolePort === 'off') return undefined
  const names = [...consoleNames, ...tlsNames, ...domains].map((name) => name.toLowerCase())
  const pageFiles = await loadPageFiles()
  const now = () => new Date()
  const recent = createRecentRequests(Date.now)
  services.facts.figures.listen({ onRequest: recent.onRequest, onUpstreamCall: () => undefined })
  const facts = { ...services.facts, recent }
  const console = createConsole({ ...services, facts, pageFiles, names, publicUrl, log, now })
  const listener = services.makeListener()
  console.attach(listener.server)
  const port = consolePort ?? nextPort(config.port)
  try {
    const { url } = await listenOn(listener, { port, host, maxConnections })
    return { server: listener.server, url }
  } catch (error) {
    if (consolePort !== undefined) throw error
    log.warn({ err: error, port }, 'no web console: set consolePort to a free port, or to off')
    return undefined
  }
}

/** Any port after any port. */
function nextPort(port: number): number {
  return port === 0 || port === 65535 ? 0 : port + 1
}
