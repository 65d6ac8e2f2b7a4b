// Uploads that Jottacloud cuts, refuses, doubts or shows late: the bytes go on where they were, none is sent
// twice that was kept, and the old object stays until the new one is whole.
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emulator } from '../../jotta/emulator/emulator.ts'
import { md5OfStream, randomBuffer, randomBytes } from '../support/bytes.ts'
import { send, textOf } from '../support/signed-request.ts'
import { errorCode, withFaultyBridge } from './faulty-bridge.ts'

const test = suite('faulty uploads')
const mib = 1024 ** 2
const match = { operation: 'upload' } as const

test('a cut upload goes on where it was, and no byte that was kept is sent twice', async () => {
  await withFaultyBridge(async ({ emulator, bridge, asked, ok, expectContent }) => {
    const { faults } = emulator
    const sizes = [50_000, 5 * mib]
    for (const size of sizes) {
      for (const how of ['cut', '420'] as const) {
        for (const [afterBytes, count] of [
          [0, 1],
          [1, 1],
          [size >> 1, 1],
          [size - 1, 1],
          [size >> 3, 7],
        ] as const) {
          faults.clear()
          faults.add({ kind: 'cutUpload', afterBytes, count, how, match })
          const content = randomBuffer(size, `${size} ${how} ${afterBytes}`)
          await ok('PUT', '/bucket/key', { body: content })
          const what = `${size}, ${how} after ${afterBytes}, ${count} times`
          // What is on its way when 420 is answered is lost; a cut takes only what is kept.
          if (how === 'cut') assert.is(faults.bytesIn(match), size, what)
          assert.is(asked('upload').length, count + 1, what)
          await expectContent('/bucket/key', content, what)
        }
      }
    }
    assert.equal(await readdir(join(bridge.dataDirectory, 'spool')), [], 'the spool')
  })
})

test('parts of a multipart upload go on in the same way when they are put together', async () => {
  await withFaultyBridge(async ({ emulator, ok, get }) => {
    const { faults } = emulator
    const parts = [randomBuffer(5 * mib, 'one'), randomBuffer(3 * mib, 'two')]
    const whole = Buffer.concat(parts)
    const { text } = await ok('POST', '/bucket/multi?uploads=')
    const id = /<UploadId>([^<]+)</.exec(text)?.[1] ?? ''
    let xml = ''
    for (const [index, body] of parts.entries()) {
      const number = index + 1
      const path = `/bucket/multi?partNumber=${number}&uploadId=${id}`
      const { headers } = await ok('PUT', path, { body })
      xml += `<Part><PartNumber>${number}</PartNumber><ETag>${headers.etag}</ETag></Part>`
    }
    faults.add({ kind: 'cutUpload', afterBytes: 3 * mib, count: 2, match })
    const body = `<CompleteMultipartUpload>${xml}</CompleteMultipartUpload>`
    const done = await ok('POST', `/bucket/multi?uploadId=${id}`, { body })
    assert.match(done.text, '<CompleteMultipartUploadResult')
    assert.is(faults.bytesIn(match), whole.length)
    const got = await get('/bucket/multi')
    assert.ok(got.bytes.equals(whole) && !got.wasCut)
  })
})

test('partial bytes that Jottacloud forgets are sent again', async () => {
  await withFaultyBridge(async ({ emulator, ok, expectContent }) => {
    const { faults } = emulator
    const content = randomBuffer(2 * mib, 'forgotten')
    faults.add({ kind: 'cutUpload', afterBytes: mib, match })
    const putting = ok('PUT', '/bucket/key', { body: content })
    await beforeSecondTry(emulator, () => faults.dropPartials())
    await putting
    assert.is(faults.bytesIn(match), 3 * mib)
    await expectContent('/bucket/key', content)
  })
})

test('a send that stands still, or is never answered, costs seconds, and is made anew a few times', async () => {
  const silence = { JOTTA_S3_UPSTREAM_TIMEOUT_SECONDS: '1' }
  await withFaultyBridge(async ({ emulator, asked, ok, request, expectContent }) => {
    const { faults } = emulator
    // More than lies in buffers between two processes.
    const large = randomBuffer(32 * mib, 'stands still')
    const stall = { kind: 'stallUpload', afterBytes: mib, match } as const
    faults.add(stall)
    await ok('PUT', '/bucket/key', { body: large })
    assert.is(asked('upload').length, 2)
    await expectContent('/bucket/key', large)

    for (const size of [1000, 32 * mib]) {
      const body = randomBuffer(size, `for ever ${size}`)
      faults.clear()
      // A small one is taken in at once: only its answer can be missing.
      if (size === 1000) faults.hold(match)
      else faults.add({ ...stall, afterBytes: 1, count: 1000 })
      const startedMs = performance.now()
      const refused = await request('PUT', '/bucket/key', { body })
      assert.equal([refused.status, errorCode(refused.text)], [503, 'ServiceUnavailable'])
      assert.is(asked('upload').length, 3, `sends of ${size} bytes`)
      // With the limit of minutes for what may take long it would be 3 times 15 seconds.
      if (size === 1000) assert.ok(performance.now() - startedMs < 40_000)
    }
    faults.clear()
    await expectContent('/bucket/key', large)
  }, silence)
})

