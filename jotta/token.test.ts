import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError } from './jotta-error.ts'
import { decodeLoginToken, loginWithToken } from './login.ts'
import {
  type Answer,
  eventually,
  rejection,
  type ScriptedServer,
  withServer,
} from './scripted-server.test-support.ts'
import { createTokenSource } from './token.ts'
import { readTokenFile, type TokenSet, withTokenLock, writeTokenFile } from './token-file.ts'

const test = suite('token')
const { signal } = new AbortController()

/** A turn of the event loop: a lock is waited for by asking again. */
const soon = () => new Promise<void>((resolve) => setImmediate(resolve))

async function withFolder(work: (tokenFile: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'token-'))
  try {
    await work(path.join(folder, 'deep', 'token.json'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Bench = ScriptedServer & {
  readonly tokenFile: string
  /** The clock, in ms since the login. */
  readonly clock: { nowMs: number }
  source(): ReturnType<typeof createTokenSource>
  forms(): Promise<URLSearchParams[]>
}

/** A token endpoint that rotates: refresh-N buys access-(N+1) and refresh-(N+1), once. */
function rotating(): Answer {
  let current = 1
  return async ({ body }, response) => {
    const form = new URLSearchParams(String(await body()))
    if (form.get('refresh_token') !== `refresh-${current}`) {
      const text = { error: 'invalid_grant', error_description: `Stale token ${form}` }
      return response.writeHead(400).end(JSON.stringify(text))
    }
    current += 1
    return response.end(JSON.stringify(grantOf(current)))
  }
}

const grantOf = (number: number) => ({
  access_token: `access-${number}`,
  refresh_token: `refresh-${number}`,
  expires_in: 3600,
  token_type: 'Bearer',
})

const firstTokens = (url: string): TokenSet => ({
  version: 1,
  tokenUrl: `${url}/token`,
  clientId: 'jottacli',
  refreshToken: 'refresh-1',
  accessToken: 'access-1',
  obtainedAtMs: 0,
  expiresAtMs: 3_600_000,
})

async function withTokens(answer: Answer, work: (bench: Bench) => Promise<void>): Promise<void> {
  const forms: Promise<Buffer>[] = []
  const keeping: Answer = (asked, response) => {
    const body = asked.body()
    forms.push(body)
    return answer({ ...asked, body: () => body }, response)
  }
  await withFolder(async (deepFile) => {
    const tokenFile = path.join(path.dirname(deepFile), '..', 'token.json')
    await withServer(keeping, async (server) => {
      await writeTokenFile(tokenFile, firstTokens(server.url))
      const clock = { nowMs: 0 }
      const environment = { now: () => clock.nowMs, wait: soon }
      await work({
        ...server,
        tokenFile,
        clock,
        source: () => createTokenSource({ tokenFile, http: { environment } }),
        forms: async () =>
          (await Promise.all(forms)).map((form) => new URLSearchParams(String(form))),
      })
    })
  })
}

async function failure(promise: Promise<unknown>): Promise<JottaError> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  return error as JottaError
}

test('a token is used until a minute before it ends, then refreshed and written first', async () => {
  await withTokens(rotating(), async ({ source, clock, asked, forms, tokenFile }) => {
    const tokens = source()
    assert.is(await tokens.accessToken({ signal }), 'access-1')
    clock.nowMs = 3_539_999
    assert.is(await tokens.accessToken({ signal }), 'access-1')
    assert.is(asked.length, 0)
    clock.nowMs = 3_540_000
    const counter = { upstreamCalls: 0 }
    assert.is(await tokens.accessToken({ signal, counter }), 'access-2')
    assert.is(counter.upstreamCalls, 1)
    const [form] = await forms()
    assert.equal(Object.fromEntries(form ?? []), {
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      client_id: 'jottacli',
    })
    assert.is(asked[0]?.headers.authorization, undefined)
    const file = await readTokenFile(tokenFile)
    assert.equal([file.refreshToken, file.accessToken], ['refresh-2', 'access-2'])
    assert.is((await stat(tokenFile)).mode & 0o777, 0o600)
    assert.is(await source().accessToken({ signal }), 'access-2')
    assert.is(asked.length, 1)
  })
})

test('many who ask at once, here and in other processes, cause one refresh', async () => {
  await withTokens(rotating(), async ({ source, clock, asked }) => {
    clock.nowMs = 3_600_000
    const sources = [source(), source(), source()]
    const found = await Promise.all(
      [...sources, ...sources].map((tokens) => tokens.accessToken({ signal })),
    )
    assert.equal(new Set(found), new Set(['access-2']))
    assert.is(asked.length, 1)
  })
})

test('a refused token is refreshed once, or replaced by what another process has', async () => {
  await withTokens(rotating(), async ({ source, asked }) => {
    const [here, there] = [source(), source()]
    assert.is(await here.accessToken({ signal }), 'access-1')
    assert.is(await there.accessToken({ signal }), 'access-1')
    here.reject('access-1')
    assert.is(await here.accessToken({ signal }), 'access-2')
    there.reject('access-1')
    assert.is(await there.accessToken({ signal }), 'access-2')
    here.reject('access-1')
    assert.is(await here.accessToken({ signal }), 'access-2')
    assert.is(asked.length, 1)
  })
})

test('an asker that gives up does not stop the refresh', async () => {
  const gate = Promise.withResolvers<void>()
  const answer = rotating()
  await withTokens(
    async (asked, response) => {
      await gate.promise
      return answer(asked, response)
    },
    async ({ source, clock, asked, tokenFile }) => {
      clock.nowMs = 3_600_000
      const tokens = source()
      const abort = new AbortController()
      const reason = new Error('gone')
      const failed = rejection(tokens.accessToken({ signal: abort.signal }))
      await eventually(() => asked.length === 1)
      abort.abort(reason)
      assert.is(await failed, reason)
      gate.resolve()
      assert.is(await tokens.accessToken({ signal }), 'access-2')
      assert.is((await readTokenFile(tokenFile)).refreshToken, 'refresh-2')
      assert.is(asked.length, 1)
    },
  )
})

test('a dead refresh token asks for a login, quotes nothing, and is not tried again', async () => {
  await withTokens(rotating(), async ({ source, clock, asked, tokenFile, url }) => {
    await writeTokenFile(tokenFile, { ...firstTokens(url), refreshToken: 'refresh-0' })
    clock.nowMs = 3_600_000
    const tokens = source()
    for (let i = 0; i < 3; i += 1) {
      const error = await failure(tokens.accessToken({ signal }))
      assert.is(error.kind, 'login-required')
      assert.match(error.message, 'jotta-s3 login')
      assert.not.match(`${error.message}${error.cause}`, 'refresh-0')
    }
    assert.is(asked.length, 1)
    await writeTokenFile(tokenFile, firstTokens(url))
    assert.is(await tokens.accessToken({ signal }), 'access-2')
  })
})

test('no file, or a damaged one, asks for a login', async () => {
  await withTokens(rotating(), async ({ source, tokenFile }) => {
    for (const text of ['', '{}', '{"version":1}', '{"accessToken":"secret']) {
      await writeFile(tokenFile, text)
      const error = await failure(source().accessToken({ signal }))
      assert.is(error.kind, 'login-required')
      assert.not.match(error.message, 'secret')
    }
    await rm(tokenFile)
    assert.is((await failure(source().accessToken({ signal }))).kind, 'login-required')
  })
})

test('a login that another process makes is used by the next who asks', async () => {
  await withTokens(rotating(), async ({ source, tokenFile, url, asked }) => {
    const tokens = source()
    assert.is(await tokens.accessToken({ signal }), 'access-1')
    await writeTokenFile(tokenFile, { ...firstTokens(url), accessToken: 'access-of-another' })
    assert.is(await tokens.accessToken({ signal }), 'access-of-another')
    assert.is(asked.length, 0)
  })
})

test('when the login service is away, a token that is still good is used, without asking each time', async () => {
  let isAway = true
  const answer = rotating()
  await withTokens(
    (asked, response) => (isAway ? response.writeHead(503).end() : answer(asked, response)),
    async ({ source, clock, asked }) => {
      const tokens = source()
      assert.is(await tokens.accessToken({ signal }), 'access-1')
      clock.nowMs = 3_550_000
      assert.is(await tokens.accessToken({ signal }), 'access-1')
      const tries = asked.length
      assert.ok(tries > 1 && tries < 10)
      assert.is(await tokens.accessToken({ signal }), 'access-1')
      assert.is(asked.length, tries)
      clock.nowMs = 3_600_000
      assert.is((await failure(tokens.accessToken({ signal }))).kind, 'unavailable')
      isAway = false
      assert.is(await tokens.accessToken({ signal }), 'access-2')
    },
  )
})

test('new tokens that cannot be written are kept, not used, and written later', async () => {
  const answer = rotating()
  let onGrant = async () => {}
  await withTokens(
    async (asked, response) => {
      await onGrant()
      return answer(asked, response)
    },
    async ({ source, clock, asked, tokenFile, url }) => {
      const tokens = source()
      clock.nowMs = 3_600_000
      // A folder in its place: the rename fails, whoever runs the test.
      onGrant = async () => {
        await rm(tokenFile)
        const { mkdir } = await import('node:fs/promises')
        await mkdir(path.join(tokenFile, 'in-the-way'), { recursive: true })
      }
      const error = await failure(tokens.accessToken({ signal }))
      assert.is(error.kind, 'unavailable')
      assert.match(error.message, 'cannot be written')
      await rm(tokenFile, { recursive: true })
      await writeTokenFile(tokenFile, firstTokens(url))
      assert.is(await tokens.accessToken({ signal }), 'access-2')
      assert.is((await readTokenFile(tokenFile)).refreshToken, 'refresh-2')
      assert.is(asked.length, 1)
      assert.equal(
        (await readdir(path.dirname(tokenFile))).filter((name) => name.endsWith('.tmp')),
        [],
      )
    },
  )
})

test('odd answers of the token endpoint are protocol errors that quote no token', async () => {
  const odd: string[] = ['', 'x', '{}', '{"access_token":"a b","refresh_token":"secret"}', '[]']
  for (const body of odd) {
    await withTokens(
      (_, response) => response.end(body),
      async ({ source, clock }) => {
        clock.nowMs = 3_600_000
        const error = await failure(source().accessToken({ signal }))
        assert.is(error.kind, 'protocol')
        assert.not.match(error.message, 'secret')
      },
    )
  }
  await withTokens(
    (_, response) => response.writeHead(400).end('{"error":"unsupported_grant_type"}'),
    async ({ source, clock }) => {
      clock.nowMs = 3_600_000
      assert.is((await failure(source().accessToken({ signal }))).kind, 'protocol')
    },
  )
})

test('the lock lets one in, and is free when its holder is done', async () => {
  await withFolder(async (deepFile) => {
    const tokenFile = path.join(path.dirname(deepFile), '..', 'token.json')
    let polls = 0
    const wait = async () => {
      polls += 1
      await soon()
    }
    let inside = 0
    const work = async () => {
      inside += 1
      assert.is(inside, 1)
      await eventually(() => polls > 3)
      inside -= 1
    }
    await Promise.all([1, 2].map(() => withTokenLock(tokenFile, { wait, signal }, work)))
    assert.ok(polls > 3)
  })
})

test('a holder that is killed leaves no lock behind', async () => {
  await withFolder(async (deepFile) => {
    const tokenFile = path.join(path.dirname(deepFile), '..', 'token.json')
    const script = `const { DatabaseSync } = require('node:sqlite')
      globalThis.lock = new DatabaseSync(process.argv[1])
      lock.exec('BEGIN EXCLUSIVE')
      process.stdout.write('held')
      setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['-e', script, `${tokenFile}.lock`])
    await once(holder.stdout, 'data')
    let polls = 0
    const wait = async () => {
      polls += 1
      if (polls === 3) holder.kill('SIGKILL')
      await soon()
    }
    assert.is(await withTokenLock(tokenFile, { wait, signal }, async () => 'in'), 'in')
    assert.ok(polls >= 3)
  })
})

const fields = {
  username: 'k3v9',
  realm: 'jottacloud',
  well_known_link: 'https://id.example/.well-known/openid-configuration',
  auth_token: 'one?time>secret~~~',
}
const encode = (value: unknown, encoding: 'base64' | 'base64url' = 'base64url') =>
  Buffer.from(JSON.stringify(value)).toString(encoding)

test('a login token is read in either alphabet, padded or not, with blanks', () => {
  const expected = {
    username: 'k3v9',
    wellKnownLink: fields.well_known_link,
    authToken: fields.auth_token,
  }
  const standard = encode(fields, 'base64')
  const texts = [encode(fields), standard, standard.replace(/=+$/, ''), ` \n${encode(fields)}\r\n`]
  for (const text of [...texts, `${standard.slice(0, 20)}\n${standard.slice(20)}`]) {
    assert.equal(decodeLoginToken(text), expected)
  }
})

test('what is no login token asks for one, without quoting it', () => {
  const bad = [
    '',
    'not base64!',
    'QUJD',
    encode({}),
    encode({ ...fields, username: '' }),
    encode({ ...fields, well_known_link: 'http://id.example/x' }),
    encode({ ...fields, well_known_link: 'ftp://127.0.0.1/x' }),
    encode({ ...fields, well_known_link: 'https://a:b@id.example/x' }),
    encode({ ...fields, auth_token: 7 }),
    encode('text'),
  ]
  for (const text of bad) {
    assert.throws(
      () => decodeLoginToken(text),
      (error: unknown) =>
        error instanceof JottaError &&
        error.kind === 'login-required' &&
        error.cause === undefined &&
        (text === '' || !error.message.includes(text)),
      text,
    )
  }
})

test('a login spends the token and leaves a file that works', async () => {
  await withFolder(async (tokenFile) => {
    const forms: URLSearchParams[] = []
    let hasSpent = false
    await withServer(
      async ({ target, headers, body }, response) => {
        if (target === '/found') {
          return response.end(JSON.stringify({ token_endpoint: `http://${headers.host}/token` }))
        }
        const form = new URLSearchParams(String(await body()))
        forms.push(form)
        if (hasSpent) {
          const text = { error: 'invalid_grant', error_description: form.get('password') }
          return response.writeHead(400).end(JSON.stringify(text))
        }
        hasSpent = true
        return response.end(JSON.stringify(grantOf(1)))
      },
      async ({ url }) => {
        const loginToken = encode({ ...fields, well_known_link: `${url}/found` })
        assert.equal(await loginWithToken({ loginToken, tokenFile, signal }), { username: 'k3v9' })
        assert.equal(Object.fromEntries(forms[0] ?? []), {
          grant_type: 'password',
          client_id: 'jottacli',
          username: 'k3v9',
          password: fields.auth_token,
          scope: 'openid offline_access',
        })
        assert.is(await createTokenSource({ tokenFile }).accessToken({ signal }), 'access-1')
        const before = await readFile(tokenFile, 'utf8')
        const again = await failure(loginWithToken({ loginToken, tokenFile, signal }))
        assert.is(again.kind, 'login-required')
        assert.not.match(again.message, fields.auth_token)
        assert.is(await readFile(tokenFile, 'utf8'), before)
      },
    )
  })
})

test('a discovery that points to where tokens could be read is refused', async () => {
  await withFolder(async (tokenFile) => {
    await withServer(
      (_, response) => response.end('{"token_endpoint":"http://id.example/token"}'),
      async ({ url, asked }) => {
        const loginToken = encode({ ...fields, well_known_link: url })
        const error = await failure(loginWithToken({ loginToken, tokenFile, signal }))
        assert.is(error.kind, 'protocol')
        assert.is(asked.length, 1)
      },
    )
  })
})

test.run()
