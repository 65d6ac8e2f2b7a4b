// The metrics of a server that runs, judged by Prometheus's own promtool.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run, testWith } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { withBridge } from '../support/with-bridge.ts'

const test = suite('metrics')

const token = 'metrics-token-of-the-test'

testWith(
  test,
  ['promtool'],
  'promtool finds nothing wrong with what Prometheus is given',
  async () => {
    await withBridge(
      async ({ url }) => {
        for (const [method, path] of [
          ['PUT', '/bucket'],
          ['PUT', '/bucket/key'],
          ['GET', '/bucket/key'],
          ['GET', '/bucket/none'],
        ] as const) {
          await ask(url, { method, path })
        }
        const look = async () =>
          await (
            await fetch(`${url}/-/metrics`, { headers: { authorization: `Bearer ${token}` } })
          ).text()
        let page = await look()
        // Asked for by the first look, there for a later one.
        const limit = performance.now() + 120_000
        while (!page.includes('account_used_bytes{') && performance.now() < limit)
          page = await look()
        const verdict = await run('promtool', ['check', 'metrics'], { input: page, mayFail: true })
        assert.equal([verdict.code, verdict.stdout, verdict.stderr], [0, '', ''])
        for (const pattern of [
          /^jotta_s3_requests_total\{operation="CreateBucket",status="200",code="none"\} 1$/m,
          /^jotta_s3_requests_total\{operation="GetObject",status="404",code="NoSuchKey"\} 1$/m,
          /^jotta_s3_upstream_requests_total\{kind="allocate",status="200"\} [1-9]\d*$/m,
          /^jotta_s3_upstream_requests_total\{kind="look",status="404"\} [1-9]\d*$/m,
          /^jotta_s3_upstream_requests_total\{kind="account",status="200"\} [1-9]\d*$/m,
          /^jotta_s3_account_used_bytes\{account="default"\} \d+$/m,
          /^jotta_s3_login_ok\{account="default"\} 1$/m,
          /^jotta_s3_requests_in_flight 0$/m,
          /^jotta_s3_multipart_uploads\{account="default"\} 0$/m,
        ]) {
          assert.match(page, pattern)
        }
        assert.not.match(page, /bucket"|="key"/)
      },
      { env: { JOTTA_S3_METRICS_TOKEN: token } },
    )
  },
)

test.run()