test('a token that expires in the middle of 200 MiB costs nothing but a refresh', async () => {
  await withFaultyBridge(async ({ emulator, url, ok, asked }) => {
    const { faults } = emulator
    const size = 200 * mib
    faults.add({ kind: 'cutUpload', afterBytes: 120 * mib, match })
    const putting = send(url, {
      method: 'PUT',
      path: '/bucket/large',
      headers: { 'content-length': String(size) },
      body: Readable.from(randomBytes(size, 'large'), { objectMode: false }),
    })
    await beforeSecondTry(emulator, () => faults.expireAccessTokens())
    const put = await putting
    assert.is(put.statusCode, 200, await textOf(put))
    assert.is(faults.bytesIn(match), size)
    assert.ok(asked('token').length > 0)
    assert.is(asked('allocate')[1]?.status, 401)
    const got = await send(url, { method: 'GET', path: '/bucket/large' })
    const expected = createHash('md5')
    for (const piece of randomBytes(size, 'large')) expected.update(piece)
    assert.is(await md5OfStream(got), expected.digest('hex'))
    await ok('DELETE', '/bucket/large')
  })
})

test('a token that is refused by the send itself is replaced, and the send goes on', async () => {
  await withFaultyBridge(async ({ emulator, asked, ok, expectContent }) => {
    const { faults } = emulator
    const content = randomBuffer(mib, 'refused token')
    const held = faults.hold(match)
    const putting = ok('PUT', '/bucket/key', { body: content })
    await held.reached()
    faults.expireAccessTokens()
    held.release()
    await putting
    assert.equal(
      asked('upload').map(({ status }) => status),
      [401, 200],
    )
    assert.is(asked('token').length > 0, true)
    await expectContent('/bucket/key', content)
  })
})

test('the token service itself may stumble', async () => {
  for (const status of [429, 500, 503]) {
    await withFaultyBridge(async ({ emulator, ok, expectContent }) => {
      const content = randomBuffer(1000, `token ${status}`)
      emulator.faults.expireAccessTokens()
      emulator.faults.failNext({ status, count: 2, match: { operation: 'token' } })
      await ok('PUT', '/bucket/key', { body: content })
      await expectContent('/bucket/key', content)
    })
  }
})

test('content that shows late is waited for; 200 is said when it is to be seen', async () => {
  await withFaultyBridge(async ({ emulator, ok, expectContent }) => {
    const { faults } = emulator
    for (const [index, size] of [10, 200_000].entries()) {
      const old = Buffer.from(`old ${index}`)
      await ok('PUT', '/bucket/key', { body: old })
      const content = randomBuffer(size, `late ${size}`)
      faults.add({ kind: 'delayVisibility', gets: 3, match })
      await ok('PUT', '/bucket/key', { body: content })
      await expectContent('/bucket/key', content)
      faults.add({ kind: 'delayVisibility', gets: 2, match })
      const first = randomBuffer(size, `first ${size}`)
      await ok('PUT', `/bucket/new-${index}`, { body: first })
      await expectContent(`/bucket/new-${index}`, first)
    }
  })
})

test('content that never shows is an error, and the old object stays readable', async () => {
  await withFaultyBridge(async ({ emulator, ok, request, expectContent }) => {
    const old = Buffer.from('old')
    await ok('PUT', '/bucket/key', { body: old })
    emulator.faults.add({ kind: 'delayVisibility', gets: 1000, match })
    const answer = await request('PUT', '/bucket/key', { body: 'never to be seen' })
    assert.equal([answer.status, errorCode(answer.text)], [500, 'InternalError'])
    emulator.faults.clear()
    await ok('PUT', '/bucket/key', { body: old })
    await expectContent('/bucket/key', old)
  })
})

test('a service that finds another MD5 stores nothing, and never blames the client', async () => {
  await withFaultyBridge(async ({ emulator, ok, request, expectContent, keys }) => {
    const old = Buffer.from('old')
    await ok('PUT', '/bucket/key', { body: old })
    for (const path of ['/bucket/key', '/bucket/new']) {
      for (const size of [1000, 300_000]) {
        const body = randomBuffer(size, `421 ${path} ${size}`)
        emulator.faults.failNext({ status: 421, match })
        const answer = await request('PUT', path, { body })
        assert.equal([answer.status, errorCode(answer.text)], [500, 'InternalError'])
        await expectContent('/bucket/key', old)
        assert.equal(await keys('bucket'), ['key'])
      }
    }
    // After a resume it may be the kept bytes that are wrong: once more, from the beginning.
    emulator.faults.clear()
    const content = randomBuffer(mib, 'kept bytes')
    emulator.faults.add({ kind: 'cutUpload', afterBytes: 1000, match })
    const putting = ok('PUT', '/bucket/key', { body: content })
    await beforeSecondTry(emulator, () => emulator.faults.failNext({ status: 421, match }))
    await putting
    await expectContent('/bucket/key', content)
  })
})

test.run()

/** Acts when an upload that was cut is about to be allocated again. */
async function beforeSecondTry({ faults }: Emulator, act: () => void): Promise<void> {
  const sending = faults.hold(match)
  await sending.reached()
  const allocating = faults.hold({ operation: 'allocate' })
  sending.release()
  await allocating.reached()
  act()
  allocating.release()
}
