// A Jottacloud account that is full or locked for writing, seen through S3: writes are refused with what to
// do about it, nothing is half done, and reads go on.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emulator } from '../../jotta/emulator/emulator.ts'
import { md5OfBuffer, randomBuffer } from '../support/bytes.ts'
import { ask } from '../support/signed-request.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('quota')

const MiB = 1024 * 1024
const kept = randomBuffer(300_000, 'kept')
const small = randomBuffer(1000, 'small')
const large = randomBuffer(2 * MiB, 'large')

/** So that `large` goes over the spool. */
const env = { JOTTA_S3_UPLOAD_MEMORY_LIMIT: '1MiB' }

type Answer = Awaited<ReturnType<typeof ask>>
type Ask = (
  method: string,
  path: string,
  more?: { body?: string | Buffer; headers?: Record<string, string> },
) => Promise<Answer>

function asking(url: string): Ask {
  return async (method, path, more = {}) => await ask(url, { method, path, ...more })
}

function assertRefused(answer: Answer, what: string): void {
  assert.is(answer.status, 507, `${what}: ${answer.text}`)
  assert.match(answer.text, /<Code>QuotaExceeded<\/Code>/, what)
  assert.match(answer.text, /account is full or locked for writing/, what)
  assert.match(answer.text, /Free space.*empty the trash.*change the plan/s, what)
}

async function assertReadable(ask: Ask): Promise<void> {
  const got = await ask('GET', '/bucket/kept')
  assert.equal([got.status, got.headers.etag?.length], [200, 34])
  assert.is(Number(got.headers['content-length']), kept.length)
  const range = await ask('GET', '/bucket/kept', { headers: { range: 'bytes=0-9' } })
  assert.is(range.status, 206)
  assert.is((await ask('HEAD', '/bucket/kept')).status, 200)
  const listed = await ask('GET', '/bucket?list-type=2')
  assert.match(listed.text, /<KeyCount>1<\/KeyCount>.*<Key>kept<\/Key>/s)
  assert.match((await ask('GET', '/')).text, /<Name>bucket<\/Name>/)
}

async function startUpload(ask: Ask, key: string): Promise<{ uploadId: string; etag: string }> {
  const begun = await ask('POST', `/bucket/${key}?uploads`)
  const uploadId = /<UploadId>([^<]+)</.exec(begun.text)?.[1] ?? ''
  const path = `/bucket/${key}?partNumber=1&uploadId=${uploadId}`
  const part = await ask('PUT', path, { body: large })
  assert.is(part.status, 200, part.text)
  return { uploadId, etag: part.headers.etag ?? '' }
}

function completion(etag: string): string {
  return `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
}

/** With it the body goes straight through, without it over memory or the spool. */
const contentMd5 = (body: Buffer) => ({
  'content-md5': Buffer.from(md5OfBuffer(body), 'hex').toString('base64'),
})

async function withFilledBridge(
  work: (parts: { emulator: Emulator; ask: Ask }) => Promise<void>,
): Promise<void> {
  await withEmulatedBridge(async ({ emulator, bridge }) => {
    const ask = asking(bridge.url)
    await ask('PUT', '/bucket')
    const put = await ask('PUT', '/bucket/kept', { body: kept })
    assert.is(put.status, 200, put.text)
    await work({ emulator, ask })
  }, env)
}

const stops: [name: string, stop: Partial<Parameters<Emulator['faults']['set']>[0]>][] = [
  ['full', { capacityBytes: kept.length }],
  ['locked for writing', { writeLock: 'on' }],
]
for (const [name, stop] of stops) {
  test(`an account that is ${name} takes no object in any way, and is read on`, async () => {
    await withFilledBridge(async ({ emulator, ask }) => {
      const upload = await startUpload(ask, 'parts')
      emulator.faults.set(stop)
      const writes: [string, Parameters<Ask>][] = [
        ['small', ['PUT', '/bucket/small', { body: small }]],
        ['over an object', ['PUT', '/bucket/kept', { body: small }]],
        ['large', ['PUT', '/bucket/large', { body: large }]],
        ['straight', ['PUT', '/bucket/md5', { body: large, headers: contentMd5(large) }]],
        ['copy', ['PUT', '/bucket/copy', { headers: { 'x-amz-copy-source': '/bucket/kept' } }]],
      ]
      for (const [what, write] of writes) assertRefused(await ask(...write), what)
      const path = `/bucket/parts?uploadId=${upload.uploadId}`
      const complete = () => ask('POST', path, { body: completion(upload.etag) })
      assertRefused(await complete(), 'multipart')
      await assertReadable(ask)

      emulator.faults.set({ capacityBytes: -1, writeLock: 'off' })
      const completed = await complete()
      assert.match(completed.text, /<CompleteMultipartUploadResult/, 'no part was lost')
      const got = await ask('GET', '/bucket/parts')
      assert.is(Number(got.headers['content-length']), large.length)
      assert.is((await ask('PUT', '/bucket/small', { body: small })).status, 200)
    })
  })
}

test('a full account lets delete, which frees nothing before the trash is emptied', async () => {
  await withFilledBridge(async ({ emulator, ask }) => {
    emulator.faults.set({ capacityBytes: kept.length })
    assert.is((await ask('DELETE', '/bucket/kept')).status, 204)
    assert.is((await ask('GET', '/bucket/kept')).status, 404)
    assertRefused(await ask('PUT', '/bucket/small', { body: small }), 'the trash counts')
  })
})

test('a lock for writing refuses deletes and new buckets as well, and nothing is gone', async () => {
  await withFilledBridge(async ({ emulator, ask }) => {
    emulator.faults.set({ writeLock: 'on' })
    assertRefused(await ask('DELETE', '/bucket/kept'), 'delete')
    assertRefused(await ask('PUT', '/other'), 'bucket')
    const body = '<Delete><Object><Key>kept</Key></Object></Delete>'
    const many = await ask('POST', '/bucket?delete', {
      body,
      headers: contentMd5(Buffer.from(body)),
    })
    assert.is(many.status, 200)
    assert.match(many.text, /<Error><Key>kept<\/Key><Code>QuotaExceeded<\/Code>/)
    await assertReadable(ask)
  })
})

test('what only the end of an upload tells of a full account is said the same way', async () => {
  await withFilledBridge(async ({ emulator, ask }) => {
    emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
    assertRefused(await ask('PUT', '/bucket/large', { body: large }), 'upload')
    await assertReadable(ask)
  })
})

test.run()
