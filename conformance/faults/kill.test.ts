// kill -9 at the worst moments: what was there stays whole and readable, and nothing half done shows.
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { md5OfStream, randomBuffer } from '../support/bytes.ts'
import { ask, send } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'
import { type EmulatedBridge, withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('kill -9')
const mib = 1024 ** 2

test('while a body arrives: the old object stays, with its metadata', async () => {
  await withFolder(async (dataDirectory) => {
    const first = await startBridge({ dataDirectory })
    await expectOk(first.url, { method: 'PUT', path: '/bucket' })
    const old = randomBuffer(3 * mib, 'old')
    const headers = { 'content-type': 'text/x-old', 'x-amz-meta-a': 'b' }
    await expectOk(first.url, { method: 'PUT', path: '/bucket/key', headers, body: old })

    const body = new PassThrough()
    const length = { 'content-length': String(40 * mib) }
    const put = send(first.url, { method: 'PUT', path: '/bucket/key', headers: length, body })
    const cut = put.then(
      () => 'answered',
      () => 'cut',
    )
    // The bridge has begun to take the body in once this much has left the client's buffers.
    for (let sent = 0; sent < 20; sent += 1) {
      if (!body.write(randomBuffer(mib, `new ${sent}`))) await once(body, 'drain')
    }
    await first.kill()
    assert.is(await cut, 'cut')

    const second = await startBridge({ dataDirectory })
    try {
      const got = await send(second.url, { method: 'GET', path: '/bucket/key' })
      assert.is(got.headers['content-type'], 'text/x-old')
      assert.is(got.headers['x-amz-meta-a'], 'b')
      assert.is(await md5OfStream(got), await md5OfStream(Readable.from([old])))
      const spool = await readdir(join(dataDirectory, 'embedded', 'spool'))
      assert.equal(spool, [], 'the cut body left nothing in the spool')
    } finally {
      await second.stop()
    }
  })
})

test('while Jottacloud receives the new content: the old object stays', async () => {
  await withEmulatedBridge(async ({ emulator, bridge, startAgain }) => {
    await expectOk(bridge.url, { method: 'PUT', path: '/bucket' })
    await expectOk(bridge.url, { method: 'PUT', path: '/bucket/key', body: 'old' })

    const held = emulator.faults.hold({ operation: 'upload' })
    const put = send(bridge.url, {
      method: 'PUT',
      path: '/bucket/key',
      // More than the system's buffers take: what is in those arrives also after the kill.
      body: randomBuffer(32 * mib, 'new'),
    }).then(
      () => 'answered',
      () => 'cut',
    )
    await held.reached()
    await bridge.kill()
    assert.is(await put, 'cut')
    held.release()

    const again = await startAgain()
    const got = await ask(again.url, { method: 'GET', path: '/bucket/key' })
    assert.is(got.text, 'old')
    const body = 'newer'
    await expectOk(again.url, { method: 'PUT', path: '/bucket/key', body })
    assert.is((await ask(again.url, { method: 'GET', path: '/bucket/key' })).text, 'newer')
  })
})

test('between two parts: the accepted part is still there, and the upload can be completed', async () => {
  await withEmulatedBridge(async ({ bridge, startAgain }) => {
    await expectOk(bridge.url, { method: 'PUT', path: '/bucket' })
    const created = await ask(bridge.url, { method: 'POST', path: '/bucket/multi?uploads=' })
    const id = /<UploadId>([^<]+)</.exec(created.text)?.[1] ?? ''
    const part = randomBuffer(5 * mib, 'part')
    const path = (query: string) => `/bucket/multi?${query}uploadId=${id}`
    const one = await ask(bridge.url, { method: 'PUT', path: path('partNumber=1&'), body: part })
    assert.is(one.status, 200, one.text)
    await bridge.kill()

    const again = await startAgain()
    const two = await ask(again.url, { method: 'PUT', path: path('partNumber=2&'), body: 'end' })
    const xml = [one, two]
      .map(({ headers }, index) => {
        return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${headers.etag}</ETag></Part>`
      })
      .join('')
    const complete = {
      method: 'POST',
      path: path(''),
      body: `<CompleteMultipartUpload>${xml}</CompleteMultipartUpload>`,
    }
    const done = await ask(again.url, complete)
    assert.is(done.status, 200, done.text)
    const etag = /<ETag>([^<]+)</.exec(done.text)?.[1]?.replaceAll('&quot;', '"')
    assert.match(etag ?? '', /^"[0-9a-f]{32}-2"$/)
    const twice = await ask(again.url, complete)
    assert.ok(twice.text.includes(/<ETag>([^<]+)</.exec(done.text)?.[0] ?? '?'), twice.text)

    const got = await send(again.url, { method: 'GET', path: '/bucket/multi' })
    assert.is(got.headers.etag, etag)
    assert.is(got.headers['content-length'], String(part.length + 3))
    got.resume()
  })
})

test('while a listing goes on: its snapshot is removed by the next start, and no living one', async () => {
  // More than a snapshot in the memory takes, which nobody has to remove.
  const seeded = Array.from({ length: 10_000 }, (_, n) => ({
    ...{
      path: ['S3', 'bucket', `${'key'.repeat(60)}-${String(n).padStart(4, '0')}`],
      sizeBytes: 1,
    },
    ...{ md5: '0'.repeat(32), modifiedMs: 0 },
  }))
  const act = async ({ emulator, bridge, startAgain }: EmulatedBridge): Promise<void> => {
    const other = await startAgain()
    const begin = async (url: string): Promise<string> => {
      const { text } = await ask(url, { method: 'GET', path: '/bucket?list-type=2' })
      assert.is(text.match(/<Key>/g)?.length, 1000, text.slice(0, 500))
      return /<NextContinuationToken>([^<]+)</.exec(text)?.[1] ?? ''
    }
    await begin(bridge.url)
    const [dead, ...none] = await snapshotsIn(bridge.dataDirectory)
    assert.ok(dead)
    assert.equal(none, [])
    const token = await begin(other.url)
    const living = (await snapshotsIn(bridge.dataDirectory)).filter((name) => name !== dead)
    assert.is(living.length, 1)
    await bridge.kill()
    assert.ok((await snapshotsIn(bridge.dataDirectory)).includes(dead))

    await startAgain()
    assert.equal(await snapshotsIn(bridge.dataDirectory), living)
    const path = `/bucket?continuation-token=${encodeURIComponent(token)}&list-type=2`
    const { text } = await ask(other.url, { method: 'GET', path })
    assert.is(text.match(/<Key>/g)?.length, 1000)
    assert.is(emulator.faults.count({ operation: 'liststream' }), 2)
    await other.kill()
    await startAgain()
    assert.equal(await snapshotsIn(bridge.dataDirectory), [])
  }
  await withEmulatedBridge(act, {}, { seeded })
})

test.run()

/** Files of listings, below the folder that they share. */
async function snapshotsIn(dataDirectory: string): Promise<string[]> {
  const names = await readdir(dataDirectory, { recursive: true })
  return names.filter((name) => /listings\/[^/]+\/[^/]+\.sqlite$/.test(name))
}

async function expectOk(url: string, wanted: Parameters<typeof ask>[1]): Promise<void> {
  const { status, text } = await ask(url, wanted)
  assert.is(status, 200, text)
}
