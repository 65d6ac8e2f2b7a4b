// A bucket with a quota, as the settings of a server give it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import { ask } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'

const test = suite('bucket quota')

test('a bucket takes what its quota allows, also after a restart, and others take more', async () => {
  await withFolder(async (dataDirectory) => {
    const config = join(dataDirectory, 'settings.json')
    await writeFile(config, JSON.stringify({ buckets: { small: { quota: '100KiB' } } }))
    const put = async (url: string, path: string, sizeBytes: number) => {
      const body = randomBuffer(sizeBytes, path)
      return await ask(url, { method: 'PUT', path, body })
    }
    const started = async (act: (url: string) => Promise<void>): Promise<void> => {
      const bridge = await startBridge({ dataDirectory, args: ['--config', config] })
      try {
        await act(bridge.url)
      } finally {
        assert.is(await bridge.stop(), 0)
      }
      const refused = bridge.log.filter(({ code }) => code === 'QuotaExceeded')
      const levels = new Set(refused.map(({ level }) => level))
      assert.equal([...levels], ['info'], 'no failure of the server')
    }
    await started(async (url) => {
      for (const path of ['/small', '/large']) await ask(url, { method: 'PUT', path })
      assert.is((await put(url, '/small/a', 60_000)).status, 200)
      const refused = await put(url, '/small/b', 60_000)
      assert.is(refused.status, 507)
      assert.match(
        refused.text,
        /<Code>QuotaExceeded<\/Code>.*The bucket small may hold 102400 bytes/s,
      )
      assert.is((await put(url, '/large/b', 300_000)).status, 200)
    })
    await started(async (url) => {
      assert.is((await put(url, '/small/b', 60_000)).status, 507)
      assert.is((await put(url, '/small/c', 40_000)).status, 200)
      assert.is((await ask(url, { method: 'GET', path: '/small/a' })).status, 200)
      assert.is((await ask(url, { method: 'GET', path: '/small/b' })).status, 404)
    })
  })
})

test.run()
