import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from './signed-request.ts'
import { withBridge } from './with-bridge.ts'

const test = suite('the log of a bridge, as tests read it')

test('a line is one whatever stands in its key', async () => {
  const key = 'a\u2028b\u2029c\u0085d'
  await withBridge(async ({ url, log, stop }) => {
    await ask(url, { method: 'PUT', path: '/bucket' })
    const path = `/bucket/${encodeURIComponent(key)}`
    assert.is((await ask(url, { method: 'PUT', path, body: 'x' })).status, 200)
    // All of the log is there then.
    await stop()
    assert.equal(
      log.filter(({ operation }) => operation === 'PutObject').map((line) => line.key),
      [key],
    )
  })
})

test.run()
