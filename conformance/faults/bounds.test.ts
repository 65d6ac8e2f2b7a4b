// A Jottacloud that refuses, falls silent or hangs for good: every request ends, within its bounds, with an
// answer that says what to do; and with nothing left under way.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import { contentMd5, errorCode, type Operation, withFaultyBridge } from './faulty-bridge.ts'

const test = suite('bounds')
/** Long enough for a busy machine, short enough to wait for. */
const limits = { JOTTA_S3_UPSTREAM_TIMEOUT_SECONDS: '1' }
/** Of one call that is refused for good. */
const triesMax = 6
const forever = 1_000

const kindsOfListing: [operation: Operation, query: string][] = [
  ['stat', '&delimiter=/'],
  ['liststream', ''],
]

const requests: [operation: Operation, method: string, path: string][] = [
  ['device', 'GET', '/'],
  ['stat', 'GET', '/bucket/key'],
  ['stat', 'HEAD', '/bucket/key'],
  ['stat', 'GET', '/bucket?list-type=2&delimiter=/'],
  ['stat', 'PUT', '/bucket/new'],
  ['download', 'GET', '/bucket/key'],
  ['allocate', 'PUT', '/bucket/new'],
  ['upload', 'PUT', '/bucket/new'],
  ['dl', 'DELETE', '/bucket/key'],
  ['liststream', 'GET', '/bucket?list-type=2'],
]

test('what is always refused ends in 503 after so many calls', async () => {
  await withFaultyBridge(async ({ emulator, asked, ok, request, expectContent, keys }) => {
    const { faults } = emulator
    const content = Buffer.from('old content')
    await ok('PUT', '/bucket/key', { body: content })
    for (const [index, [operation, method, path]] of requests.entries()) {
      const [status, code] = index % 2 === 0 ? [429, 'SlowDown'] : [503, 'ServiceUnavailable']
      faults.clear()
      faults.add({ kind: 'fail', status, count: forever, match: { operation } })
      const body = method === 'PUT' ? { body: randomBuffer(1000, `${index}`) } : {}
      const startedMs = performance.now()
      const answer = await request(method, path, body)
      const what = `${operation} of ${method} ${path}: ${answer.text}`
      assert.is(answer.status, 503, what)
      if (method !== 'HEAD') assert.is(errorCode(answer.text), code, what)
      assert.is(asked(operation).length, triesMax, what)
      assert.ok(faults.requests.length <= 3 * triesMax, `${faults.requests.length} calls, ${what}`)
      assert.ok(performance.now() - startedMs < 20_000, what)
    }
    faults.clear()
    await expectContent('/bucket/key', content)
    assert.equal(await keys('bucket'), ['key'])
  })
})

test("a Retry-After is waited for when it is short, and else is the client's to wait for", async () => {
  await withFaultyBridge(async ({ emulator, asked, ok, request, expectContent }) => {
    const { faults } = emulator
    const content = Buffer.from('content')
    await ok('PUT', '/bucket/key', { body: content })
    for (const [operation, method, path] of requests.slice(5, 8)) {
      for (const status of [429, 503]) {
        const body = method === 'PUT' ? { body: randomBuffer(1000, `${operation} ${status}`) } : {}
        faults.clear()
        faults.failNext({ status, retryAfterSeconds: 1, match: { operation } })
        const startedMs = performance.now()
        await ok(method, path, body)
        assert.ok(performance.now() - startedMs >= 1000, `${operation}, ${status}`)

        faults.clear()
        const more = method === 'PUT' ? { body: randomBuffer(1000, `${operation} ${status}!`) } : {}
        faults.failNext({ status, retryAfterSeconds: 1800, match: { operation } })
        const refused = await request(method, path, more)
        const code = status === 429 ? 'SlowDown' : 'ServiceUnavailable'
        assert.equal([refused.status, errorCode(refused.text)], [503, code])
        assert.is(refused.headers['retry-after'], '1800')
        assert.is(asked(operation).length, 1)
      }
    }
    await expectContent('/bucket/key', content)
  })
})

