// A client that goes away: what the bridge was doing for it at Jottacloud ends too, nothing half done
// shows, and no more calls are made.
import { request as httpRequest } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import { type SignedRequest, signedHeaders } from '../support/signed-request.ts'
import { contentMd5, type Operation, withFaultyBridge } from './faulty-bridge.ts'

const test = suite('leaving clients')
const mib = 1024 ** 2
/** Of log lines. */
const known = new Set<unknown>()

/** Sends everything, and hands over the way to go. */
function begin(url: string, wanted: SignedRequest): { leave: () => void } {
  const { hostname, port } = new URL(url)
  const { method, path } = wanted
  const headers = signedHeaders(url, wanted)
  const outgoing = httpRequest({ hostname, port, method, path, headers, agent: false })
  // It is this side that breaks it off; what else may fail shows in what Jottacloud is asked.
  outgoing.on('error', () => undefined)
  outgoing.on('response', (answer) => answer.on('error', () => undefined).resume())
  outgoing.end(wanted.body)
  return { leave: () => outgoing.destroy() }
}

/**
 * A call that writes is waited for up to its limit, since Jottacloud may carry it out. One that removes has fifteen
 * times as long: translate/empty-folders.test.ts.
 */
const shortLimit = { JOTTA_S3_UPSTREAM_TIMEOUT_SECONDS: '3' }

test('the call that is under way for it is broken off, one that writes at its limit', async () => {
  await withFaultyBridge(async ({ emulator, url, asked, ok, logged, expectContent, keys }) => {
    const { faults } = emulator
    const old = Buffer.from('the old content')
    await ok('PUT', '/bucket/key', { body: old })
    const small = randomBuffer(1000, 'small')
    // More than the system's buffers take: what is in those is as good as sent.
    const large = randomBuffer(32 * mib, 'large')
    const cases: [operation: Operation, wanted: SignedRequest][] = [
      ['device', { method: 'GET', path: '/' }],
      ['stat', { method: 'GET', path: '/bucket?list-type=2&delimiter=/' }],
      ['liststream', { method: 'GET', path: '/bucket?list-type=2' }],
      ['stat', { method: 'HEAD', path: '/bucket/key' }],
      ['download', { method: 'GET', path: '/bucket/key' }],
      ['stat', { method: 'PUT', path: '/bucket/key', body: small }],
      ['allocate', { method: 'PUT', path: '/bucket/key', body: small }],
      ['upload', { method: 'PUT', path: '/bucket/key', body: small }],
      ['upload', { method: 'PUT', path: '/bucket/key', body: large }],
      ['upload', { method: 'PUT', path: '/bucket/key', body: large, headers: contentMd5(large) }],
    ]
    for (const [index, [operation, wanted]] of cases.entries()) {
      faults.clear()
      const held = faults.hold({ operation })
      const client = begin(url, wanted)
      await held.reached()
      client.leave()
      await logged((line) => line.status === 499 && isNew(line))
      // Node does not see a connection end before it has read what came on it.
      if (wanted.body === large) held.release()
      await faults.settled({ operation })
      const what = `${index}: ${operation} of ${wanted.method} ${wanted.path}`
      assert.equal(
        asked(operation).map(({ outcome }) => outcome),
        ['gone'],
        what,
      )
      held.release()
      await expectContent('/bucket/key', old, what)
      assert.equal(await keys('bucket'), ['key'], what)
    }
  }, shortLimit)
})

for (const streams of [1, 4]) {
  test(`a download that nobody takes any more is not fetched on, by ${streams} at once`, async () => {
    await withFaultyBridge(
      async ({ emulator, url, ok, asked, logged }) => {
        const { faults } = emulator
        await ok('PUT', '/bucket/key', { body: randomBuffer(20 * mib, 'download') })
        for (const range of [{}, { range: 'bytes=5-20000000' }]) {
          faults.clear()
          faults.add({
            kind: 'stallDownload',
            afterBytes: 2 * mib,
            match: { operation: 'download' },
          })
          const { hostname, port } = new URL(url)
          const wanted = { method: 'GET', path: '/bucket/key', headers: range }
          const headers = signedHeaders(url, wanted)
          const reading = Promise.withResolvers<void>()
          const outgoing = httpRequest({ hostname, port, path: wanted.path, headers, agent: false })
          outgoing.once('response', (answer) => {
            answer.on('error', () => undefined)
            answer.once('readable', reading.resolve)
          })
          outgoing.on('error', reading.reject)
          outgoing.end()
          await reading.promise
          outgoing.destroy()
          await faults.settled({ operation: 'download' })
          assert.is(asked('download')[0]?.outcome, 'gone')
          await logged((line) => line.status === 499 && isNew(line))
          // Of the chunks, five in all, those that were read ahead by then.
          const count = asked('download').length
          assert.ok(count <= streams, `${count} requests: it is gone on with`)
        }
      },
      { JOTTA_S3_DOWNLOAD_STREAMS: String(streams) },
    )
  })
}

test('nobody waits for the next try of somebody who has gone', async () => {
  await withFaultyBridge(async ({ emulator, url, ok, asked, logged }) => {
    const { faults } = emulator
    await ok('PUT', '/bucket/key', { body: 'content' })
    for (const operation of ['download', 'allocate', 'upload'] as const) {
      const isPut = operation !== 'download'
      const body = isPut ? { body: randomBuffer(1000, operation) } : {}
      faults.clear()
      faults.add({ kind: 'fail', status: 503, retryAfterSeconds: 25, match: { operation } })
      const client = begin(url, { method: isPut ? 'PUT' : 'GET', path: '/bucket/key', ...body })
      await faults.settled({ operation })
      client.leave()
      const line = await logged((entry) => entry.status === 499 && isNew(entry))
      assert.ok(Number(line.ms) < 20_000, 'the wait was broken off')
      assert.is(asked(operation).length, 1)
    }
  })
})

test('a body that breaks off half-way never becomes an object', async () => {
  await withFaultyBridge(async ({ emulator, url, ok, logged, expectContent, keys }) => {
    const old = Buffer.from('old')
    await ok('PUT', '/bucket/key', { body: old })
    const body = randomBuffer(4 * mib, 'half')
    for (const announced of [{}, contentMd5(body)]) {
      emulator.faults.clear()
      const { hostname, port } = new URL(url)
      const path = '/bucket/key'
      const headers = signedHeaders(url, {
        method: 'PUT',
        path,
        headers: { ...announced, 'content-length': String(body.length) },
      })
      const outgoing = httpRequest({ hostname, port, method: 'PUT', path, headers, agent: false })
      outgoing.on('error', () => undefined)
      const sent = Promise.withResolvers<void>()
      outgoing.write(body.subarray(0, 2 * mib), () => sent.resolve())
      await sent.promise
      outgoing.destroy()
      await logged((line) => line.operation === 'PutObject' && line.status !== 200 && isNew(line))
      await expectContent(path, old)
      assert.equal(await keys('bucket'), ['key'])
    }
  })
})

test.run()

/** True once for each line, so that the line of an earlier case is not taken for this one's. */
function isNew({ requestId }: Record<string, unknown>): boolean {
  const isKnown = known.has(requestId)
  known.add(requestId)
  return !isKnown
}
