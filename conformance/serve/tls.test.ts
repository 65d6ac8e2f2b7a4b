// `serve` over TLS as its user meets it: certificates from files and made here, changed under way, and what
// is not TLS.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../server/log.ts'
import { loadSelfSigned } from '../../server/tls/self-signed.ts'
import { expectError, renderHead } from '../support/raw-bridge.ts'
import { openConnection } from '../support/raw-connection.ts'
import { run } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { type BridgeProcess, startBridge, withBridge, withFolder } from '../support/with-bridge.ts'

const test = suite('tls')

/** A pair of files as a certificate authority's client would leave them. */
async function writePair(folder: string, name: string) {
  const log = createLog({ level: 'silent' })
  const dataDir = join(folder, name)
  const pair = await loadSelfSigned({ dataDir, names: ['localhost', '127.0.0.1'], log })
  const files = { key: join(folder, `${name}.key`), cert: join(folder, `${name}.pem`) }
  await writeFile(files.key, pair.key)
  await writeFile(files.cert, pair.cert)
  return { ...files, fingerprint: new X509Certificate(pair.cert).fingerprint256 }
}

async function fingerprintOf(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

/** The first line from there on that matches, as soon as the bridge writes it. */
async function logged(bridge: BridgeProcess, from: number, message: RegExp): Promise<void> {
  const { stdout } = bridge.process
  assert.ok(stdout)
  while (!bridge.log.slice(from).some(({ msg }) => message.test(String(msg)))) {
    await once(stdout, 'data')
  }
}

test('auto makes a certificate that its greeting names, and keeps it over a restart', async () => {
  await withFolder(async (dataDirectory) => {
    const first = await startBridge({ dataDirectory, scheme: 'https', givenKey: false })
    const fingerprint = await fingerprintOf(first.url)
    assert.ok(first.url.startsWith('https://'))
    assert.ok(first.banner().includes(fingerprint), first.banner())
    assert.ok(first.banner().includes(`export AWS_CA_BUNDLE=${first.certificateFile}\n`))
    assert.ok(first.banner().includes(`aws --endpoint-url ${first.url} s3`))
    await first.stop()
    const second = await startBridge({ dataDirectory, scheme: 'https' })
    assert.is(await fingerprintOf(second.url), fingerprint)
    assert.is((await ask(second, { method: 'GET', path: '/' })).status, 200)
    await second.stop()
  })
})

test('changed files are served to new connections; a bad pair keeps the old one', async () => {
  await withFolder(async (folder) => {
    const [first, second] = [await writePair(folder, 'first'), await writePair(folder, 'second')]
    const cert = join(folder, 'live.pem')
    const key = join(folder, 'live.key')
    await copyFile(first.cert, cert)
    await copyFile(first.key, key)
    const args = ['--tls-cert', cert, '--tls-key', key]
    await withBridge(
      async (bridge) => {
        assert.is(await fingerprintOf(bridge.url), first.fingerprint)
        const trusted = { url: bridge.url, certificateFile: first.cert }
        assert.is((await ask(trusted, { method: 'PUT', path: '/bucket' })).status, 200)

        let from = bridge.log.length
        await copyFile(second.cert, cert)
        await logged(bridge, from, /no good; the old go on/)
        assert.is(await fingerprintOf(bridge.url), first.fingerprint)

        from = bridge.log.length
        await copyFile(second.key, key)
        await logged(bridge, from, /serving a new TLS certificate/)
        // The web console serves the same pair, and one change is told once.
        const consoleUrl = String(bridge.log.find((line) => 'consoleUrl' in line)?.consoleUrl)
        for (const url of [bridge.url, consoleUrl]) {
          assert.is(await fingerprintOf(url), second.fingerprint, url)
        }
        const told = bridge.log.slice(from).map(({ msg }) => msg)
        assert.is(told.filter((msg) => /new TLS certificate/.test(`${msg}`)).length, 1)
        const renewed = { url: bridge.url, certificateFile: second.cert }
        assert.is((await ask(renewed, { method: 'HEAD', path: '/bucket' })).status, 200)
      },
      { args },
    )
  })
})

test('a pair that is no good at the start is said so, and nothing is served', async () => {
  await withFolder(async (folder) => {
    const [first, second] = [await writePair(folder, 'first'), await writePair(folder, 'second')]
    const serve = ['server/cli.ts', 'serve', '--port', '0', '--data-dir', join(folder, 'data')]
    const cases = [
      [[first.cert, second.key], /the key and the certificate do not belong together/],
      [[first.cert, join(folder, 'none')], /the TLS key .*none cannot be read: ENOENT/],
      [[first.key, first.key], /the certificate cannot be read/],
    ] as const
    for (const [[cert, key], said] of cases) {
      const args = [...serve, '--tls-cert', cert, '--tls-key', key]
      const { code, stderr } = await run(process.execPath, args, {
        cwd: join(import.meta.dirname, '..', '..'),
        mayFail: true,
      })
      assert.is(code, 1, stderr)
      assert.match(stderr, said)
    }
  })
})

test('what is not TLS, and TLS below 1.2, gets no answer; the next client does', async () => {
  await withBridge(
    async (bridge) => {
      const { hostname, port } = new URL(bridge.url)
      const from = bridge.log.length
      const plain = request({ hostname, port, agent: false })
      plain.end()
      const [error] = await once(plain, 'error')
      assert.ok(error instanceof Error)
      const old = connect({
        host: hostname,
        port: Number(port),
        rejectUnauthorized: false,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      })
      const [refused] = await once(old, 'error')
      assert.match(String(refused), /protocol version/)
      await logged(bridge, from, /no TLS connection/)
      assert.is((await ask(bridge, { method: 'GET', path: '/' })).status, 200)
    },
    { scheme: 'https' },
  )
})

test('100-continue, refusals before it, and what is no request are as over HTTP', async () => {
  await withBridge(
    async (bridge) => {
      assert.is((await ask(bridge, { method: 'PUT', path: '/bucket' })).status, 200)
      const put = { method: 'PUT', path: '/bucket/key' }
      const lines = ['Content-Length: 5', 'Expect: 100-continue']

      const kept = await openConnection(bridge)
      await kept.write(renderHead(bridge.url, { ...put, lines }))
      assert.is(await kept.interim(), 100)
      await kept.write('hello')
      assert.is((await kept.answer()).status, 200)
      await kept.write(renderHead(bridge.url, { method: 'GET', path: '/bucket/key' }))
      assert.is((await kept.answer()).text, 'hello')
      kept.destroy()

      const refused = await openConnection(bridge)
      await refused.write(renderHead(bridge.url, { ...put, path: '/other/key', lines }))
      const answer = await refused.answer()
      assert.equal(answer.interim, [])
      expectError(answer, { status: 404, code: 'NoSuchBucket' }, 'before the body')
      refused.destroy()

      const garbage = await openConnection(bridge)
      await garbage.write('no request\r\n\r\n')
      expectError(await garbage.answer(), { status: 400, code: 'BadRequest' }, 'garbage')
      garbage.destroy()
    },
    { scheme: 'https' },
  )
})

test.run()
