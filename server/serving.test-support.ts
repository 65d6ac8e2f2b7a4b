// For tests: the app on a real server and port, with a fake Bridge behind it, and plain HTTP in front.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Bridge } from '../translate/bridge.ts'
import { rootHolder } from './access/holder.test-support.ts'
import { type AppOptions, createApp, serverOptions } from './app.ts'
import { createFakeBridge, type FakeBridge } from './fake-bridge.test-support.ts'
import { createLog } from './log.ts'
import { tokenKeyOf } from './operations/wire/continuation-token.ts'
import type { Wait } from './reply.ts'

export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export type LogLine = Readonly<Record<string, unknown>>

export type Serving = {
  readonly port: number
  readonly bridge: FakeBridge
  /** The first line of the log that `matches`, as soon as there is one: it comes after the answer. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine>
  /** All lines, as soon as there are so many. */
  loggedLines(count: number): Promise<LogLine[]>
  ask(
    method: string,
    path: string,
    options?: { headers?: Record<string, string | string[]>; body?: string | Buffer },
  ): Promise<Answer>
  /** Sends bytes as they are; gives back all that comes until the server closes. */
  raw(bytes: string): Promise<string>
  connect(): Promise<Socket>
}

type ServingOptions = Partial<AppOptions> & {
  readonly overrides?: Partial<Bridge>
  readonly maxHeaderSize?: number
}

/** Whoever sends an Authorization header is root; `ask` does. */
export async function withServing(
  options: ServingOptions,
  act: (serving: Serving) => Promise<void>,
): Promise<void> {
  const lines: LogLine[] = []
  const listeners = new Set<() => void>()
  const destination = {
    write(line: string) {
      lines.push(JSON.parse(line))
      for (const listener of listeners) listener()
    },
  }
  function when<T>(look: () => T | undefined): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>()
    const listener = () => {
      const found = look()
      if (found !== undefined) resolve(found)
    }
    listeners.add(listener)
    listener()
    return promise
  }
  const bridge = createFakeBridge(options.overrides)
  const app = createApp({
    bridge,
    credentials: () => undefined,
    region: 'eu-north-1',
    tokenKey: tokenKeyOf('secret'),
    domains: ['s3.test'],
    log: createLog({ destination }),
    authenticate: letIn,
    ...options,
  })
  const { maxHeaderSize = serverOptions.maxHeaderSize } = options
  const server = createServer({ ...serverOptions, maxHeaderSize })
  app.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const { port } = address
  const open = async () => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  try {
    await act({
      port,
      bridge,
      connect: open,
      logged: (matches) => when(() => lines.find(matches)),
      loggedLines: (count) => when(() => (lines.length >= count ? lines : undefined)),
      async ask(method, path, { headers = {}, body } = {}) {
        const outgoing = request({
          ...{ port, host: '127.0.0.1', method, path, agent: false },
          headers: { Authorization: 'yes', ...headers },
        })
        // Bytes, since Node encodes the head as it does the text that goes with it.
        outgoing.end(Buffer.from(body ?? ''))
        const [incoming] = await once(outgoing, 'response')
        return {
          status: incoming.statusCode,
          headers: incoming.headers,
          text: await text(incoming),
        }
      },
      async raw(bytes) {
        const socket = await open()
        const [, answer] = await Promise.all([
          pipeline(Readable.from([bytes]), socket, { end: false }),
          text(socket),
        ])
        return answer
      },
    })
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

const letIn: NonNullable<AppOptions['authenticate']> = ({ headers }) => {
  const chunkSigning = { seedSignature: '', scope: '', timestamp: '', sign: () => '' }
  const mode = { kind: 'unsigned' } as const
  return {
    identity:
      headers.authorization === undefined ? undefined : { accessKeyId: 'KEY', ...rootHolder },
    payloadDeclaration: { contentSha256: 'UNSIGNED-PAYLOAD', mode, chunkSigning },
    queryHeaders: {},
  }
}

/** What stands in the first element of that name. */
export function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}

/** Of an answer that came over a bare socket. */
export function statusOf(raw: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(raw)?.[1])
}

export type ManualWait = {
  readonly wait: Wait
  /** Lets the wait of that length pass, as soon as there is one. */
  pass(ms: number): Promise<void>
}

/** A clock that stands still until it is told. */
export function createManualWait(): ManualWait {
  const pending = new Map<number, () => void>()
  const started = new EventEmitter()
  return {
    async wait(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const stop = () => reject(signal.reason)
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop)
      pending.set(ms, resolve)
      started.emit('start')
      try {
        await promise
      } finally {
        pending.delete(ms)
        signal.removeEventListener('abort', stop)
      }
    },
    async pass(ms) {
      while (!pending.has(ms)) await once(started, 'start')
      pending.get(ms)?.()
      pending.delete(ms)
    },
  }
}
