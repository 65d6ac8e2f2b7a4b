// Section 2 of the protocol reference, over HTTP.
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { at, createClock, withEmulator } from './testing/with-emulator.ts'

const test = suite('identity')
const basic = { authorization: `Basic ${Buffer.from('jottacli:').toString('base64')}` }

test('a login token names its user and leads to the token endpoint', async () => {
  await withEmulator({}, async (session, emulator) => {
    const token = emulator.loginToken()
    assert.match(token, /^[\w-]+$/)
    const fields: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    assert.is(at(fields, 'username'), emulator.username)
    assert.match(emulator.username, /^[a-z0-9]{24}$/)
    assert.is(at(fields, 'realm'), 'jottacloud')
    assert.is(at(fields, 'well_known_link'), emulator.wellKnownUrl)
    const discovery = await session.ask('GET', emulator.wellKnownUrl)
    assert.is(discovery.json.token_endpoint, emulator.tokenUrl)
  })
})

test('a login token is good for one login', async () => {
  await withEmulator({}, async (session, emulator) => {
    const token = emulator.loginToken()
    const first = await session.login(token)
    assert.is(first.status, 200)
    assert.is(first.json.expires_in, 3600)
    assert.is(first.json.token_type, 'Bearer')
    const second = await session.login(token)
    assert.is(second.status, 401)
    assert.is(second.json.error, 'invalid_grant')
  })
})

test('refresh tokens rotate, by Basic and by client_id, and a reuse kills the family', async () => {
  await withEmulator({}, async (session) => {
    const refresh = (token: string, form: Record<string, string>, headers = {}) =>
      session.token({ grant_type: 'refresh_token', refresh_token: token, ...form }, headers)
    const first = session.refreshToken
    const second = await refresh(first, {}, basic)
    assert.is(second.status, 200)
    assert.is.not(second.json.refresh_token, first)
    const third = await refresh(String(second.json.refresh_token), { client_id: 'jottacli' })
    assert.is(third.status, 200)
    const reuse = await refresh(first, { client_id: 'jottacli' })
    assert.is(reuse.status, 400)
    assert.equal(reuse.json, { error: 'invalid_grant', error_description: 'Stale token' })
    const newest = await refresh(String(third.json.refresh_token), { client_id: 'jottacli' })
    assert.is(newest.status, 400)
    session.accessToken = String(third.json.access_token)
    assert.is((await session.ask('GET', '/account/v1/customer')).status, 200)
  })
})

test('a refused Basic attempt does not use the refresh token up', async () => {
  await withEmulator({ basicClientAuthentication: 'refuse' }, async (session) => {
    const fields = { grant_type: 'refresh_token', refresh_token: session.refreshToken }
    assert.is((await session.token(fields, basic)).status, 401)
    assert.is((await session.token(fields)).status, 401)
    assert.is((await session.token({ ...fields, client_id: 'jottacli' })).status, 200)
  })
})

test('the grant type is case-sensitive', async () => {
  await withEmulator({}, async (session) => {
    const answer = await session.token({
      client_id: 'jottacli',
      grant_type: 'REFRESH_TOKEN',
      refresh_token: session.refreshToken,
    })
    assert.is(answer.status, 400)
    assert.is(answer.json.error, 'unsupported_grant_type')
  })
})

test('an access token ends after its hour, a bad one never begins', async () => {
  const clock = createClock('2026-03-01T08:00:00Z')
  await withEmulator({ now: clock.now }, async (session) => {
    clock.advance(3_599_000)
    assert.is((await session.get('Jotta')).status, 200)
    clock.advance(1000)
    const late = await session.get('Jotta')
    assert.is(late.status, 401)
    assert.match(String(at(late.xml, 'error', 'message')), /BadCredentialsException/)
    for (const authorization of ['', 'Bearer x', 'Bearer', `Basic ${session.accessToken}`]) {
      const answer = await session.ask('GET', '/account/v1/customer', {
        headers: { authorization },
      })
      assert.is(answer.status, 401, authorization)
      assert.is(answer.json.error_id, 'BadCredentialsException')
    }
  })
})

test('tests can end tokens and families at will', async () => {
  await withEmulator({}, async (session, { faults }) => {
    faults.expireAccessTokens()
    assert.is((await session.get('Jotta')).status, 401)
    faults.staleRefreshTokens()
    const answer = await session.token({
      client_id: 'jottacli',
      grant_type: 'refresh_token',
      refresh_token: session.refreshToken,
    })
    assert.is(answer.json.error_description, 'Stale token')
  })
})

test('customer and drive show the user, the usage and the capacity', async () => {
  await withEmulator({ capacityBytes: 100 }, async (session) => {
    await session.put('Jotta/Archive/a', 'x'.repeat(40))
    const customer = (await session.ask('GET', '/account/v1/customer')).json
    assert.is(customer.username, session.username)
    assert.is(customer.usage, 40)
    assert.is(customer.quota, 100)
    const drive = at((await session.get('')).xml, 'user')
    assert.is(at(drive, 'capacity'), '100')
    assert.is(at(drive, 'usage'), '40')
    assert.is(at(drive, 'quota-write-locked'), 'false')
    assert.is(at(drive, 'devices', 'device', '0', 'type'), 'JOTTA')
  })
})

test('addresses in replies follow the host that was asked', async () => {
  await withEmulator({}, async (session, emulator) => {
    const reply = Promise.withResolvers<string>()
    const { port } = new URL(emulator.url)
    request(
      {
        port,
        host: '127.0.0.1',
        path: '/auth/realms/jottacloud/.well-known/openid-configuration',
        headers: { host: 'id.jottacloud.com' },
      },
      (response) => reply.resolve(text(response)),
    )
      .on('error', reply.reject)
      .end()
    assert.match(await reply.promise, /"https:\/\/id\.jottacloud\.com\/auth[^"]*\/token"/)
    const allocation = await session.allocate('Jotta/Archive/a', 'a')
    assert.ok(String(allocation.json.upload_url).startsWith(`${emulator.url}/`))
  })
})

test.run()
