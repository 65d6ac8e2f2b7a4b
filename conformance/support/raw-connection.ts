// A bare connection and a strict reader of what comes back on it: every byte that the server sends must
// belong to an answer, or the test fails. For requests that no HTTP client will produce.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { certificateOf, type Where } from './signed-request.ts'

export type RawAnswer = {
  readonly status: number
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly text: string
  /** Status codes of the 1xx answers that came before. */
  readonly interim: readonly number[]
}

export type RawConnection = {
  readonly socket: Socket
  /** Waits while the server takes nothing more in; false when it has closed the connection meanwhile. */
  write(bytes: string | Buffer): Promise<boolean>
  /** The next interim (1xx) answer; throws when another comes first. */
  interim(): Promise<number>
  /** The next whole answer to a request of that method. */
  answer(method?: string): Promise<RawAnswer>
  /**
   * Every answer until the server has closed. Says that no more will come after the first answer, or when
   * there is none in time: the bytes may be no whole request, and to the server the end of the bytes is
   * the end of its client, so that it must not come while the request is at work.
   */
  answers(patienceMs: number): Promise<RawAnswer[]>
  /** Says that no more will come, and returns what the server sends until it has closed. */
  finish(): Promise<string>
  /** What the server sends until it closes of its own accord. */
  rest(): Promise<string>
  destroy(): void
  /** As when the client's machine is cut off: no end is announced. */
  reset(): void
}

/** The longest silence before a test gives up. */
const silenceMaxMs = 60_000

export async function openConnection(where: Where): Promise<RawConnection> {
  const { protocol, hostname, port } = new URL(typeof where === 'string' ? where : where.url)
  const isSecure = protocol === 'https:'
  const plain = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  const socket = isSecure
    ? connectSecurely({ socket: plain, host: hostname, ca: certificateOf(where) })
    : plain
  socket.setNoDelay()
  socket.setTimeout(silenceMaxMs, () => socket.destroy(new Error('the server was silent')))
  await once(socket, isSecure ? 'secureConnect' : 'connect')
  // Whoever reads gets it; a reset between two reads must not end the test process.
  socket.on('error', () => undefined)
  const source = createSource(socket)
  let seenInterim: number[] = []

  async function rest(): Promise<string> {
    const bytes = await source.untilClosed()
    socket.destroy()
    return bytes.toString('latin1')
  }

  async function answer(method = 'GET'): Promise<RawAnswer> {
    for (;;) {
      const { status, headers } = await source.head()
      if (status < 200) {
        seenInterim.push(status)
        continue
      }
      const body = await readBody(source, method, status, headers)
      const interim = seenInterim
      seenInterim = []
      return { status, headers, body, text: body.toString('utf8'), interim }
    }
  }

  return {
    socket,
    async write(bytes) {
      if (!socket.writable) return false
      if (socket.write(bytes)) return true
      const over = new AbortController()
      const { signal } = over
      try {
        await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })])
      } catch {
        // The connection broke while it was written to.
      } finally {
        over.abort()
      }
      return socket.writable
    },
    async interim() {
      const { status } = await source.head()
      if (status >= 200) throw new Error(`answered ${status} at once`)
      seenInterim.push(status)
      return status
    },
    answer,
    async answers(patienceMs) {
      const all: RawAnswer[] = []
      const impatience = setTimeout(() => socket.end(), patienceMs)
      while (await source.hasMore()) {
        clearTimeout(impatience)
        all.push(await answer())
        socket.end()
      }
      clearTimeout(impatience)
      socket.destroy()
      return all
    },
    async finish() {
      socket.end()
      return await rest()
    },
    rest,
    destroy: () => socket.destroy(),
    reset: () => plain.resetAndDestroy(),
  }
}

export async function withConnection(
  where: Where,
  act: (connection: RawConnection) => Promise<void>,
): Promise<void> {
  const connection = await openConnection(where)
  try {
    await act(connection)
  } finally {
    connection.destroy()
  }
}

type Head = { readonly status: number; readonly headers: ReadonlyMap<string, string> }
type Source = ReturnType<typeof createSource>

function createSource(socket: Socket) {
  const iterator = socket.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)

  async function fill(): Promise<boolean> {
    const next = await iterator.next()
    if (next.done === true) return false
    held = Buffer.concat([held, next.value])
    return true
  }

  /** A reset is an end, too. */
  async function fillUnlessReset(): Promise<boolean> {
    try {
      return await fill()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'ECONNRESET' && code !== 'EPIPE') throw error
      return false
    }
  }

  function take(sizeBytes: number): Buffer {
    const taken = held.subarray(0, sizeBytes)
    held = held.subarray(sizeBytes)
    return taken
  }

  async function exactly(sizeBytes: number): Promise<Buffer> {
    while (held.length < sizeBytes) {
      if (!(await fill())) throw new Error(`closed ${sizeBytes - held.length} bytes too early`)
    }
    return take(sizeBytes)
  }

  async function through(end: string): Promise<string> {
    let at = held.indexOf(end)
    for (; at === -1; at = held.indexOf(end)) {
      if (!(await fill())) throw new Error(`closed after "${held.toString('latin1')}"`)
    }
    return take(at + end.length).toString('latin1')
  }

  return {
    exactly,
    through,
    async head(): Promise<Head> {
      const [first = '', ...lines] = (await through('\r\n\r\n')).slice(0, -4).split('\r\n')
      const status = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(first)?.[1]
      if (status === undefined) throw new Error(`not a status line: ${first}`)
      const headers = new Map<string, string>()
      for (const line of lines) {
        const [, name, value = ''] = /^([\w!#$%&'*+.^`|~-]+): ([\t\x20-\xff]*)$/.exec(line) ?? []
        if (name === undefined) throw new Error(`not a header line: ${line}`)
        if (headers.has(name.toLowerCase())) throw new Error(`twice: ${name}`)
        headers.set(name.toLowerCase(), value)
      }
      return { status: Number(status), headers }
    },
    hasMore: async () => held.length > 0 || (await fillUnlessReset()),
    async untilClosed(): Promise<Buffer> {
      while (await fillUnlessReset());
      return take(held.length)
    },
  }
}

async function readBody(
  source: Source,
  method: string,
  status: number,
  headers: Head['headers'],
): Promise<Buffer> {
  if (method === 'HEAD' || status === 204 || status === 304) return Buffer.alloc(0)
  const length = headers.get('content-length')
  if (length !== undefined) return await source.exactly(Number(length))
  if (headers.get('transfer-encoding') !== 'chunked') return await source.untilClosed()
  const pieces: Buffer[] = []
  for (;;) {
    const sizeBytes = Number.parseInt(await source.through('\r\n'), 16)
    pieces.push((await source.exactly(sizeBytes + 2)).subarray(0, -2))
    if (sizeBytes === 0) return Buffer.concat(pieces)
  }
}
