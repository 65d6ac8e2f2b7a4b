// A login of another account than the one that is served: refused when it is made and when it is met.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Emulator, startEmulator } from './emulator/emulator.ts'
import { JottaError } from './jotta-error.ts'
import { loginWithToken } from './login.ts'
import type { LoginHolder } from './login-holder.ts'
import { rejection } from './scripted-server.test-support.ts'
import { createTokenSource, type LoginSource } from './token.ts'

const test = suite('login holder')
const { signal } = new AbortController()

type Bench = {
  readonly emulator: Emulator
  readonly tokenFile: string
  readonly told: string[]
  /** Expects the account of that name. */
  source(username: string): LoginSource
  login(holder?: LoginHolder): Promise<unknown>
  holderOf(username: string): LoginHolder
  /** How often Jottacloud was asked whose account it is. */
  questions(): number
}

async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holder-'))
  const emulator = await startEmulator({ dataDirectory: path.join(folder, 'data') })
  const tokenFile = path.join(folder, 'token.json')
  const told: string[] = []
  const onLoginRequired = (error: Error) => told.push(error.message)
  const { apiUrl } = emulator
  const holderOf = (expected: string) => ({
    apiUrl,
    isExpected: async (username: string) => username === expected,
  })
  try {
    await work({
      emulator,
      tokenFile,
      told,
      holderOf,
      source: (username) =>
        createTokenSource({ tokenFile, onLoginRequired, holder: holderOf(username) }),
      login: (holder) =>
        loginWithToken({ loginToken: emulator.loginToken(), tokenFile, signal, holder }),
      questions: () =>
        emulator.faults.requests.filter(({ operation }) => operation === 'customer').length,
    })
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function kindOf(asking: Promise<unknown>): Promise<string> {
  const error = await rejection(asking)
  assert.instance(error, JottaError, String(error))
  return (error as JottaError).kind
}

test('each login is confirmed once, and its refreshed tokens are of the same account', async () => {
  await withBench(async ({ emulator, source, login, questions }) => {
    await login()
    const tokens = source(emulator.username)
    const first = await tokens.accessToken({ signal })
    tokens.reject(first)
    assert.is.not(await tokens.accessToken({ signal }), first)
    assert.is(questions(), 1)
    await login()
    await tokens.accessToken({ signal })
    assert.is(questions(), 2)
  })
})

test('no token of another account is handed out, nobody is asked again, and the owner heals it', async () => {
  await withBench(async ({ emulator, login, told, questions, tokenFile }) => {
    await login()
    const served = { username: emulator.username }
    const tokens = createTokenSource({
      tokenFile,
      account: 'work',
      onLoginRequired: (error) => told.push(error.message),
      holder: {
        apiUrl: emulator.apiUrl,
        isExpected: async (username) => username === served.username,
      },
    })
    await tokens.accessToken({ signal })
    served.username = 'somebody-else'
    await login()
    for (let i = 0; i < 3; i += 1) {
      assert.is(await kindOf(tokens.accessToken({ signal })), 'other-account')
    }
    const command = 'jotta-s3 login --account work'
    assert.equal(await tokens.health(), { status: 'other-account', command })
    assert.is(questions(), 2, 'once for each login')
    assert.is(told.length, 1)
    assert.match(told[0] ?? '', /another Jottacloud account.*`jotta-s3 login --account work`/)

    served.username = emulator.username
    await login()
    await tokens.accessToken({ signal })
    assert.equal(await tokens.health(), { status: 'ok' })
  })
})

test('an access token that the service has ended is renewed before its account is asked for', async () => {
  await withBench(async ({ emulator, source, login }) => {
    await login()
    emulator.faults.expireAccessTokens()
    assert.ok(await source(emulator.username).accessToken({ signal }))
  })
})

test('while nobody says whose login it is, it is not used', async () => {
  await withBench(async ({ emulator, source, login }) => {
    await login()
    const match = { operation: 'customer' } as const
    emulator.faults.failNext({ status: 403, count: 10, match })
    const tokens = source(emulator.username)
    assert.is(await kindOf(tokens.accessToken({ signal })), 'forbidden')
    emulator.faults.clear()
    assert.ok(await tokens.accessToken({ signal }))
  })
})

test('a login of another account is refused when it is made, and the one that is there stays', async () => {
  await withBench(async ({ emulator, tokenFile, login, holderOf }) => {
    await login(holderOf(emulator.username))
    const before = await readFile(tokenFile, 'utf8')
    assert.is(await kindOf(login(holderOf('somebody-else'))), 'other-account')
    assert.is(await readFile(tokenFile, 'utf8'), before)
    const match = { operation: 'customer' } as const
    emulator.faults.failNext({ status: 403, count: 10, match })
    await login(holderOf('somebody-else'))
    assert.is.not(await readFile(tokenFile, 'utf8'), before, 'kept: whoever uses it asks')
  })
})

test.run()
