// Somebody else logs in where an account is served already: nothing of the one may be mixed with the other. The two
// accounts are two emulators that take turns at one address, as Jottacloud has all accounts at one.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Emulator, startEmulator } from '../../jotta/emulator/emulator.ts'
import { run } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { type BridgeProcess, startBridge, withFolder } from '../support/with-bridge.ts'

const test = suite('other account')
const project = join(import.meta.dirname, '..', '..')

type Person = 'owner' | 'stranger'

type Bench = {
  readonly dataDirectory: string
  /** Whose account is at the address from now on. */
  become(person: Person): Promise<Emulator>
  cli(
    ...args: string[]
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  serve(...args: string[]): Promise<BridgeProcess>
}

async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    let emulator = await startEmulator({ dataDirectory: join(folder, 'owner') })
    const { jfsUrl, apiUrl } = emulator
    const port = Number(new URL(jfsUrl).port)
    const dataDirectory = join(folder, 'data')
    const hosts = ['--jfs-url', jfsUrl, '--api-url', apiUrl]
    const started: BridgeProcess[] = []
    try {
      await work({
        dataDirectory,
        become: async (person) => {
          await emulator.close()
          emulator = await startEmulator({ dataDirectory: join(folder, person), port })
          return emulator
        },
        cli: async (...args) => {
          const all = ['server/cli.ts', ...args, '--data-dir', dataDirectory, ...hosts]
          const options = { cwd: project, mayFail: true }
          return await run(process.execPath, all, options)
        },
        serve: async (...args) => {
          const bridge = await startBridge({ dataDirectory, args: [...hosts, ...args] })
          started.push(bridge)
          return bridge
        },
      })
    } finally {
      for (const bridge of started) await bridge.stop()
      await emulator.close()
    }
  })
}

async function healthOf(url: string): Promise<unknown> {
  return await (await fetch(`${url}/-/healthz`)).json()
}

test('a login of another account is refused, what is served goes on, and a name of its own takes it', async () => {
  await withBench(async ({ dataDirectory, become, cli, serve }) => {
    const owner = await become('owner')
    assert.is((await cli('login', '--token', owner.loginToken())).code, 0)
    const bridge = await serve()
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    await ask(bridge.url, { method: 'PUT', path: '/bucket/key', body: 'kept' })
    const tokens = await readFile(join(dataDirectory, 'jottacloud-token.json'), 'utf8')

    const stranger = await become('stranger')
    const refused = await cli('login', '--token', stranger.loginToken())
    assert.is(refused.code, 1, refused.stdout)
    assert.match(refused.stderr, /of another Jottacloud account.*`jotta-s3 login`.*--account NAME/)
    assert.is(await readFile(join(dataDirectory, 'jottacloud-token.json'), 'utf8'), tokens)
    const work = ['--account', 'work']
    const named = await cli('login', '--token', stranger.loginToken(), ...work)
    assert.is(named.code, 0, named.stderr)

    await become('owner')
    assert.is((await ask(bridge.url, { method: 'GET', path: '/bucket/key' })).text, 'kept')
    assert.equal(await healthOf(bridge.url), { status: 'ok' })
  })
})

test('a login that nobody could check is not used by who serves, before a restart or after', async () => {
  await withBench(async ({ become, cli, serve }) => {
    const owner = await become('owner')
    assert.is((await cli('login', '--token', owner.loginToken())).code, 0)
    const first = await serve()
    await ask(first.url, { method: 'PUT', path: '/bucket' })

    const stranger = await become('stranger')
    const match = { operation: 'customer' } as const
    stranger.faults.failNext({ status: 403, count: 10, match })
    const login = await cli('login', '--token', stranger.loginToken())
    assert.match(login.stderr, /is kept, but the account cannot be used/)
    stranger.faults.clear()

    const refusedBy = async (bridge: BridgeProcess) => {
      const made = { method: 'PUT', path: '/bucket/new', body: 'x' }
      for (const wanted of [made, { method: 'GET', path: '/bucket/key' }]) {
        const { status, text } = await ask(bridge.url, wanted)
        assert.is(status, 503, text)
        assert.match(text, /<Code>ServiceUnavailable<.*another Jottacloud account.*jotta-s3 login/)
      }
      const health = { status: 'other-account', command: 'jotta-s3 login' }
      assert.equal(await healthOf(bridge.url), health)
      const told = bridge.log.filter(({ msg }) => /of another Jottacloud account/.test(String(msg)))
      assert.is(told.length, 1)
    }
    await refusedBy(first)
    const second = await serve()
    await refusedBy(second)
    const operations = new Set(stranger.faults.requests.map(({ operation }) => operation))
    assert.equal(operations, new Set(['customer']), 'whose login it is, and nothing else')

    const again = await become('owner')
    const back = await cli('login', '--token', again.loginToken())
    assert.is(back.code, 0, back.stderr)
    for (const bridge of [first, second]) {
      assert.is((await ask(bridge.url, { method: 'HEAD', path: '/bucket/new' })).status, 404)
      assert.equal(await healthOf(bridge.url), { status: 'ok' })
    }
  })
})

test('without a state any account may be served: a data folder is nobodys before that', async () => {
  await withBench(async ({ dataDirectory, become, cli, serve }) => {
    const owner = await become('owner')
    assert.is((await cli('login', '--token', owner.loginToken())).code, 0)
    const stranger = await become('stranger')
    assert.is((await cli('login', '--token', stranger.loginToken())).code, 0)
    const bridge = await serve()
    assert.is((await ask(bridge.url, { method: 'PUT', path: '/bucket' })).status, 200)
    await bridge.stop()

    for (const name of ['state.sqlite', 'state.sqlite-wal', 'state.sqlite-shm']) {
      await rm(join(dataDirectory, name), { force: true })
    }
    const again = await become('owner')
    assert.is((await cli('login', '--token', again.loginToken())).code, 0)
    const other = await serve()
    assert.is((await ask(other.url, { method: 'HEAD', path: '/bucket' })).status, 404)
  })
})

test.run()
