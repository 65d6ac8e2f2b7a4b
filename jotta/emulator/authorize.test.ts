// Section 2.3 and 2.5 of the protocol reference, over HTTP: the page in the browser, the code, its
// exchange, and the legacy login.
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Answer, createClock, type Session, withEmulator } from './testing/with-emulator.ts'

const test = suite('authorize')

const verifier = 'a-verifier-that-is-at-least-43-characters-long'
const challenge = createHash('sha256').update(verifier).digest('base64url')
const visit = {
  response_type: 'code',
  client_id: 'desktop',
  redirect_uri: 'http://localhost:53682/',
  scope: 'openid jotta-default offline_access',
  state: 'the state',
  code_challenge: challenge,
  code_challenge_method: 'S256',
}
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const protocolOf = (realm: string) => `/auth/realms/${realm}/protocol/openid-connect`

async function visitPage(
  session: Session,
  changes: Readonly<Record<string, string>> = {},
  realm = 'telia_se',
): Promise<Answer> {
  const query = new URLSearchParams({ ...visit, ...changes })
  return await session.ask('GET', `${protocolOf(realm)}/auth?${query}`)
}

function backOf(answer: Answer): URL {
  assert.is(answer.status, 302, answer.text)
  return new URL(answer.headers.get('location') ?? '')
}

async function codeOf(session: Session, realm?: string): Promise<string> {
  return backOf(await visitPage(session, {}, realm)).searchParams.get('code') ?? ''
}

async function exchange(
  session: Session,
  code: string,
  changes: Readonly<Record<string, string>> = {},
  realm = 'telia_se',
): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: 'desktop',
    redirect_uri: visit.redirect_uri,
    code_verifier: verifier,
    code,
    ...changes,
  })
  const path = `${protocolOf(realm)}/token`
  return await session.ask('POST', path, { headers: form, body: body.toString() })
}

async function refresh(session: Session, token: unknown, client = 'desktop', realm = 'telia_se') {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: client,
    refresh_token: String(token),
  })
  const path = `${protocolOf(realm)}/token`
  return await session.ask('POST', path, { headers: form, body: body.toString() })
}

const atOnce = { authorizationPage: 'agree-at-once' } as const

test('each realm has a discovery document, and an unknown one has none', async () => {
  await withEmulator({}, async (session, { url }) => {
    for (const realm of ['jottacloud', 'telia_se', 'comhem', 'get', 'letsgo']) {
      const path = `/auth/realms/${realm}/.well-known/openid-configuration`
      const { json } = await session.ask('GET', path)
      assert.is(json.authorization_endpoint, `${url}${protocolOf(realm)}/auth`)
      assert.is(json.token_endpoint, `${url}${protocolOf(realm)}/token`)
    }
    for (const realm of ['nobody', '__proto__', 'constructor']) {
      const path = `/auth/realms/${realm}/.well-known/openid-configuration`
      assert.is((await session.ask('GET', path)).status, 404, realm)
    }
  })
})

test('the page asks; who agrees goes back with a code and the state, who does not with an error', async () => {
  await withEmulator({}, async (session) => {
    const page = await visitPage(session)
    assert.is(page.status, 200)
    assert.match(page.text, /<form method="post">/)
    const path = `${protocolOf('telia_se')}/auth?${new URLSearchParams(visit)}`
    const agree = await session.ask('POST', path, { headers: form, body: 'answer=agree' })
    const back = backOf(agree)
    assert.is(`${back.origin}${back.pathname}`, visit.redirect_uri)
    assert.is(back.searchParams.get('state'), 'the state')
    assert.is((await exchange(session, back.searchParams.get('code') ?? '')).status, 200)
    const deny = await session.ask('POST', path, { headers: form, body: 'answer=deny' })
    assert.is(backOf(deny).searchParams.get('error'), 'access_denied')
  })
})

test('nobody is sent to an address or for a client that is not registered', async () => {
  await withEmulator(atOnce, async (session) => {
    const wrong: Record<string, string>[] = [
      { redirect_uri: 'http://localhost:53682' },
      { redirect_uri: 'http://localhost:53683/' },
      { redirect_uri: 'http://127.0.0.1:53682/' },
      { redirect_uri: 'http://localhost:53682/more' },
      { redirect_uri: 'https://localhost:53682/' },
      { redirect_uri: 'http://evil.example/' },
      { redirect_uri: '' },
      { client_id: 'desktop-win' },
      { client_id: 'jottacli' },
      { client_id: '__proto__' },
    ]
    for (const changes of wrong) {
      const answer = await visitPage(session, changes)
      assert.is(answer.status, 400, JSON.stringify(changes))
      assert.is(answer.headers.get('location'), null)
    }
  })
})

const refusals: [Record<string, string>, string][] = [
  [{ response_type: 'token' }, 'unsupported_response_type'],
  [{ scope: 'openid everything' }, 'invalid_scope'],
  [{ code_challenge_method: 'plain' }, 'invalid_request'],
  [{ code_challenge: 'short' }, 'invalid_request'],
]
for (const [changes, error] of refusals) {
  test(`${JSON.stringify(changes)} goes back with ${error}`, async () => {
    await withEmulator(atOnce, async (session) => {
      assert.is(backOf(await visitPage(session, changes)).searchParams.get('error'), error)
    })
  })
}

