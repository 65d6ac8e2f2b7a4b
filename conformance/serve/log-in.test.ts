// What a person sees of the ways to log in, and of a login that dies: the command line in processes of its
// own, against the emulator.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { get, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Emulator,
  type EmulatorOptions,
  startEmulator,
} from '../../jotta/emulator/emulator.ts'
import { md5OfStream, randomBuffer, randomBytes } from '../support/bytes.ts'
import { ask, send } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('log in')
const project = join(import.meta.dirname, '..', '..')

type Bench = {
  readonly folder: string
  readonly emulator: Emulator
  readonly dataDirectory: string
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Running
}

type Running = {
  /** Resolves with the first match in what was printed for people. */
  readonly says: (pattern: RegExp) => Promise<string>
  readonly type: (line: string) => void
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>
}

async function withBench(
  options: Partial<EmulatorOptions>,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const emulator = await startEmulator({ ...options, dataDirectory: join(folder, 'jottacloud') })
    const dataDirectory = join(folder, 'data')
    try {
      const hosts = ['--jfs-url', emulator.jfsUrl, '--api-url', emulator.apiUrl]
      const common = [...hosts, '--data-dir', dataDirectory]
      const start: Bench['start'] = (args, env) => startCli([...args, ...common], env)
      await work({ folder, emulator, dataDirectory, start })
    } finally {
      await emulator.close()
    }
  })
}

function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, ['server/cli.ts', ...args], {
    cwd: project,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 600_000,
  })
  let stderr = ''
  const look = new Set<() => void>()
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
    for (const each of look) each()
  })
  const finish = async () => {
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    return { code, stdout, stderr }
  }
  const ended = finish()
  return {
    says: async (pattern) => {
      const found = Promise.withResolvers<string>()
      const each = () => {
        const match = pattern.exec(stderr)
        if (match !== null) found.resolve(match[0])
      }
      look.add(each)
      each()
      void ended.then(() => found.reject(new Error(`it ended without saying so\n${stderr}`)))
      return await found.promise
    },
    type: (line) => child.stdin.write(`${line}\n`),
    ended,
  }
}

/** Where the emulator sends a browser to. */
async function visit(url: string): Promise<string> {
  const [response] = await once(get(url), 'response')
  response.resume()
  return String(response.headers.location)
}

async function health(url: string): Promise<{ status: number; json: unknown }> {
  const [response] = await once(request(`${url}/-/healthz`).end(), 'response')
  return { status: response.statusCode, json: JSON.parse(await text(response)) }
}

const atOnce = { authorizationPage: 'agree-at-once' } as const

test('--service prints an address; what the browser ends at is pasted; the input may stay open', async () => {
  await withBench(atOnce, async ({ emulator, dataDirectory, start }) => {
    const service = ['login', '--service', 'telia_se', '--service-url', emulator.url]
    const login = start([...service, '--no-browser'])
    const url = await login.says(/http:\S+\/auth\/realms\/telia_se\/\S+/)
    await login.says(/paste here/)
    login.type('http://localhost:53682/?state=wrong&code=x')
    await login.says(/That is not the address/)
    login.type(await visit(url))
    const { code, stdout, stderr } = await login.ended
    assert.is(code, 0, stderr)
    assert.match(stdout, /^Logged in as .*`jotta-s3 serve` now serves this account\.\n$/)
    const file = join(dataDirectory, 'jottacloud-token.json')
    assert.is((await stat(file)).mode & 0o777, 0o600)
    const { accessToken, refreshToken, clientId } = JSON.parse(await readFile(file, 'utf8'))
    assert.is(clientId, 'desktop')
    for (const secret of [accessToken, refreshToken]) {
      assert.not.ok(`${stdout}${stderr}`.includes(secret))
    }
  })
})

