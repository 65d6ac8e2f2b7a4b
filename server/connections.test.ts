import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boundConnections } from './connections.ts'

const test = suite('connections')

type Bounded = {
  open(): Promise<Socket>
  /** Requests that were not answered yet, as soon as there are so many. */
  asked(count: number): Promise<ServerResponse[]>
}

async function withBounded(
  maxConnections: number,
  act: (bounded: Bounded) => Promise<void>,
): Promise<void> {
  const asked: ServerResponse[] = []
  const server = createServer((_req, res) => {
    asked.push(res)
    server.emit('asked')
  })
  boundConnections(server, maxConnections)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  const sockets: Socket[] = []
  try {
    await act({
      async open() {
        const accepted = once(server, 'connection')
        const socket = connect(address.port, '127.0.0.1')
        sockets.push(socket)
        // One that is closed while it writes is told so by an error.
        socket.on('error', () => undefined)
        await Promise.all([once(socket, 'connect'), accepted])
        return socket
      },
      async asked(count) {
        while (asked.length < count) await once(server, 'asked')
        return asked.splice(0)
      },
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

const ask = (socket: Socket) => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')

async function answerTo(socket: Socket): Promise<string> {
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) return String(bytes)
  return ''
}

/** Whether the server has ended it, now or before. */
const ended = async (socket: Socket) => await text(socket).catch(() => '')

test('silent connections make room, the oldest first, and keep nobody out', async () => {
  await withBounded(3, async ({ open, asked }) => {
    const silent = [await open(), await open(), await open()] as const
    for (const victim of silent) {
      const socket = await open()
      assert.is(await ended(victim), '')
      ask(socket)
      for (const res of await asked(1)) res.end('here')
      assert.match(await answerTo(socket), /here/)
    }
  })
})

test('what is at work is never closed for another, which is closed itself', async () => {
  await withBounded(2, async ({ open, asked }) => {
    const busy = [await open(), await open()] as const
    for (const socket of busy) ask(socket)
    const responses = await asked(2)
    assert.is(await ended(await open()), '')
    for (const res of responses) res.end('here')
    for (const socket of busy) assert.match(await answerTo(socket), /here/)
    // Now they are idle, and the one that was answered first makes room.
    const next = await open()
    assert.is(await ended(busy[0]), '')
    ask(next)
    ask(busy[1])
    for (const res of await asked(2)) res.end('again')
    for (const socket of [next, busy[1]]) assert.match(await answerTo(socket), /again/)
  })
})

test('a connection with requests in a row is at work until the last is answered', async () => {
  await withBounded(1, async ({ open, asked }) => {
    const socket = await open()
    ask(socket)
    ask(socket)
    const [first, second] = await asked(2)
    first?.end('one')
    assert.match(await answerTo(socket), /one/)
    assert.is(await ended(await open()), '')
    second?.end('two')
    assert.match(await answerTo(socket), /two/)
  })
})

test('the place of a connection that has ended is free', async () => {
  await withBounded(2, async ({ open, asked }) => {
    const kept = await open()
    for (let round = 0; round < 5; round += 1) {
      const passing = await open()
      ask(passing)
      for (const res of await asked(1)) {
        const closed = once(res.req.socket, 'close')
        if (round % 2 === 0) {
          res.end('here')
          await answerTo(passing)
        }
        passing.destroy()
        await closed
      }
    }
    ask(kept)
    for (const res of await asked(1)) res.end('still here')
    assert.match(await answerTo(kept), /still here/)
  })
})

test.run()
