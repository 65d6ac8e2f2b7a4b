// Where buckets live, as an operator sets it: the settings of a bridge in a process of its own.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startEmulator } from '../../jotta/emulator/emulator.ts'
import { type RunResult, run } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { type BridgeProcess, startBridge, withFolder } from '../support/with-bridge.ts'

const test = suite('bucket settings')

type Bench = {
  readonly emulator: Awaited<ReturnType<typeof startEmulator>>
  readonly logIn: (account: string) => Promise<RunResult>
  /** Serves with a settings file until `act` is done. */
  readonly serving: (
    settings: object,
    act: (bridge: BridgeProcess) => Promise<void>,
  ) => Promise<void>
  readonly serveInVain: (args: readonly string[]) => Promise<RunResult>
}

async function withBench(act: (bench: Bench) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const emulator = await startEmulator({ dataDirectory: join(folder, 'jottacloud') })
    const dataDirectory = join(folder, 'bridge')
    const hosts = { JOTTA_S3_JFS_URL: emulator.jfsUrl, JOTTA_S3_API_URL: emulator.apiUrl }
    const cwd = join(import.meta.dirname, '..', '..')
    const cli = async (args: readonly string[], mayFail: boolean) =>
      await run(process.execPath, ['server/cli.ts', ...args, '--data-dir', dataDirectory], {
        ...{ env: hosts, cwd, mayFail },
      })
    try {
      await act({
        emulator,
        logIn: (account) =>
          cli(['login', '--account', account, '--token', emulator.loginToken()], false),
        async serving(settings, work) {
          const file = join(folder, 'settings.json')
          await writeFile(file, JSON.stringify(settings))
          const bridge = await startBridge({ dataDirectory, env: hosts, args: ['--config', file] })
          try {
            await work(bridge)
          } finally {
            await bridge.stop()
          }
        },
        serveInVain: (args) => cli(['serve', '--port', '0', ...args], true),
      })
    } finally {
      await emulator.close()
    }
  })
}

/** Resolves with the line of the log that has this message. */
async function logged(bridge: BridgeProcess, message: RegExp): Promise<Record<string, unknown>> {
  const { stdout } = bridge.process
  assert.ok(stdout)
  for (;;) {
    const line = bridge.log.find(({ msg }) => typeof msg === 'string' && message.test(msg))
    if (line !== undefined) return line
    await once(stdout, 'data', { signal: AbortSignal.timeout(120_000) })
  }
}

async function buckets({ url }: BridgeProcess): Promise<string[]> {
  const { text } = await ask(url, { method: 'GET', path: '/' })
  return [...text.matchAll(/<Name>([^<]+)<\/Name>/g)].map(([, name]) => name ?? '')
}

test('folders of the account are buckets, one of them on a login of its own', async () => {
  await withBench(async ({ logIn, serving }) => {
    for (const account of ['default', 'work']) await logIn(account)
    const settings = {
      buckets: {
        archive: { path: 'Jotta/Archive' },
        photos: { path: 'Jotta/Archive/photos', versions: 'none', deleteMode: 'permanent' },
        missing: { path: 'Jotta/Archive/nowhere', encoding: 'without-percent' },
        work: { path: 'jotta/archive/WORK', account: 'work' },
      },
    }
    await serving(settings, async (bridge) => {
      const { url } = bridge
      const { account, encoding } = await logged(bridge, /names are encoded/)
      assert.is(account, 'default')
      assert.match(String(encoding), /^Slash,.*Percent/)
      await logged(bridge, /the bucket missing is set to Jotta\/Archive\/nowhere, which is not in/)
      assert.equal(await buckets(bridge), ['archive'])
      for (const path of ['/archive/photos/a', '/archive/Work/b']) {
        assert.is((await ask(url, { method: 'PUT', path, body: path })).status, 200)
      }
      assert.equal(await buckets(bridge), ['archive', 'photos', 'work'])
      assert.is((await ask(url, { method: 'GET', path: '/photos/a' })).text, '/archive/photos/a')
      const headers = { 'x-amz-copy-source': '/photos/a' }
      const copied = await ask(url, { method: 'PUT', path: '/work/copy', headers })
      assert.match(copied.text, /<CopyObjectResult/)
      const found = await ask(url, { method: 'GET', path: '/archive/Work/copy' })
      assert.is(found.text, '/archive/photos/a')
      const missing = await ask(url, { method: 'GET', path: '/missing' })
      assert.match(missing.text, /<Code>NoSuchBucket<.*Jotta\/Archive\/nowhere/s)
      assert.is((await ask(url, { method: 'DELETE', path: '/photos' })).status, 405)
      assert.is((await ask(url, { method: 'PUT', path: '/photos' })).status, 409)
    })
  })
})