test('the browser is started with the address as it is, and by no shell', async () => {
  if (process.platform !== 'linux') return
  await withBench(atOnce, async ({ folder, emulator, start }) => {
    const seen = join(folder, 'seen')
    const program = join(folder, 'xdg-open')
    // Renamed when it is whole.
    await writeFile(
      program,
      `#!/bin/sh\nprintf %s "$1" > ${seen}.part && mv ${seen}.part ${seen}\n`,
    )
    await chmod(program, 0o755)
    const env = { PATH: `${folder}:${process.env.PATH}` }
    const service = ['login', '--service', 'elko', '--service-url', emulator.url]
    const login = start(service, env)
    const url = await login.says(/http:\S+\/auth\/realms\/elko\/\S+/)
    await eventually(async () => (await readdir(folder)).includes('seen'))
    assert.is(await readFile(seen, 'utf8'), url)
    login.type(await visit(url))
    const { code, stderr } = await login.ended
    assert.is(code, 0, stderr)
  })
})

/** Waits for what another process writes, for at most a minute. */
async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error('it did not happen')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const legacyLogin = {
  username: 'ola@example.test',
  password: 'a password of mine',
  clientId: 'legacy-client',
  clientSecret: 'legacy-secret',
  oneTimeCode: '123456',
}

test('--legacy takes the password from the environment or the input, and the code from the input', async () => {
  await withBench({ legacyLogin }, async ({ start }) => {
    const client = ['--client-id', 'legacy-client', '--client-secret', 'legacy-secret']
    const legacy = ['login', '--legacy', ...client]
    const first = start([...legacy, '--username', 'ola@example.test'], {
      JOTTA_S3_LEGACY_PASSWORD: legacyLogin.password,
    })
    await first.says(/code that was sent/)
    first.type('123456')
    assert.is((await first.ended).code, 0)

    const second = start(legacy)
    for (const line of ['ola@example.test', legacyLogin.password, '123456']) second.type(line)
    const { code, stdout, stderr } = await second.ended
    assert.is(code, 0, stderr)
    assert.not.ok(`${stdout}${stderr}`.includes(legacyLogin.password))

    const without = await start(['login', '--legacy']).ended
    assert.is(without.code, 2)
    assert.match(without.stderr, /--client-id and --client-secret must be given/)
  })
})

test('a login token may come from the environment or the input, where no list of processes shows it', async () => {
  await withBench({}, async ({ emulator, start }) => {
    const first = await start(['login'], { JOTTA_S3_LOGIN_TOKEN: emulator.loginToken() }).ended
    assert.is(first.code, 0, first.stderr)
    const second = start(['login'])
    await second.says(/paste it here/)
    const token = emulator.loginToken()
    second.type(`  ${token} `)
    const { code, stdout, stderr } = await second.ended
    assert.is(code, 0, stderr)
    assert.not.ok(`${stdout}${stderr}`.includes(token))
    const used = await start(['login'], { JOTTA_S3_LOGIN_TOKEN: token }).ended
    assert.is(used.code, 1)
    assert.match(used.stderr, /each works once.*`jotta-s3 login`/)
  })
})

test('a login is kept though the account cannot be asked whose it is', async () => {
  await withBench({}, async ({ emulator, dataDirectory, start }) => {
    const file = join(dataDirectory, 'jottacloud-token.json')
    const match = { operation: 'customer' } as const
    const outcomes: [status: number, code: number, says: RegExp][] = [
      [503, 0, /^Logged in, though Jottacloud did not say as whom: .*503.*`jotta-s3 serve`/],
      [403, 1, /The login worked and is kept, but the account cannot be used with it: .*403/],
    ]
    for (const [status, code, says] of outcomes) {
      emulator.faults.failNext({ status, count: 100, match })
      const login = await start(['login', '--token', emulator.loginToken()]).ended
      assert.is(login.code, code, login.stderr)
      assert.match(`${login.stdout}${login.stderr}`, says)
      emulator.faults.clear()
      const account = await start(['account']).ended
      assert.is(account.code, 0, account.stderr)
      assert.match(account.stdout, /owner@example\.test/)
      await unlink(file)
    }
  })
})

