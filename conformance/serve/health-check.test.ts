// What the image's HEALTHCHECK runs, beside a server as its user starts it.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../support/real-client.ts'
import { schemes, withBridge } from '../support/with-bridge.ts'

const test = suite('health check')

async function check(env: Record<string, string>) {
  return await run(process.execPath, ['server/health-check.ts'], { env, mayFail: true })
}

for (const scheme of schemes) {
  test(`a server that is well is so over ${scheme}, on whatever port, and one that has ended is not`, async () => {
    let port = ''
    const env = () => ({
      JOTTA_S3_PORT: port,
      JOTTA_S3_HOST: '0.0.0.0',
      JOTTA_S3_TLS: scheme === 'https' ? 'auto' : 'off',
    })
    await withBridge(
      async ({ url }) => {
        port = new URL(url).port
        const well = await check(env())
        assert.equal([well.code, JSON.parse(well.stdout)], [0, { status: 'ok' }])
        const other = scheme === 'https' ? 'off' : 'auto'
        assert.is((await check({ ...env(), JOTTA_S3_TLS: other })).code, 1)
      },
      { scheme },
    )
    const gone = await check(env())
    assert.is(gone.code, 1)
    assert.match(gone.stdout, /^no answer: .*ECONNREFUSED/)
  })
}

test('a server that is not well says why', async () => {
  const page = '{"status":"login-required"}'
  const server = createServer((_request, response) => response.writeHead(503).end(page))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const sick = await check({ JOTTA_S3_PORT: String(port) })
    assert.equal([sick.code, sick.stdout], [1, page])
  } finally {
    server.close()
  }
})

test('the image runs it where it is', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  assert.match(
    dockerfile,
    /^HEALTHCHECK .*\\\n {2}CMD \["\/usr\/local\/bin\/node", "server\/health-check.ts"\]$/m,
  )
})

test.run()