test('jotta-default is no scope of the services that know desktop-win', async () => {
  await withEmulator(atOnce, async (session) => {
    const changes = { client_id: 'desktop-win' }
    const answer = backOf(await visitPage(session, changes, 'phonero'))
    assert.is(answer.searchParams.get('error'), 'invalid_scope')
  })
})

const broken: Record<string, string>[] = [
  { code_verifier: `${verifier}x` },
  { code_verifier: '' },
  { redirect_uri: 'http://localhost:53682' },
]
for (const changes of broken) {
  test(`a code is refused with ${JSON.stringify(changes)}, and then is gone`, async () => {
    await withEmulator(atOnce, async (session) => {
      const code = await codeOf(session)
      const refused = await exchange(session, code, changes)
      assert.is(refused.status, 400)
      assert.is(refused.json.error, 'invalid_grant')
      assert.is((await exchange(session, code)).status, 400)
    })
  })
}

test('a code is good in its own realm, for a minute', async () => {
  const clock = createClock('2026-03-01T08:00:00Z')
  await withEmulator({ ...atOnce, now: clock.now }, async (session) => {
    assert.is((await exchange(session, await codeOf(session), {}, 'elko')).status, 400)
    const code = await codeOf(session)
    clock.advance(60_000)
    assert.is((await exchange(session, code)).status, 400)
  })
})

test('a code used twice ends the login it was used for', async () => {
  await withEmulator(atOnce, async (session) => {
    const code = await codeOf(session)
    const first = await exchange(session, code)
    assert.is(first.status, 200)
    assert.is((await exchange(session, code)).json.error, 'invalid_grant')
    assert.is((await refresh(session, first.json.refresh_token)).status, 400)
  })
})

test('a refresh token is good for the client and the realm that it was given to', async () => {
  await withEmulator(atOnce, async (session) => {
    const { json } = await exchange(session, await codeOf(session))
    assert.is((await refresh(session, json.refresh_token, 'desktop', 'elko')).status, 400)
    assert.is((await refresh(session, json.refresh_token, 'jottacli')).status, 401)
    const next = await refresh(session, json.refresh_token)
    assert.is(next.status, 200)
    session.accessToken = String(next.json.access_token)
    assert.is((await session.ask('GET', '/account/v1/customer')).status, 200)
  })
})

test('one login of a client is active at a time, and logins by token are left alone', async () => {
  await withEmulator(atOnce, async (session) => {
    const first = await exchange(session, await codeOf(session))
    const elsewhere = await exchange(session, await codeOf(session, 'elko'), {}, 'elko')
    const second = await exchange(session, await codeOf(session))
    const refreshed = async (answer: Answer, realm?: string) =>
      (await refresh(session, answer.json.refresh_token, 'desktop', realm)).status
    assert.is(await refreshed(first), 400)
    assert.is(await refreshed(second), 200)
    assert.is(await refreshed(elsewhere, 'elko'), 200)
    const { refreshToken } = session
    assert.is((await refresh(session, refreshToken, 'jottacli', 'jottacloud')).status, 200)
  })
})

test('desktop gets no tokens for a personal login token', async () => {
  await withEmulator({}, async (session) => {
    const answer = await session.token({ grant_type: 'password', client_id: 'desktop' })
    assert.is(answer.json.error, 'unauthorized_client')
  })
})

const legacyLogin = {
  username: 'ola@example.test',
  password: 'p&ss wörd',
  clientId: 'legacy-client',
  clientSecret: 'legacy-secret',
  oneTimeCode: '123456',
}

test('the legacy login takes its parameters in the query, upper-case grants, and a code', async () => {
  await withEmulator({ legacyLogin }, async (session) => {
    const client = { client_id: 'legacy-client', client_secret: 'legacy-secret' }
    const ask = async (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      await session.ask('POST', `/auth/v1/token?${new URLSearchParams({ ...client, ...fields })}`, {
        headers,
      })
    const person = { username: legacyLogin.username, password: legacyLogin.password }
    const bare = await ask({ grant_type: 'PASSWORD', ...person })
    assert.is(bare.status, 401)
    assert.is(bare.headers.get('x-jottacloud-otp'), 'required; SMS')
    const wrong = await ask({ grant_type: 'PASSWORD', ...person, password: 'x' })
    assert.is(wrong.headers.get('x-jottacloud-otp'), null)
    assert.is((await ask({ grant_type: 'password', ...person })).status, 400)
    const code = { 'X-Jottacloud-Otp': '123456' }
    const login = await ask({ grant_type: 'PASSWORD', ...person }, code)
    assert.is(login.status, 200)
    const token = { refresh_token: String(login.json.refresh_token) }
    assert.is((await ask({ grant_type: 'refresh_token', ...token })).status, 400)
    assert.is((await ask({ grant_type: 'REFRESH_TOKEN', ...token })).status, 200)
    assert.is((await ask({ grant_type: 'REFRESH_TOKEN', ...token })).json.error, 'invalid_grant')
    const stranger = { grant_type: 'PASSWORD', ...person, client_secret: 'x' }
    assert.is((await ask(stranger, code)).status, 401)
  })
  await withEmulator({}, async (session) => {
    const answer = await session.ask('POST', '/auth/v1/token?grant_type=PASSWORD')
    assert.is(answer.status, 401, 'no service accepts it any more')
  })
})

test.run()