test('every folder of a root is a bucket', async () => {
  await withBench(async ({ logIn, serving, emulator }) => {
    await logIn('default')
    await serving({ bucketRoot: 'Jotta/Archive/S3' }, async (bridge) => {
      const { url } = bridge
      assert.equal(await buckets(bridge), [])
      assert.is((await ask(url, { method: 'PUT', path: '/backup' })).status, 200)
      assert.is((await ask(url, { method: 'PUT', path: '/backup/x', body: 'x' })).status, 200)
      assert.equal(await buckets(bridge), ['backup'])
      const isMkDir = ({ query }: { query: string }) => query.includes('mkDir')
      const made = emulator.faults.requests.filter(isMkDir).map(({ path }) => path)
      assert.ok(made.every((path) => path.includes('/Jotta/Archive/S3')))
      assert.is((await ask(url, { method: 'DELETE', path: '/backup' })).status, 409)
      assert.is((await ask(url, { method: 'DELETE', path: '/backup/x' })).status, 204)
      assert.is((await ask(url, { method: 'DELETE', path: '/backup' })).status, 204)
      assert.equal(await buckets(bridge), [])
    })
  })
})

test('a bridge killed while it replaces an object has it whole after the next start', async () => {
  await withBench(async ({ logIn, serving, emulator }) => {
    await logIn('default')
    const settings = { versions: 'none' }
    const headers = { 'x-amz-meta-is': 'new' }
    await serving(settings, async (bridge) => {
      const { url } = bridge
      assert.is((await ask(url, { method: 'PUT', path: '/backup' })).status, 200)
      assert.is((await ask(url, { method: 'PUT', path: '/backup/a/x', body: 'old' })).status, 200)
      const removing = emulator.faults.hold({ operation: 'rm' }, 'after')
      const request = { method: 'PUT', path: '/backup/a/x', body: 'new', headers }
      const writing = ask(url, request).catch((error: unknown) => error)
      await removing.reached()
      await bridge.kill()
      removing.release()
      assert.instance(await writing, Error)
    })
    await serving(settings, async ({ url }) => {
      const found = await ask(url, { method: 'GET', path: '/backup/a/x' })
      assert.equal([found.status, found.text], [200, 'new'])
      assert.is(found.headers['x-amz-meta-is'], 'new')
      const { text } = await ask(url, { method: 'GET', path: '/backup' })
      assert.is(text.match(/<Key>/g)?.length, 1)
    })
  })
})

test('a bucket that cannot be what it is set to keeps the server from starting', async () => {
  await withBench(async ({ logIn, serveInVain }) => {
    await logIn('default')
    const cases: [buckets: object, code: number, says: RegExp][] = [
      [{ bin: { path: 'Jotta/Trash' } }, 2, /--buckets: bin: path: Jotta\/Trash is a view/],
      [{ work: { account: 'work' } }, 1, /login --account work/],
    ]
    for (const [table, code, says] of cases) {
      const ended = await serveInVain(['--buckets', JSON.stringify(table)])
      assert.is(ended.code, code)
      assert.match(ended.stderr, says)
    }
  })
})

test.run()
