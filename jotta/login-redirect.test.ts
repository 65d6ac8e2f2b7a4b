import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Answer, listenForRedirect, parseRedirect } from './login-redirect.ts'

const test = suite('login redirect')
const state = 'the-state'

const parsed: [name: string, text: string, answer: Answer | undefined][] = [
  ['a whole address', 'http://localhost:53682/?state=the-state&code=abc', code('abc')],
  ['what a server sees of it', '/?code=abc&state=the-state&session_state=x', code('abc')],
  [
    'an address with blanks around',
    '  http://localhost/?state=the-state&code=a.b-c_~ \r',
    code('a.b-c_~'),
  ],
  ['a refusal', '/?state=the-state&error=access_denied', refused('access_denied')],
  [
    'a refusal with odd words',
    '/?state=the-state&error=e&error_description=a%0A%1B%5B31mb',
    refused('e: a [31mb'),
  ],
  ['a refusal rather than a code', '/?state=the-state&error=e&code=abc', refused('e')],
  ['another state', '/?state=the-statf&code=abc', undefined],
  ['no state', '/?code=abc', undefined],
  ['two states', '/?state=the-state&state=the-state&code=abc', undefined],
  ['two codes', '/?state=the-state&code=a&code=b', undefined],
  ['no code', '/?state=the-state', undefined],
  ['an empty code', '/?state=the-state&code=', undefined],
  ['a code that no header could hold', '/?state=the-state&code=a%20b', undefined],
  ['a code without end', `/?state=the-state&code=${'a'.repeat(5000)}`, undefined],
  ['an address without end', `/?state=the-state&code=abc&x=${'a'.repeat(20_000)}`, undefined],
  ['nothing', '', undefined],
  ['no address', 'http://[', undefined],
]
for (const [name, given, answer] of parsed) {
  test(`${name} is ${answer === undefined ? 'not the answer' : answer.kind}`, () => {
    assert.equal(parseRedirect(given, state), answer)
  })
}

function code(value: string): Answer {
  return { kind: 'code', code: value }
}

function refused(reason: string): Answer {
  return { kind: 'refused', reason }
}

async function ask(base: string, target: string, method = 'GET', hostname = '127.0.0.1') {
  const { port } = new URL(base)
  const sent = request({ hostname, port, path: target, method })
  sent.end()
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, headers: response.headers, text: await text(response) }
}

test('the first request with the state is the answer; strangers and other pages are not', async () => {
  const listener = await listenForRedirect(0, state)
  try {
    assert.ok(listener.isListening)
    assert.is(listener.trouble, undefined)
    const at = listener.redirectUri
    assert.match(at, /^http:\/\/localhost:\d+\/$/)
    assert.is((await ask(at, '/?state=other&code=abc')).status, 400)
    assert.is((await ask(at, '/favicon.ico')).status, 404)
    assert.is((await ask(at, '/?state=the-state&code=abc', 'POST')).status, 404)
    const page = await ask(at, '/?state=the-state&code=abc')
    assert.is(page.status, 200)
    assert.is(page.headers['referrer-policy'], 'no-referrer')
    assert.is(page.headers.connection, 'close')
    assert.not.match(page.text, /abc/)
    assert.equal(await listener.answer, code('abc'))
  } finally {
    await listener.close()
  }
})

test('it listens on the other address of localhost too, where there is one', async () => {
  const probe = createServer()
  probe.listen(0, '::1')
  const hasV6 = await Promise.race([
    once(probe, 'listening').then(() => true),
    once(probe, 'error').then(() => false),
  ]).catch(() => false)
  probe.close()
  if (!hasV6) return
  const listener = await listenForRedirect(0, state)
  try {
    const target = '/?state=the-state&error=e'
    assert.is((await ask(listener.redirectUri, target, 'GET', '::1')).status, 200)
    assert.equal(await listener.answer, refused('e'))
  } finally {
    await listener.close()
  }
})

test('a port that another program has is said', async () => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const listener = await listenForRedirect(port, state)
  try {
    assert.is(listener.redirectUri, `http://localhost:${port}/`)
    assert.match(listener.trouble ?? '', /EADDRINUSE/)
  } finally {
    await listener.close()
    other.close()
  }
})

test('a flood of strangers is answered no more', async () => {
  const listener = await listenForRedirect(0, state)
  try {
    for (let i = 0; i < 100; i += 1) await ask(listener.redirectUri, '/?state=x&code=y')
    let failure: unknown
    try {
      await ask(listener.redirectUri, '/?state=x&code=y')
    } catch (error) {
      failure = error
    }
    assert.instance(failure, Error)
    assert.is((await ask(listener.redirectUri, '/?state=the-state&code=abc')).status, 200)
  } finally {
    await listener.close()
  }
})

test.run()
