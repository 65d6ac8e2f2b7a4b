// Two `serve` processes over one data folder, and the limit of what waits on its disk: parts that come through one
// are completed through the other, so that neither sees all that is put there and removed.
import { randomBytes } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../support/signed-request.ts'
import type { BridgeProcess } from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('a spool that processes share')
const mib = 2 ** 20
const limit = { JOTTA_S3_SPOOL_MAX_BYTES: '30MiB' }
/** What one process removes, the other notices within a second of work. */
const triesMs = 60_000

async function begin(bridge: BridgeProcess, key: string): Promise<string> {
  const { text } = await ask(bridge.url, { method: 'POST', path: `/bucket/${key}?uploads` })
  const [, uploadId = ''] = /<UploadId>([^<]+)</.exec(text) ?? []
  return uploadId
}

/** As clients do, again while the server says SlowDown. */
async function sendPart(bridge: BridgeProcess, path: string, body: Buffer): Promise<string> {
  const giveUpAt = performance.now() + triesMs
  for (;;) {
    const { status, headers } = await ask(bridge.url, { method: 'PUT', path, body })
    if (status !== 503 || performance.now() > giveUpAt) {
      assert.is(status, 200, path)
      return headers.etag ?? ''
    }
  }
}

test('parts through one process and completions through another leave no room taken', async () => {
  await withEmulatedBridge(async ({ bridge, startAgain }) => {
    const other = await startAgain()
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    for (let round = 0; round < 7; round += 1) {
      const key = `object-${round}`
      const uploadId = await begin(bridge, key)
      const address = `/bucket/${key}?uploadId=${uploadId}`
      const etag = await sendPart(bridge, `${address}&partNumber=1`, randomBytes(6 * mib))
      const list = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
      const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`
      const done = await ask(other.url, { method: 'POST', path: address, body })
      assert.match(done.text, /<CompleteMultipartUploadResult/)
    }
    const body = randomBytes(12 * mib)
    const { status } = await ask(bridge.url, { method: 'PUT', path: '/bucket/large', body })
    assert.is(status, 200)
  }, limit)
})

test.run()