const wrongCalls: [args: string[], code: number, says: RegExp][] = [
  [['--service', 'telia'], 2, /there is no telia; there are\n.*telia_se/s],
  [
    ['--service', 'elko', '--service-url', 'http://id.example'],
    2,
    /serviceUrl: a login needs https/,
  ],
  [['--account', 'A/B'], 2, /--account: must be/],
]
for (const [args, code, says] of wrongCalls) {
  test(`\`login ${args.join(' ')}\` ends with ${code} and says what is wrong`, async () => {
    await withBench({}, async ({ start }) => {
      const result = await start(['login', ...args]).ended
      assert.is(result.code, code, result.stderr)
      assert.match(result.stderr, says)
    })
  })
}

test('accounts have logins and state of their own, and serving one that has none says what to do', async () => {
  await withBench({}, async ({ emulator, dataDirectory, start }) => {
    const work = ['--account', 'work']
    const early = await start(['serve', '--port', '0', ...work]).ended
    assert.is(early.code, 1)
    assert.match(early.stderr, /nobody is logged in.*`jotta-s3 login --account work`/)

    const login = await start(['login', '--token', emulator.loginToken(), ...work]).ended
    assert.is(login.code, 0, login.stderr)
    assert.match(login.stdout, /`jotta-s3 serve --account work`/)
    const folder = join(dataDirectory, 'accounts', 'work')
    assert.is((await stat(join(folder, 'jottacloud-token.json'))).mode & 0o777, 0o600)

    const args = ['--jfs-url', emulator.jfsUrl, '--api-url', emulator.apiUrl]
    const served = await startBridge({ dataDirectory, args: [...args, ...work] })
    const embedded = await startBridge({ dataDirectory, args })
    try {
      await ask(served.url, { method: 'PUT', path: '/of-work' })
      assert.match((await ask(served.url, { method: 'GET', path: '/' })).text, /of-work/)
      assert.not.match((await ask(embedded.url, { method: 'GET', path: '/' })).text, /of-work/)
    } finally {
      await served.stop()
      await embedded.stop()
    }
    await access(join(folder, 'state.sqlite'))
    assert.match((await start(['logout']).ended).stdout, /Nobody/)
    assert.match((await start(['logout', ...work]).ended).stdout, /Logged out/)
  })
})

test('a dead login: 503 and one line in the log; a new one heals it without a restart', async () => {
  await withEmulatedBridge(async ({ emulator, bridge }) => {
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    await ask(bridge.url, { method: 'PUT', path: '/bucket/key', body: 'kept' })
    assert.equal(await health(bridge.url), { status: 200, json: { status: 'ok' } })

    emulator.faults.staleRefreshTokens()
    emulator.faults.expireAccessTokens()
    for (let i = 0; i < 3; i += 1) {
      const refused = await ask(bridge.url, { method: 'GET', path: '/bucket/key' })
      assert.is(refused.status, 503)
      assert.match(refused.text, /jotta-s3 login/)
    }
    const asked = emulator.faults.requests.length
    const dead = { status: 'login-required', command: 'jotta-s3 login' }
    assert.equal(await health(bridge.url), { status: 503, json: dead })
    assert.equal(await health(bridge.url), { status: 503, json: dead })
    assert.is(emulator.faults.requests.length, asked, 'a probe costs no call upstream')
    assert.is(emulator.faults.requests.filter(isRefresh).length, 2, 'the login and one refresh')
    const told = bridge.log.filter(({ msg }) => /login needed/.test(String(msg)))
    assert.is(told.length, 1)
    assert.match(String(told[0]?.msg), /`jotta-s3 login`/)

    const { dataDirectory } = bridge
    const hosts = ['--jfs-url', emulator.jfsUrl, '--api-url', emulator.apiUrl]
    const token = ['--token', emulator.loginToken(), '--data-dir', dataDirectory]
    const login = await startCli(['login', ...token, ...hosts]).ended
    assert.is(login.code, 0, login.stderr)
    assert.is((await health(bridge.url)).status, 200)
    assert.is((await ask(bridge.url, { method: 'GET', path: '/bucket/key' })).text, 'kept')
  })
})

