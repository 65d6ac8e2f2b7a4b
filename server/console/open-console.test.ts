// Where the console listens, and when it does not.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readConfig } from '../config.ts'
import { createFigures } from '../figures/figures.ts'
import { createLog } from '../log.ts'
import { createFindPeer } from '../peer.ts'
import { prepareListeners } from '../tls/tls-server.ts'
import { openConsole } from './open-console.ts'

const test = suite('open console')

type Opened = { readonly url: string | undefined; readonly warnings: readonly string[] }

async function open(...flags: string[]): Promise<Opened> {
  const warnings: string[] = []
  const log = createLog({ destination: { write: (line) => void warnings.push(line) } })
  await using parts = new AsyncDisposableStack()
  const figures = parts.use(createFigures({ now: Date.now, warn: () => undefined }))
  const unasked = async () => undefined
  const config = readConfig(flags, {})
  const services = {
    makeListener: await prepareListeners(config, log, parts),
    app: { answerVisit: () => undefined },
    credentials: unasked,
    accessKeys: {
      find: unasked,
      add: unasked,
      list: async () => [],
      remove: async () => false,
      close: unasked,
    },
    ...{ rootKeyId: 'root', s3Port: 9000, findPeer: createFindPeer([]), audit: undefined },
    facts: {
      ...{ figures, region: 'us-east-1', isEmbedded: false, access: 'full' as const },
      health: async () => ({ status: 'ok' as const }),
      accounts: async () => [],
    },
  }
  const opened = await openConsole(config, log, services)
  if (opened === undefined) return { url: undefined, warnings }
  opened.server.close()
  return { url: opened.url, warnings }
}

async function withTakenPort(act: (port: number) => Promise<void>): Promise<void> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  try {
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    await act(address.port)
  } finally {
    server.close()
  }
}

test('it listens on this machine alone, on any port when S3 does', async () => {
  const { url, warnings } = await open('--port', '0')
  assert.match(url ?? '', /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.equal(warnings, [])
})

test('it can be turned off', async () => {
  assert.equal(await open('--port', '0', '--console-port', 'off'), { url: undefined, warnings: [] })
})

test('a port that nobody asked for and that is taken keeps nobody from S3', async () => {
  await withTakenPort(async (port) => {
    const { url, warnings } = await open('--port', String(port - 1))
    assert.is(url, undefined)
    assert.match(warnings.join(''), /no web console: set consolePort/)
  })
})

test('a port that was asked for and that is taken ends the start', async () => {
  await withTakenPort(async (port) => {
    const outcome = await open('--console-port', String(port)).catch((error: unknown) => error)
    assert.match(String(outcome), /EADDRINUSE/)
  })
})

test('its settings are checked', () => {
  for (const [flag, value] of [
    ['--console-port', 'on'],
    ['--console-port', '70000'],
    ['--console-names', 'not a name'],
    ['--public-url', 'ftp://example.org'],
  ] as const) {
    assert.throws(() => readConfig([flag, value], {}), new RegExp(flag))
  }
})

test.run()
