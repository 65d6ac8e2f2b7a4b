// The limits of a server as they are without any settings, and the one that closes connections.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../support/signed-request.ts'
import { withBridge } from '../support/with-bridge.ts'

const test = suite('limits of a server')

test('without settings, one key may have hundreds of requests under way', async () => {
  await withBridge(async ({ url, log }) => {
    await ask(url, { method: 'PUT', path: '/bucket' })
    const paths = Array.from({ length: 300 }, (_, number) => `/bucket/${number}`)
    // Each on a connection of its own, all at once.
    const puts = await Promise.all(
      paths.map((path) => ask(url, { method: 'PUT', path, body: path })),
    )
    const gets = await Promise.all(paths.map((path) => ask(url, { method: 'GET', path })))
    assert.ok(puts.every(({ status }) => status === 200))
    assert.equal(
      gets.map(({ text }) => text),
      paths,
    )
    assert.not.ok(log.some(({ code }) => code === 'SlowDown'))
  })
})

test('with maxConnections, one more is closed, and its place is free once another ends', async () => {
  await withBridge(
    async ({ url }) => {
      const open = async (): Promise<Socket> => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1')
        socket.on('error', () => undefined)
        await once(socket, 'connect')
        return socket
      }
      /** The first bytes of an answer, or nothing from a connection that was closed. */
      const look = async (socket: Socket): Promise<string> => {
        socket.write('GET /-/healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        for await (const bytes of socket.iterator({ destroyOnReturn: false })) return String(bytes)
        return ''
      }
      const first = await open()
      assert.match(await look(first), /^HTTP\/1\.1 200 /)
      assert.is(await look(await open()).catch(() => ''), '')
      first.destroy()
      let answer = ''
      const limit = performance.now() + 30_000
      while (answer === '' && performance.now() < limit) {
        answer = await look(await open()).catch(() => '')
      }
      assert.match(answer, /^HTTP\/1\.1 200 /)
    },
    { args: ['--max-connections', '1'] },
  )
})

test.run()
