// The login in the browser, for every service, against the emulator's identity endpoints.
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Emulator, type EmulatorOptions, startEmulator } from './emulator/emulator.ts'
import { JottaError } from './jotta-error.ts'
import { type BrowserLoginOptions, loginWithBrowser, type Visit } from './login-browser.ts'
import { rejection, withServer } from './scripted-server.test-support.ts'
import { findService, type Service, services } from './services.ts'
import { createTokenSource } from './token.ts'
import { readTokenFile } from './token-file.ts'

const test = suite('login in the browser')
const { signal } = new AbortController()

type Bench = {
  readonly emulator: Emulator
  readonly tokenFile: string
  login(changes: Partial<BrowserLoginOptions>): Promise<void>
}

async function withBench(
  options: Partial<EmulatorOptions>,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'login-'))
  const dataDirectory = path.join(folder, 'data')
  const switches = { authorizationPage: 'agree-at-once', redirectPorts: 'any' } as const
  const emulator = await startEmulator({ ...switches, ...options, dataDirectory })
  try {
    const tokenFile = path.join(folder, 'account', 'token.json')
    const usual = {
      tokenFile,
      signal,
      service: serviceOf('telia_se'),
      serviceUrl: emulator.url,
      redirectPort: 0,
      onReady: ({ url }: Visit) => browse(url),
      pasted: silence(),
      onForeignLine: () => {
        throw new Error('nothing was pasted')
      },
    }
    await work({
      emulator,
      tokenFile,
      login: (changes) => loginWithBrowser({ ...usual, ...changes }),
    })
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function serviceOf(key: string): Service {
  const service = findService(key)
  assert.ok(service)
  return service
}

/** A person who types nothing, and whose terminal stays open. */
function silence(): AsyncIterable<string> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
}

async function* lines(...given: (string | Promise<string>)[]): AsyncGenerator<string> {
  for (const line of given) yield await line
}

/** Where the emulator sends the browser to. */
async function visit(url: string): Promise<string> {
  const sent = request(url)
  sent.end()
  const [response] = await once(sent, 'response')
  response.resume()
  assert.is(response.statusCode, 302)
  return response.headers.location
}

/** A browser: follows the redirect. It resolves `localhost` as IPv4. */
async function browse(url: string): Promise<void> {
  const back = new URL(await visit(url))
  assert.is(back.hostname, 'localhost')
  back.hostname = '127.0.0.1'
  const sent = request(back)
  sent.end()
  const [response] = await once(sent, 'response')
  response.resume()
}

async function failure(promise: Promise<unknown>): Promise<JottaError> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  return error as JottaError
}

for (const service of services) {
  test(`${service.displayName}: a login, and a refresh as its client`, async () => {
    await withBench({}, async ({ emulator, tokenFile, login }) => {
      await login({ service })
      const kept = await readTokenFile(tokenFile)
      assert.is(kept.clientId, service.clientId)
      assert.is(kept.service, service.key)
      assert.ok(kept.tokenUrl.includes(`/auth/realms/${service.realm}/`))
      assert.is((await stat(tokenFile)).mode & 0o777, 0o600)
      const tokens = createTokenSource({ tokenFile })
      const first = await tokens.accessToken({ signal })
      tokens.reject(first)
      assert.is.not(await tokens.accessToken({ signal }), first)
      assert.is(emulator.faults.count({ operation: 'token' }), 2)
    })
  })
}

test('the address holds no secret but the state, and asks for the registered redirect', async () => {
  await withBench({ redirectPorts: 'registered' }, async ({ login }) => {
    // Neither is listened on here: the port may be taken on this machine.
    let address = ''
    const shown = Promise.withResolvers<string>()
    await login({
      redirectPort: 53682,
      onReady: ({ url }) => {
        address = url
        shown.resolve(visit(url))
      },
      pasted: lines(shown.promise),
    })
    const { searchParams } = new URL(address)
    assert.is(searchParams.get('redirect_uri'), 'http://localhost:53682/')
    assert.is(searchParams.get('client_id'), 'desktop')
    assert.is(searchParams.get('scope'), 'openid jotta-default offline_access')
    assert.is(searchParams.get('code_challenge_method'), 'S256')
    assert.match(searchParams.get('state') ?? '', /^[\w-]{43}$/)
    assert.not(searchParams.has('code_verifier'))
  })
})

test('an address is pasted where no browser is, after other lines, with the port taken', async () => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  try {
    await withBench({}, async ({ login, tokenFile }) => {
      const back = Promise.withResolvers<string>()
      let foreign = 0
      await login({
        redirectPort: port,
        onReady: ({ url, trouble }) => {
          assert.match(trouble ?? '', /EADDRINUSE/)
          back.resolve(visit(url))
        },
        pasted: lines('', 'what?', 'http://localhost/?state=x&code=y', back.promise),
        onForeignLine: () => {
          foreign += 1
        },
      })
      assert.is(foreign, 2)
      assert.is((await readTokenFile(tokenFile)).service, 'telia_se')
    })
  } finally {
    other.close()
  }
})

