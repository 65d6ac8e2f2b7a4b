// One request and its answer, as the stages get to know it: what the log, the error document and the
// Bridge need besides the request itself.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Owner } from './access/owner.ts'
import type { Address, Identity, OperationName, Query } from './operation.ts'
import type { FindPeer, Peer } from './peer.ts'

/** Who asks, where that was found out by another door than a signature. */
export type Visit = {
  readonly identity: Identity
  /** The door, for the log. */
  readonly via: 'console'
  /** Of whatever is answered, also of an error, in place of those of CORS. */
  readonly headers: Readonly<Record<string, string>>
}

export type Exchange = {
  readonly requestId: string
  readonly peer: Peer
  /** Aborts when the response closes unfinished: the client has gone, or a broken answer was cut. */
  readonly signal: AbortSignal
  readonly counter: { upstreamCalls: number }
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
  hasSentContinue: boolean
  address: Address | undefined
  operation: OperationName | undefined
  accessKeyId: string | undefined
  /** What the request says of its key, be it true or not; `undefined` while it has said nothing that can be read. */
  claimedAccessKeyId: string | undefined
  /** Whose key has signed. */
  owner: Owner | undefined
  query: Query | undefined
  readonly visit: Visit | undefined
  /** Of whatever is answered, also of an error. */
  addedHeaders: Readonly<Record<string, string>>
}

export function makeRequestId(): string {
  return randomBytes(8).toString('hex').toUpperCase()
}

export function beginExchange(
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  {
    findPeer,
    expectsContinue,
    visit,
  }: Pick<Exchange, 'expectsContinue' | 'visit'> & { readonly findPeer: FindPeer },
): Exchange {
  const abort = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) abort.abort()
  })
  // Writing to a connection that has just gone reports here; `close` says the same.
  res.on('error', () => undefined)
  return {
    requestId: makeRequestId(),
    peer: findPeer(req),
    signal: abort.signal,
    counter: { upstreamCalls: 0 },
    expectsContinue,
    hasSentContinue: false,
    address: undefined,
    operation: undefined,
    accessKeyId: undefined,
    claimedAccessKeyId: undefined,
    owner: undefined,
    query: undefined,
    visit,
    addedHeaders: visit?.headers ?? {},
  }
}

/** `/bucket/key` as far as it is known, else the raw path. */
export function resourceOf(address: Address | undefined, req: IncomingMessage): string {
  if (address === undefined) return (req.url ?? '/').split('?', 1).join('').slice(0, 1024)
  const { bucket, key } = address
  return `/${bucket ?? ''}${key === undefined ? '' : `/${key}`}`
}

/** The URL by which the client has reached this server. */
export function originOf(req: IncomingMessage, { isSecure }: Peer): string {
  return `${isSecure ? 'https' : 'http'}://${req.headers.host ?? ''}`
}

export type WireBytes = { readonly bytesIn: number; readonly bytesOut: number }

/** Bytes of each exchange on its connection, heads included. One counter for one server. */
export function createWireCounter(): (socket: Socket) => WireBytes {
  const before = new WeakMap<Socket, { read: number; written: number }>()
  return (socket) => {
    const last = before.get(socket) ?? { read: 0, written: 0 }
    const now = { read: socket.bytesRead, written: socket.bytesWritten }
    before.set(socket, now)
    return { bytesIn: now.read - last.read, bytesOut: now.written - last.written }
  }
}