test('after a logout the next request is refused, and what is being read is read to its end', async () => {
  const metricsToken = 'metrics-token-of-the-test'
  await withEmulatedBridge(
    async ({ emulator, bridge }) => {
      const command = async (...args: string[]) => {
        const hosts = ['--jfs-url', emulator.jfsUrl, '--api-url', emulator.apiUrl]
        const { code, stderr } = await startCli([
          ...args,
          ...['--data-dir', bridge.dataDirectory],
          ...hosts,
        ]).ended
        assert.is(code, 0, stderr)
      }
      const metrics = async () => {
        const headers = { authorization: `Bearer ${metricsToken}` }
        return await (await fetch(`${bridge.url}/-/metrics`, { headers })).text()
      }
      const sizeBytes = 8 * 1024 * 1024
      const content = randomBuffer(sizeBytes, 'under way')
      await ask(bridge.url, { method: 'PUT', path: '/bucket' })
      await ask(bridge.url, { method: 'PUT', path: '/bucket/key', body: content })
      const reading = await send(bridge.url, { method: 'GET', path: '/bucket/key' })
      await once(reading, 'readable')
      assert.match(await metrics(), /^jotta_s3_login_ok\{account="default"\} 1$/m)

      await command('logout')
      const out = { status: 'login-required', command: 'jotta-s3 login' }
      assert.equal(await health(bridge.url), { status: 503, json: out })
      assert.match(await metrics(), /^jotta_s3_login_ok\{account="default"\} 0$/m)
      const before = emulator.faults.requests.length
      for (const wanted of [
        { method: 'GET', path: '/bucket/key' },
        { method: 'GET', path: '/bucket?list-type=2' },
        { method: 'PUT', path: '/bucket/new', body: 'x' },
      ]) {
        const { status, text: body } = await ask(bridge.url, wanted)
        assert.is(status, 503, body)
        assert.match(body, /<Code>ServiceUnavailable<.*jotta-s3 login/)
      }
      assert.is(emulator.faults.requests.length, before, 'Jottacloud was not asked')
      assert.not(reading.complete, 'the read is still under way')
      assert.is(await md5OfStream(reading), await md5OfStream(toAsync([content])))

      await command('login', '--token', emulator.loginToken())
      assert.is((await health(bridge.url)).status, 200)
      assert.is((await ask(bridge.url, { method: 'HEAD', path: '/bucket/key' })).status, 200)
      assert.is((await ask(bridge.url, { method: 'HEAD', path: '/bucket/new' })).status, 404)
    },
    { JOTTA_S3_METRICS_TOKEN: metricsToken },
  )
})

const isRefresh = ({ operation }: { operation: string }): boolean => operation === 'token'

test('a read in flight survives the end of the access token', async () => {
  await withEmulatedBridge(async ({ emulator, bridge }) => {
    const sizeBytes = 6 * 1024 * 1024
    const content = randomBuffer(sizeBytes, 'in flight')
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    await ask(bridge.url, { method: 'PUT', path: '/bucket/key', body: content })
    emulator.faults.set({ streamRateBytesPerSecond: 8 * 1024 * 1024 })
    // So that the rest has to be asked for, which takes the new token.
    const match = { operation: 'download' } as const
    emulator.faults.add({ kind: 'cutDownload', afterBytes: sizeBytes / 2, match })
    const answer = await send(bridge.url, { method: 'GET', path: '/bucket/key' })
    assert.is(answer.statusCode, 200)
    await once(answer, 'readable')
    emulator.faults.expireAccessTokens()
    const other = await ask(bridge.url, { method: 'GET', path: '/bucket?list-type=2' })
    assert.is(other.status, 200, 'and who comes meanwhile gets a new token')
    assert.not(answer.complete, 'the read is still under way')
    assert.is(
      await md5OfStream(answer),
      await md5OfStream(toAsync(randomBytes(sizeBytes, 'in flight'))),
    )
    assert.is(emulator.faults.requests.filter(isRefresh).length, 2)
    const downloads = emulator.faults.requests.filter(({ operation }) => operation === 'download')
    assert.equal(
      downloads.map(({ status }) => status),
      [200, 206],
    )
  })
})

async function* toAsync(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
}

test.run()
