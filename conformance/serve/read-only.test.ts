// A server that is told to write nothing, over what it stored before.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'

const test = suite('read-only server')

test('started read-only, it serves what it stored, refuses every change, and says why', async () => {
  await withFolder(async (dataDirectory) => {
    const writer = await startBridge({ dataDirectory })
    try {
      for (const path of ['/bucket', '/bucket/key']) {
        const body = path === '/bucket' ? '' : 'content'
        assert.is((await ask(writer.url, { method: 'PUT', path, body })).status, 200)
      }
    } finally {
      await writer.stop()
    }
    const reader = await startBridge({ dataDirectory, args: ['--read-only', 'on'] })
    try {
      for (const [method, path] of [
        ['PUT', '/bucket/key'],
        ['DELETE', '/bucket/key'],
        ['POST', '/bucket/key?uploads'],
        ['DELETE', '/bucket'],
        ['PUT', '/other'],
      ] as const) {
        const { status, text } = await ask(reader.url, { method, path })
        assert.is(status, 403, `${method} ${path}`)
        assert.match(text, 'This server is read-only')
      }
      const { status, text } = await ask(reader.url, { method: 'GET', path: '/bucket/key' })
      assert.equal([status, text], [200, 'content'])
    } finally {
      await reader.stop()
    }
  })
})

test.run()
