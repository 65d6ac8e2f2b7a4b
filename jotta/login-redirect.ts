// The end of a login in the browser: the address that it is sent back to, read from a request to this
// machine or from what the person pastes (RFC 6749, 4.1.2).
import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export type Answer =
  | { readonly kind: 'code'; readonly code: string }
  /** `reason` is the service's word for it, made printable. */
  | { readonly kind: 'refused'; readonly reason: string }

export type RedirectListener = {
  readonly redirectUri: string
  /** False: only pasting works. */
  readonly isListening: boolean
  /** Why the browser's answer may not arrive here: another program has the port. */
  readonly trouble: string | undefined
  /** The first request that belongs to this login; settles only when one comes. */
  readonly answer: Promise<Answer>
  close(): Promise<void>
}

/** The only one that the services know (API 2.3). */
export const registeredPort = 53682

const ADDRESS_MAX_CHARS = 16 * 1024
/** Requests that are not this login's; past that, nobody is listened to. */
const STRANGERS_MAX = 100

/** Undefined when the text is not the answer to the login with this state. */
export function parseRedirect(text: string, state: string): Answer | undefined {
  if (text.length > ADDRESS_MAX_CHARS) return undefined
  const url = URL.parse(text.trim(), 'http://localhost/')
  if (url === null) return undefined
  const value = (name: string) => {
    const values = url.searchParams.getAll(name)
    return values.length === 1 ? values[0] : undefined
  }
  const given = value('state')
  if (given === undefined || !isSame(given, state)) return undefined
  const error = value('error')
  if (error !== undefined) {
    const said = [error, value('error_description')].filter(Boolean).join(': ')
    return { kind: 'refused', reason: said.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, 200) }
  }
  const code = value('code')
  return code !== undefined && /^[\x21-\x7e]{1,4096}$/.test(code)
    ? { kind: 'code', code }
    : undefined
}

/**
 * Listens on both addresses that `localhost` may be, where they exist. Port 0 takes a free one, and
 * then fails when there is none.
 */
export async function listenForRedirect(port: number, state: string): Promise<RedirectListener> {
  const arrived = Promise.withResolvers<Answer>()
  let strangers = 0
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const isGet = request.method === 'GET' && request.url?.startsWith('/?') === true
    const answer = isGet ? parseRedirect(request.url ?? '', state) : undefined
    if (answer === undefined) {
      strangers += 1
      if (strangers > STRANGERS_MAX) response.destroy()
      else show(response, isGet ? 400 : 404, 'This is not the answer to the login under way.')
      return
    }
    show(response, 200, 'You can close this page. The terminal says whether the login worked.')
    response.once('close', () => arrived.resolve(answer))
  }
  const first = createListener(serve)
  const second = createListener(serve)
  const servers = [first, second]
  const failures = [await listen(first, port, '127.0.0.1')]
  const bound = portOf(first) ?? port
  if (bound === 0) throw new Error(`no port to listen on: ${failures[0]?.message}`)
  failures.push(await listen(second, bound, '::1'))
  const isListening = failures.includes(undefined)
  // Many machines have no IPv6, and then `localhost` is never that.
  const inTheWay = failures.find((failure) => failure?.code === 'EADDRINUSE' || !isListening)
  return {
    redirectUri: `http://localhost:${bound}/`,
    isListening,
    trouble: inTheWay?.message,
    answer: arrived.promise,
    close: async () => {
      await Promise.all(servers.map(close))
    },
  }
}

function createListener(serve: (request: IncomingMessage, response: ServerResponse) => void) {
  const limits = { maxHeaderSize: 2 * ADDRESS_MAX_CHARS, headersTimeout: 5_000 }
  const server = createServer({ ...limits, requestTimeout: 10_000, keepAliveTimeout: 1 }, serve)
  server.maxConnections = 16
  // One connection less is no reason to end a login.
  server.on('error', () => {})
  return server
}

/** Returns what went wrong. */
async function listen(
  server: Server,
  port: number,
  host: string,
): Promise<NodeJS.ErrnoException | undefined> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function portOf(server: Server): number | undefined {
  const address = server.address()
  return address === null || typeof address === 'string' ? undefined : address.port
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

/** The address in the browser holds the code: the page loads nothing that could take it elsewhere. */
function show(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    connection: 'close',
  })
  response.end(`<!doctype html>\n<title>jotta-s3</title>\n<p>${text}</p>\n`)
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
