import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createFigures, type Figures } from './figures/figures.ts'
import { createExposition } from './figures/prometheus.ts'
import { type Serving, statusOf, withServing } from './serving.test-support.ts'

const test = suite('metrics page')

const token = 'a-token-of-some-length'

async function withMetrics(act: (serving: Serving, figures: Figures) => Promise<void>) {
  using figures = createFigures({ now: Date.now, warn: () => {} })
  const metrics = { ...createExposition(figures), token }
  await withServing({ metrics, figures: figures.requests }, async (serving) => {
    await act(serving, figures)
  })
}

const get = (serving: Serving, ...lines: string[]) =>
  serving.raw(
    `${['GET /-/metrics HTTP/1.1', 'Host: x', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`,
  )

test('without a token there is no such page, and the address is like any other of S3', async () => {
  await withServing({}, async (serving) => {
    assert.is(statusOf(await get(serving)), 404)
    assert.is(statusOf(await get(serving, `Authorization: Bearer ${token}`)), 404)
  })
})

test('the page is for whoever brings the token, wherever the request comes from', async () => {
  await withMetrics(async (serving) => {
    const answer = await get(serving, `Authorization: Bearer ${token}`)
    assert.is(statusOf(answer), 200)
    assert.match(answer, /content-type: text\/plain; version=0\.0\.4; charset=utf-8/i)
    assert.match(answer, /\njotta_s3_build_info\{version="[\d.]+",node="v[\d.]+"\} 1\n/)
    for (const lines of [
      [],
      ['Authorization: Bearer'],
      ['Authorization: Bearer '],
      [`Authorization: Bearer ${token}x`],
      [`Authorization: Bearer ${token.toUpperCase()}`],
      ['X-Forwarded-For: 127.0.0.1'],
    ]) {
      const refusal = await get(serving, ...lines)
      assert.is(statusOf(refusal), 401, lines[0])
      assert.match(refusal, /www-authenticate: Bearer/i)
      assert.not.match(refusal, /jotta_s3_/)
    }
  })
})

test('a signed request for that address is one of S3', async () => {
  await withMetrics(async ({ ask }) => {
    assert.is((await ask('GET', '/-/metrics')).status, 404)
  })
})

test('requests are counted by operation, status and code; looks at the page are not', async () => {
  await withMetrics(async (serving, figures) => {
    await serving.ask('PUT', '/bucket/made-up-by-a-stranger', { body: 'hello' })
    await serving.ask('GET', '/bucket/none')
    await serving.ask('GET', '/bucket/none')
    await serving.raw('GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await get(serving, `Authorization: Bearer ${token}`)
    await serving.loggedLines(4)
    const page = await get(serving, `Authorization: Bearer ${token}`)
    const lines = page.split('\n').filter((line) => line.startsWith('jotta_s3_requests_total'))
    assert.equal(lines.sort(), [
      'jotta_s3_requests_total{operation="GetObject",status="404",code="NoSuchKey"} 2',
      'jotta_s3_requests_total{operation="PutObject",status="200",code="none"} 1',
      'jotta_s3_requests_total{operation="none",status="400",code="InvalidURI"} 1',
    ])
    assert.match(page, '\njotta_s3_request_duration_seconds_count{operation="GetObject"} 2\n')
    assert.match(
      page,
      '\njotta_s3_request_duration_seconds_bucket{le="+Inf",operation="GetObject"} 2\n',
    )
    assert.not.match(page, 'stranger')
    const { inFlight, receivedBytes, sentBytes } = await figures.snapshot()
    assert.is(inFlight, 0)
    assert.ok(receivedBytes > 200 && sentBytes > 200)
  })
})

test('a request under way is in flight until its answer has ended', async () => {
  using figures = createFigures({ now: Date.now, warn: () => {} })
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const headBucket = async () => {
    asked.resolve()
    await answer.promise
  }
  await withServing({ figures: figures.requests, overrides: { headBucket } }, async (serving) => {
    const asking = serving.ask('HEAD', '/bucket')
    await asked.promise
    assert.is((await figures.snapshot()).inFlight, 1)
    answer.resolve()
    await asking
    await serving.loggedLines(1)
    assert.is((await figures.snapshot()).inFlight, 0)
  })
})

test.run()
