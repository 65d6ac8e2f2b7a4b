// The limits as clients of the server meet them.
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, statusOf, withServing } from './serving.test-support.ts'
import { createThrottle, noLimits } from './throttle/throttle.ts'

const test = suite('throttled server')

const stranger = (target: string, ...lines: string[]) =>
  `${[`GET ${target} HTTP/1.1`, 'Host: x', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`

test('past the limit of a key the answer is SlowDown with Retry-After, and its body is not asked for', async () => {
  const ofKey = { maxInFlight: 1, perSecond: undefined, burstSeconds: 1 }
  const limits = { maxInFlight: undefined, ofKey, ofStranger: noLimits }
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const headBucket = async () => {
    asked.resolve()
    await answer.promise
  }
  const throttle = createThrottle(limits, () => 0)
  await withServing({ throttle, overrides: { headBucket } }, async (serving) => {
    const { ask, raw, bridge, logged } = serving
    const first = ask('HEAD', '/bucket')
    await asked.promise
    const refused = await ask('PUT', '/bucket/key', { body: 'hello' })
    assert.equal([refused.status, element(refused.text, 'Code')], [503, 'SlowDown'])
    assert.is(refused.headers['retry-after'], '1')
    const waiting = await raw(
      'PUT /bucket/key HTTP/1.1\r\nHost: x\r\nAuthorization: yes\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
    )
    assert.match(waiting, /^HTTP\/1\.1 503 /)
    const line = await logged(({ code }) => code === 'SlowDown')
    assert.equal([line.level, line.accessKeyId], ['info', 'KEY'])
    answer.resolve()
    assert.is((await first).status, 200)
    assert.is((await ask('PUT', '/bucket/key', { body: 'hello' })).status, 200)
    assert.equal(
      bridge.calls.map(({ method }) => method),
      ['headBucket', 'putObject'],
    )
  })
})

test('strangers are bounded by their address; keys, health and metrics are not', async () => {
  const ofStranger = { maxInFlight: undefined, perSecond: 1, burstSeconds: 3 }
  const limits = { maxInFlight: undefined, ofKey: noLimits, ofStranger }
  const throttle = createThrottle(limits, () => 0)
  const metrics = { token: 'x'.repeat(16), contentType: 'text/plain', render: async () => '' }
  await withServing({ throttle, metrics }, async ({ raw, ask, bridge }) => {
    const statuses: number[] = []
    for (const target of ['/bucket/key', '/%zz', '/-/metrics2', '/bucket', '/bucket?delete']) {
      statuses.push(statusOf(await raw(stranger(target))))
    }
    assert.equal(statuses, [403, 400, 404, 503, 503])
    const preflight = stranger('/bucket', 'Origin: http://a', 'Access-Control-Request-Method: GET')
    assert.is(statusOf(await raw(preflight.replace('GET', 'OPTIONS'))), 503)
    assert.ok(bridge.calls.every(({ method }) => method === 'bucketMayExist'))
    for (let tries = 0; tries < 4; tries += 1) {
      assert.is((await ask('GET', '/bucket?location')).status, 200)
      assert.is(statusOf(await raw(stranger('/-/healthz'))), 200)
      const bearer = `Authorization: Bearer ${metrics.token}`
      assert.is(statusOf(await raw(stranger('/-/metrics', bearer))), 200)
    }
  })
})

test('when the whole server is busy, its health can still be looked at', async () => {
  const limits = { maxInFlight: 1, ofKey: noLimits, ofStranger: noLimits }
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const headBucket = async () => {
    asked.resolve()
    await answer.promise
  }
  const throttle = createThrottle(limits, () => 0)
  await withServing({ throttle, overrides: { headBucket } }, async ({ ask, raw }) => {
    const first = ask('HEAD', '/bucket')
    await asked.promise
    assert.is(element((await ask('GET', '/')).text, 'Code'), 'SlowDown')
    assert.is(statusOf(await raw(stranger('/-/healthz'))), 200)
    answer.resolve()
    await first
    assert.is((await ask('GET', '/')).status, 200)
  })
})

test('forms that are long in saying who sends them are as many as a stranger may have', async () => {
  const ofStranger = { maxInFlight: 2, perSecond: undefined, burstSeconds: 1 }
  const limits = { maxInFlight: undefined, ofKey: noLimits, ofStranger }
  const throttle = createThrottle(limits, () => 0)
  const head = [
    'POST /bucket HTTP/1.1',
    'Host: x',
    'Content-Type: multipart/form-data; boundary=b',
    'Content-Length: 1000',
  ]
  // As clients send a body that is waited for, so that the answer says when the server began to wait.
  const form = `${[...head, 'Expect: 100-continue', 'Connection: close'].join('\r\n')}\r\n\r\n`
  await withServing({ throttle }, async ({ raw, connect, ask, logged }) => {
    const slow = [await connect(), await connect()]
    for (const socket of slow) {
      socket.write(form)
      assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 100 /)
    }
    assert.is(statusOf(await raw(form)), 503)
    assert.is(statusOf(await raw(stranger('/bucket/key'))), 503)
    assert.is((await ask('GET', '/bucket?location')).status, 200)
    slow[0]?.destroy()
    await logged(({ status }) => status === 499)
    assert.is(statusOf(await raw(stranger('/bucket/key'))), 403)
  })
})

test.run()