test('without a terminal, the browser alone is waited for', async () => {
  await withBench({}, async ({ login, tokenFile }) => {
    await login({ pasted: lines() })
    assert.ok(await readTokenFile(tokenFile))
  })
})

test('who says no, or nothing for five minutes, leaves no login', async () => {
  await withBench({}, async ({ login, tokenFile }) => {
    const no = async ({ url }: Visit) => {
      const { searchParams } = new URL(url)
      const back = new URL(searchParams.get('redirect_uri') ?? '')
      back.hostname = '127.0.0.1'
      back.searchParams.set('state', searchParams.get('state') ?? '')
      back.searchParams.set('error', 'access_denied')
      const sent = request(back)
      sent.end()
      const [response] = await once(sent, 'response')
      response.resume()
    }
    const denied = await failure(login({ onReady: no }))
    assert.is(denied.kind, 'login-required')
    assert.match(denied.message, /access_denied.*`jotta-s3 login --service telia_se`/)

    const waits: number[] = []
    const wait = async (ms: number) => {
      waits.push(ms)
    }
    const late = await failure(login({ onReady: () => {}, http: { environment: { wait } } }))
    assert.match(late.message, /five minutes/)
    assert.equal(waits, [300_000])
    assert.equal(
      (await readdir(path.dirname(tokenFile))).filter((name) => name.endsWith('.json')),
      [],
    )
  })
})

test('an interruption ends the wait', async () => {
  await withBench({}, async ({ login }) => {
    const abort = new AbortController()
    const reason = new Error('interrupted')
    const onReady = () => abort.abort(reason)
    assert.is(await rejection(login({ onReady, signal: abort.signal })), reason)
  })
})

test('a code that somebody else spent first is refused, and nothing is quoted', async () => {
  await withBench({}, async ({ login, emulator }) => {
    let code = ''
    const onReady = async ({ url }: Visit) => {
      const back = new URL(await visit(url))
      code = back.searchParams.get('code') ?? ''
      const stolen = new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'desktop',
        redirect_uri: `${back.origin}/`,
        code,
      })
      // Without the verifier the thief gets nothing either.
      const theft = request(`${emulator.url}/auth/realms/telia_se/protocol/openid-connect/token`, {
        method: 'POST',
      })
      theft.end(stolen.toString())
      const [answer] = await once(theft, 'response')
      answer.resume()
      assert.is(answer.statusCode, 400)
      back.hostname = '127.0.0.1'
      const sent = request(back)
      sent.end()
      const [response] = await once(sent, 'response')
      response.resume()
    }
    const error = await failure(login({ onReady }))
    assert.is(error.kind, 'login-required')
    assert.match(error.message, /the code is refused/)
    assert.ok(code !== '' && !error.message.includes(code))
  })
})

test("an operator's own client, secret and endpoints are used", async () => {
  await withServer(
    async ({ target, body }, response) => {
      if (target.startsWith('/page?')) {
        const query = new URLSearchParams(target.slice('/page?'.length))
        const state = query.get('state') ?? ''
        assert.is(query.get('client_id'), 'mine')
        const location = `${query.get('redirect_uri')}?state=${state}&code=c`
        return response.writeHead(302, { location }).end()
      }
      const form = new URLSearchParams(String(await body()))
      assert.equal(
        [target, form.get('client_id'), form.get('client_secret')],
        ['/t', 'mine', 'hush'],
      )
      const tokens = { access_token: form.get('grant_type'), refresh_token: 'r' }
      return response.end(JSON.stringify(tokens))
    },
    async ({ url, asked }) => {
      await withBench({}, async ({ login, tokenFile }) => {
        const mine = { clientId: 'mine', clientSecret: 'hush' }
        await login({ ...mine, authUrl: `${url}/page`, tokenUrl: `${url}/t` })
        assert.is(asked.length, 2, 'no discovery')
        const tokens = createTokenSource({ tokenFile })
        tokens.reject(await tokens.accessToken({ signal }))
        assert.is(await tokens.accessToken({ signal }), 'refresh_token')
      })
    },
  )
})

test('a discovery without a page to log in on, or to one that others can read, is refused', async () => {
  const token = { token_endpoint: 'https://id.example/token' }
  for (const found of [token, { ...token, authorization_endpoint: 'http://id.example/auth' }]) {
    await withServer(
      (_, response) => response.end(JSON.stringify(found)),
      async ({ url }) => {
        await withBench({}, async ({ login }) => {
          assert.is((await failure(login({ serviceUrl: url }))).kind, 'protocol')
        })
      },
    )
  }
})

test('a service that is away is said before anybody is sent to it', async () => {
  await withBench({}, async ({ login, emulator }) => {
    emulator.faults.failNext({ status: 503, match: { operation: 'discovery' }, count: 10 })
    const onReady = () => {
      throw new Error('nobody should be asked')
    }
    const http = { retry: { maxTries: 1 } }
    assert.is((await failure(login({ onReady, http }))).kind, 'unavailable')
  })
})

test.run()
