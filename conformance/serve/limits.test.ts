// The limits of a server as they are without any settings, and the one that closes connections.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../support/signed-request.ts'
import { schemes, withBridge } from '../support/with-bridge.ts'

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

for (const scheme of schemes) {
  test(`with maxConnections, silent connections make room for one that asks (${scheme})`, async () => {
    await withBridge(
      async (bridge) => {
        const silent: Socket[] = []
        const ends: Promise<void>[] = []
        for (let count = 0; count < 6; count += 1) {
          const socket = connect(Number(new URL(bridge.url).port), '127.0.0.1')
          silent.push(socket)
          ends.push(new Promise((resolve) => socket.resume().once('close', () => resolve())))
          socket.on('error', () => undefined)
          await once(socket, 'connect')
        }
        // One has made room for the sixth, and one more does for the request.
        await ask(bridge, { method: 'PUT', path: '/bucket' })
        await Promise.all(ends.slice(0, 2))
        for (const socket of silent.slice(2, 5)) socket.destroy()
        await Promise.all(ends.slice(2, 5))
        // Those that have ended take no place: the last stays.
        for (let count = 0; count < 10; count += 1) {
          const { status } = await ask(bridge, { method: 'PUT', path: '/bucket/k', body: 'x' })
          assert.is(status, 200)
        }
        assert.is(silent.at(-1)?.destroyed, false)
        silent.at(-1)?.destroy()
      },
      { args: ['--max-connections', '5'], scheme },
    )
  })
}

test.run()
