// What a login says of itself when it has died, and when it is made anew.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Emulator, startEmulator } from './emulator/emulator.ts'
import { JottaError } from './jotta-error.ts'
import { loginWithToken } from './login.ts'
import { rejection } from './scripted-server.test-support.ts'
import { createTokenSource, type LoginSource, type TokenSourceOptions } from './token.ts'
import { loginCommandOf, readTokenFile, removeTokenFile, writeTokenFile } from './token-file.ts'

const test = suite('token health')
const { signal } = new AbortController()

type Bench = {
  readonly emulator: Emulator
  readonly tokenFile: string
  readonly told: string[]
  source(options?: Partial<TokenSourceOptions>): LoginSource
  login(): Promise<void>
}

async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'health-'))
  const emulator = await startEmulator({ dataDirectory: path.join(folder, 'data') })
  const tokenFile = path.join(folder, 'token.json')
  const told: string[] = []
  const onLoginRequired = (error: Error) => told.push(error.message)
  const login = async () => {
    await loginWithToken({ loginToken: emulator.loginToken(), tokenFile, signal })
  }
  try {
    await login()
    const source = (options = {}) => createTokenSource({ tokenFile, onLoginRequired, ...options })
    await work({ emulator, tokenFile, told, source, login })
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function renew(tokens: LoginSource): Promise<void> {
  tokens.reject(await tokens.accessToken({ signal }))
  await tokens.accessToken({ signal })
}

const die = (tokens: LoginSource) => loginRequiredBy(renew(tokens))
const refused = (tokens: LoginSource) => loginRequiredBy(tokens.accessToken({ signal }))

async function loginRequiredBy(asking: Promise<unknown>): Promise<JottaError> {
  const error = await rejection(asking)
  assert.instance(error, JottaError, String(error))
  assert.is((error as JottaError).kind, 'login-required')
  return error as JottaError
}

test('a stale token is asked for once, told of once, and a new login heals without a restart', async () => {
  await withBench(async ({ emulator, source, told, login }) => {
    const tokens = source()
    await renew(tokens)
    assert.equal(await tokens.health(), { status: 'ok' })
    emulator.faults.staleRefreshTokens()
    await die(tokens)
    const asked = emulator.faults.requests.length
    for (let i = 0; i < 3; i += 1) {
      assert.instance(await rejection(tokens.accessToken({ signal })), JottaError)
      const dead = { status: 'login-required', command: 'jotta-s3 login' }
      assert.equal(await tokens.health(), dead)
    }
    assert.is(emulator.faults.requests.length, asked, 'nobody asked the service again')
    assert.is(told.length, 1)
    assert.match(told[0] ?? '', /`jotta-s3 login`/)
    await login()
    assert.equal(await tokens.health(), { status: 'ok' })
    await renew(tokens)
    assert.equal(await tokens.health(), { status: 'ok' })
    emulator.faults.staleRefreshTokens()
    await die(tokens)
    assert.is(told.length, 2, 'another login died')
  })
})

test('a new login that is dead as well is told of too', async () => {
  await withBench(async ({ emulator, source, told, login }) => {
    const tokens = source()
    await tokens.accessToken({ signal })
    emulator.faults.staleRefreshTokens()
    await die(tokens)
    await login()
    emulator.faults.staleRefreshTokens()
    await die(tokens)
    assert.is((await tokens.health()).status, 'login-required')
    assert.is(told.length, 2)
  })
})

test('a logout while serving is a dead login', async () => {
  await withBench(async ({ source, told, login, tokenFile }) => {
    const tokens = source({ account: 'work' })
    await tokens.accessToken({ signal })
    await removeTokenFile(tokenFile, signal)
    const command = 'jotta-s3 login --account work'
    assert.equal(await tokens.health(), { status: 'login-required', command })
    assert.equal(told, [], 'who looks at the health is no request')
    await refused(tokens)
    assert.equal(await tokens.health(), { status: 'login-required', command })
    assert.match(told.join(), /nobody is logged in.*`jotta-s3 login --account work`/)
    await login()
    assert.equal(await tokens.health(), { status: 'ok' })
    await tokens.accessToken({ signal })
    await removeTokenFile(tokenFile, signal)
    await refused(tokens)
    assert.is(told.length, 2, 'a second logout is told of too')
  })
})

test('trouble that passes is no dead login', async () => {
  await withBench(async ({ emulator, source, told }) => {
    const tokens = source({ http: { retry: { maxTries: 1 } } })
    tokens.reject(await tokens.accessToken({ signal }))
    emulator.faults.failNext({ status: 503, match: { operation: 'token' } })
    const error = await rejection(tokens.accessToken({ signal }))
    assert.is((error as JottaError).kind, 'unavailable')
    assert.equal(await tokens.health(), { status: 'ok' })
    assert.equal(told, [])
  })
})

test('a login in the browser is mended in the browser', async () => {
  await withBench(async ({ emulator, source, tokenFile }) => {
    await writeTokenFile(tokenFile, { ...(await readTokenFile(tokenFile)), service: 'telia_se' })
    emulator.faults.staleRefreshTokens()
    const tokens = source()
    assert.match((await die(tokens)).message, /Run `jotta-s3 login --service telia_se`\.$/)
    const command = 'jotta-s3 login --service telia_se'
    assert.equal(await tokens.health(), { status: 'login-required', command })
  })
})

test('a used personal login token is told apart from trouble, with what to do', async () => {
  await withBench(async ({ emulator, tokenFile }) => {
    const loginToken = emulator.loginToken()
    const login = () => loginWithToken({ loginToken, tokenFile, account: 'work', signal })
    await login()
    const error = await rejection(login())
    assert.is(
      (error as JottaError).message,
      "Jottacloud login needed: the login token is refused; each works once. Generate a new personal login token in Jottacloud's web page (account, security) and run `jotta-s3 login --account work` with it.",
    )
  })
})

test('the command names what the login needs', () => {
  assert.is(loginCommandOf({}), 'jotta-s3 login')
  assert.is(loginCommandOf({ style: 'openid' }), 'jotta-s3 login')
  assert.is(
    loginCommandOf({ account: 'a', service: 'elko' }),
    'jotta-s3 login --account a --service elko',
  )
  assert.is(loginCommandOf({ style: 'legacy' }), 'jotta-s3 login --legacy')
})

test.run()