test('a reply that never comes is given up, asked for again, and in the end refused', async () => {
  await withFaultyBridge(async ({ emulator, asked, ok, request, expectContent }) => {
    const { faults } = emulator
    const content = randomBuffer(100_000, 'silent')
    await ok('PUT', '/bucket/key', { body: content })
    for (const [operation, method, path] of requests) {
      // A send may take its time: see the test below. A removal too.
      if (operation === 'upload' || operation === 'dl') continue
      const body = method === 'PUT' ? { body: randomBuffer(1000, `silent ${operation}`) } : {}
      faults.clear()
      const held = faults.hold({ operation })
      const answering = request(method, path, body)
      await held.reached(2)
      held.release()
      assert.ok([200, 204].includes((await answering).status), `${operation} of ${method} ${path}`)
      await faults.settled({ operation })
      assert.is(asked(operation)[0]?.outcome, 'gone')
    }
    faults.clear()
    const held = faults.hold({ operation: 'download' })
    const refused = await request('GET', '/bucket/key')
    assert.equal([refused.status, errorCode(refused.text)], [503, 'ServiceUnavailable'])
    assert.is(asked('download').length, triesMax)
    await faults.settled({ operation: 'download' })
    held.release()
    await expectContent('/bucket/key', content)
  }, limits)
})

test('a listing that falls silent, or drips, is an error in time and never a shorter listing', async () => {
  await withFaultyBridge(async ({ emulator, asked, ok, request, keys }) => {
    const { faults } = emulator
    const names = Array.from({ length: 30 }, (_, index) => `key-${String(index).padStart(2, '0')}`)
    for (const name of names) await ok('PUT', `/bucket/${name}`, { body: name })
    for (const drip of [{}, { dripEveryMs: 20 }]) {
      for (const [operation, query] of kindsOfListing) {
        const afterBytes = 'dripEveryMs' in drip ? 300 : 3000
        faults.clear()
        const match = { operation }
        faults.add({ kind: 'stallDownload', afterBytes, count: forever, match, ...drip })
        const startedMs = performance.now()
        const answer = await request('GET', `/bucket?list-type=2${query}`)
        const what = JSON.stringify({ drip, operation })
        assert.equal([answer.status, errorCode(answer.text)], [503, 'ServiceUnavailable'], what)
        assert.ok(asked(operation).length <= triesMax, what)
        assert.ok(performance.now() - startedMs < 20_000, what)
        await faults.settled({ operation })
        assert.ok(asked(operation).every(({ outcome }) => outcome === 'gone'))
      }
    }
    faults.clear()
    assert.equal(await keys('bucket'), names)
  }, limits)
})

test('a send that is taken in and never answered is made anew, and is stored once', async () => {
  await withFaultyBridge(async ({ emulator, asked, ok, expectContent, foreign }) => {
    const { faults } = emulator
    const content = randomBuffer(300_000, 'never answered')
    const held = faults.hold({ operation: 'upload' }, 'after')
    const putting = ok('PUT', '/bucket/key', { body: content })
    await held.reached()
    await faults.settled({ operation: 'upload' })
    held.release()
    await putting
    assert.is(asked('upload').length, 1, 'Jottacloud had it, and said so to the next allocation')
    assert.is(faults.bytesIn({ operation: 'upload' }), content.length)
    await expectContent('/bucket/key', content)
    assert.not.match((await foreign.get('S3/bucket/key')).text, '<revisions>')
  }, limits)
})

test('an upload straight through that meets silence leaves the old object', async () => {
  await withFaultyBridge(async ({ emulator, ok, request, expectContent, keys }) => {
    const old = Buffer.from('old')
    await ok('PUT', '/bucket/key', { body: old })
    const body = randomBuffer(200_000, 'through')
    const held = emulator.faults.hold({ operation: 'upload' })
    const refused = await request('PUT', '/bucket/key', { body, headers: contentMd5(body) })
    assert.equal([refused.status, errorCode(refused.text)], [503, 'ServiceUnavailable'])
    await expectContent('/bucket/key', old)
    assert.equal(await keys('bucket'), ['key'])
    held.release()
    await ok('PUT', '/bucket/key', { body, headers: contentMd5(body) })
    await expectContent('/bucket/key', body)
  }, limits)
})

test.run()
