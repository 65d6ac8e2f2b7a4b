import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createJottaClient } from './client.ts'
import { type Emulator, startEmulator } from './emulator/emulator.ts'
import { JottaError } from './jotta-error.ts'
import { type LegacyLoginOptions, loginWithPassword } from './login-legacy.ts'
import { rejection } from './scripted-server.test-support.ts'
import { createTokenSource } from './token.ts'
import { readTokenFile } from './token-file.ts'

const test = suite('legacy login')
const { signal } = new AbortController()

const person = {
  username: 'ola+1@example.test',
  password: 'p&ss=w%rd ø',
  clientId: 'legacy-client',
  clientSecret: 'legacy-secret',
}

type Bench = {
  readonly emulator: Emulator
  readonly tokenFile: string
  login(changes?: Partial<LegacyLoginOptions>): Promise<void>
}

async function withBench(
  oneTimeCode: string | undefined,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'legacy-'))
  const legacyLogin = { ...person, ...(oneTimeCode === undefined ? {} : { oneTimeCode }) }
  const emulator = await startEmulator({ dataDirectory: path.join(folder, 'data'), legacyLogin })
  try {
    const tokenFile = path.join(folder, 'token.json')
    const usual = {
      ...person,
      tokenFile,
      signal,
      tokenUrl: `${emulator.apiUrl}auth/v1/token`,
      askOneTimeCode: async () => {
        throw new Error('no code is needed')
      },
    }
    await work({
      emulator,
      tokenFile,
      login: (changes = {}) => loginWithPassword({ ...usual, ...changes }),
    })
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  const { kind, message } = error as JottaError
  assert.is(kind, 'login-required')
  for (const secret of [person.password, person.clientSecret, '654321']) {
    assert.not.ok(message.includes(secret), message)
  }
  return message
}

test('user name and password give a login that works and refreshes in upper case', async () => {
  await withBench(undefined, async ({ emulator, tokenFile, login }) => {
    await login()
    assert.is((await readTokenFile(tokenFile)).style, 'legacy')
    const tokens = createTokenSource({ tokenFile })
    const { jfsUrl, apiUrl, username } = emulator
    const client = createJottaClient({ tokens, jfsUrl, apiUrl })
    try {
      assert.is((await client.customer({ signal })).username, username)
      emulator.faults.expireAccessTokens()
      assert.is((await client.customer({ signal })).username, username)
    } finally {
      await client.close()
    }
    const asked = emulator.faults.requests.filter(({ operation }) => operation === 'legacyToken')
    assert.is(asked.length, 2)
    assert.is(asked[1]?.query, '', 'the refresh token is in no URL')
  })
})

test('a one-time code is asked for when the service wants one, three times at the most', async () => {
  await withBench('123456', async ({ tokenFile, login }) => {
    const codes = ['000000', ' 123456\n']
    await login({ askOneTimeCode: async () => codes.shift() ?? '' })
    assert.equal(codes, [])
    assert.ok(await readTokenFile(tokenFile))

    let asked = 0
    const askOneTimeCode = async () => {
      asked += 1
      return '654321'
    }
    assert.match(await refusal(login({ askOneTimeCode })), /one-time code is refused/)
    assert.is(asked, 3)
    assert.match(await refusal(login({ askOneTimeCode: async () => '12 345' })), /six digits/)
  })
})

test('what is refused says so, names the command, and quotes nothing', async () => {
  await withBench(undefined, async ({ login }) => {
    const wrong = await refusal(login({ password: 'wrong' }))
    assert.match(wrong, /401 invalid_grant\).*`jotta-s3 login --legacy`/)
    assert.match(await refusal(login({ clientSecret: 'wrong' })), /invalid_client/)
  })
})

test('a dead login names the command that mends it', async () => {
  await withBench(undefined, async ({ emulator, tokenFile, login }) => {
    await login()
    emulator.faults.staleRefreshTokens()
    const tokens = createTokenSource({ tokenFile, account: 'work' })
    tokens.reject(await tokens.accessToken({ signal }))
    const message = await refusal(tokens.accessToken({ signal }))
    assert.match(message, /`jotta-s3 login --account work --legacy`/)
  })
})

test.run()
