// Downloads that Jottacloud cuts, stops, spoils or changes under way: the client gets every byte as it was
// announced, or a connection that is cut; never a clean end of wrong bytes.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emulator } from '../../jotta/emulator/emulator.ts'
import { randomBuffer } from '../support/bytes.ts'
import { send } from '../support/signed-request.ts'
import { withFaultyBridge } from './faulty-bridge.ts'

const test = suite('faulty downloads')
const mib = 1024 ** 2
/** Long enough for a busy machine, short enough to wait for. */
const limits = { JOTTA_S3_UPSTREAM_TIMEOUT_SECONDS: '1' }

/** Bytes that the emulator sent of downloads. */
function bytesSent(emulator: Emulator): number {
  const downloads = emulator.faults.requests.filter(({ operation }) => operation === 'download')
  return downloads.reduce((sum, { bytesOut }) => sum + bytesOut, 0)
}

test('a download that is cut goes on where it was: whole, a part, many times', async () => {
  await withFaultyBridge(async (faulty) => {
    const { emulator, get, expectContent } = faulty
    const content = randomBuffer(5 * mib, 'cut')
    await faulty.ok('PUT', '/bucket/key', { body: content })
    const cuts: [what: string, afterBytes: number, count: number][] = [
      ['at once', 0, 1],
      ['after a byte', 1, 1],
      ['in the middle', 2 * mib, 1],
      ['before the last byte', 5 * mib - 1, 1],
      ['again and again', 700_000, 7],
      ['for ever, but always a bit later', 2 * mib + 1, 100],
    ]
    for (const [what, afterBytes, count] of cuts) {
      emulator.faults.clear()
      emulator.faults.add({
        kind: 'cutDownload',
        afterBytes,
        count,
        match: { operation: 'download' },
      })
      await expectContent('/bucket/key', content, what)
      // What was under way when the line was cut may come twice from Jottacloud; not half a file.
      const sent = bytesSent(emulator)
      assert.ok(sent >= content.length && sent < content.length + 2 * mib, `${what}: ${sent}`)
    }
    emulator.faults.clear()
    emulator.faults.add({ kind: 'cutDownload', afterBytes: 500_000, count: 3 })
    const part = await get('/bucket/key', 'bytes=1000000-3999999')
    assert.is(part.status, 206)
    assert.not(part.wasCut)
    assert.ok(part.bytes.equals(content.subarray(1_000_000, 4_000_000)))
    const tail = emulator.faults.requests.filter(({ operation }) => operation === 'download')
    assert.ok(tail.length === 4, `${tail.length} requests`)
  })
})

test('the next request meets refusals, an old token and a Retry-After, and still goes on', async () => {
  await withFaultyBridge(async ({ emulator, ok, get }) => {
    const { faults } = emulator
    const match = { operation: 'download' } as const
    const content = randomBuffer(2 * mib, 'refused')
    await ok('PUT', '/bucket/key', { body: content })
    for (const refusal of [
      { status: 503 },
      { status: 429, retryAfterSeconds: 1 },
      { status: 401 },
    ]) {
      faults.clear()
      // The first reply is streamed and cut; only then are the requests after it refused.
      faults.add({ kind: 'stallDownload', afterBytes: mib, match })
      const stalled = get('/bucket/key')
      await eventually(() => bytesSent(emulator) >= mib)
      faults.failNext({ ...refusal, count: refusal.status === 401 ? 1 : 2, match })
      const startedMs = performance.now()
      const { bytes, wasCut } = await stalled
      assert.ok(bytes.equals(content) && !wasCut, JSON.stringify(refusal))
      const least = refusal.retryAfterSeconds === undefined ? 0 : 2000
      assert.ok(performance.now() - startedMs >= least)
      assert.is(faults.count(match), refusal.status === 401 ? 3 : 4)
    }
  }, limits)
})

test('a body that falls silent or drips is given up and gone on with, a few times', async () => {
  await withFaultyBridge(async ({ emulator, ok, get, logged }) => {
    const { faults } = emulator
    const match = { operation: 'download' } as const
    const content = randomBuffer(mib, 'silent')
    await ok('PUT', '/bucket/key', { body: content })
    for (const drip of [{}, { dripEveryMs: 50 }]) {
      faults.clear()
      faults.add({ kind: 'stallDownload', afterBytes: 300_000, count: 2, match, ...drip })
      const mended = await get('/bucket/key')
      assert.ok(mended.bytes.equals(content) && !mended.wasCut)
      assert.is(faults.count(match), 3)

      faults.clear()
      faults.add({ kind: 'stallDownload', afterBytes: 1, count: 1000, match, ...drip })
      const broken = await get('/bucket/key').catch(() => undefined)
      assert.ok(broken === undefined || broken.wasCut, 'no clean end')
      assert.is(faults.count(match), 3, 'tries of a service that stays silent')
      await faults.settled(match)
    }
    const line = await logged(
      ({ operation, code }) => operation === 'GetObject' && code !== undefined,
    )
    assert.is(line.bucket, 'bucket')
  }, limits)
})

test('a client waits for a silent Jottacloud as long as it takes to give that up', async () => {
  const second = { JOTTA_S3_UPSTREAM_TIMEOUT_SECONDS: '1', JOTTA_S3_IDLE_TIMEOUT_SECONDS: '1' }
  await withFaultyBridge(async ({ emulator, ok, get, expectContent, logged }) => {
    const match = { operation: 'download' } as const
    const content = randomBuffer(2 * mib, 'equal limits')
    await ok('PUT', '/bucket/key', { body: content })
    emulator.faults.add({ kind: 'stallDownload', afterBytes: 700_000, count: 2, match })
    await expectContent('/bucket/key', content)
    assert.is(emulator.faults.count(match), 3)

    emulator.faults.add({ kind: 'stallDownload', afterBytes: mib, match })
    emulator.faults.add({ kind: 'stallDownload', afterBytes: 1, count: 1000, match })
    assert.ok((await get('/bucket/key')).wasCut)
    const line = await logged(
      ({ operation, err }) => operation === 'GetObject' && err !== undefined,
    )
    assert.equal([line.status, line.code], [200, 'ServiceUnavailable'])
    assert.match(JSON.stringify(line.err), /hardly a byte in 1000 ms/)
  }, second)
})

test('a service that cuts every reply at once is asked a few times, and then the client is cut', async () => {
  await withFaultyBridge(async ({ emulator, ok, get, expectContent }) => {
    const match = { operation: 'download' } as const
    const content = randomBuffer(mib, 'hopeless')
    await ok('PUT', '/bucket/key', { body: content })
    emulator.faults.add({ kind: 'cutDownload', afterBytes: 400_000, match })
    emulator.faults.add({ kind: 'cutDownload', afterBytes: 0, count: 1000, match })
    const got = await get('/bucket/key')
    assert.is(got.status, 200)
    assert.ok(got.wasCut)
    assert.ok(got.bytes.equals(content.subarray(0, got.bytes.length)))
    const calls = emulator.faults.count(match)
    assert.ok(calls > 1 && calls <= 50, `${calls} calls`)
    emulator.faults.clear()
    await expectContent('/bucket/key', content)
  })
})

test('wrong bytes never end cleanly, also when they come after a cut', async () => {
  await withFaultyBridge(async ({ emulator, ok, get, expectContent }) => {
    const match = { operation: 'download' } as const
    for (const size of [1, 1000, 2 * mib]) {
      const content = randomBuffer(size, `wrong ${size}`)
      await ok('PUT', '/bucket/key', { body: content })
      for (const atByte of [0, size >> 1, size - 1]) {
        emulator.faults.add({ kind: 'corruptDownload', atByte, count: 100, match })
        const { status, wasCut, bytes } = await get('/bucket/key')
        // What is small is judged before the head of the answer.
        assert.equal([status, wasCut], size < mib ? [500, false] : [200, true], `byte ${atByte}`)
        assert.ok(status === 500 || bytes.length < size)
        emulator.faults.clear()
      }
    }
    const content = randomBuffer(2 * mib, 'wrong after a cut')
    await ok('PUT', '/bucket/key', { body: content })
    emulator.faults.add({ kind: 'cutDownload', afterBytes: mib, match })
    emulator.faults.add({ kind: 'corruptDownload', atByte: mib + 9, match })
    emulator.faults.add({ kind: 'corruptDownload', atByte: 9, match })
    assert.ok((await get('/bucket/key')).wasCut)
    emulator.faults.clear()
    await expectContent('/bucket/key', content)
  })
})

test('an object that goes while its rest is asked for is cut, as is a part of one that changes, and its whole is not', async () => {
  await withFaultyBridge(async ({ emulator, ok, get }) => {
    const { faults } = emulator
    const match = { operation: 'download' } as const
    const changes: [what: string, change: () => Promise<unknown>][] = [
      ['same size', () => ok('PUT', '/bucket/key', { body: randomBuffer(2 * mib, 'new') })],
      ['larger', () => ok('PUT', '/bucket/key', { body: randomBuffer(3 * mib, 'new') })],
      ['smaller', () => ok('PUT', '/bucket/key', { body: randomBuffer(1000, 'new') })],
      ['gone', () => ok('DELETE', '/bucket/key')],
    ]
    const old = randomBuffer(2 * mib, 'old')
    for (const [what, change] of changes) {
      for (const range of [undefined, 'bytes=100-2000000']) {
        faults.clear()
        await ok('PUT', '/bucket/key', { body: old })
        faults.add({ kind: 'stallDownload', afterBytes: mib, match })
        const getting = get('/bucket/key', range)
        await eventually(() => bytesSent(emulator) >= mib)
        await change()
        const got = await getting
        // What Jottacloud keeps as a revision is gone on with, if its MD5 can tell that it is right.
        assert.is(got.wasCut, what === 'gone' || range !== undefined, `${what}, ${range}`)
        const start = range === undefined ? 0 : 100
        assert.ok(got.bytes.equals(old.subarray(start, start + got.bytes.length)), what)
      }
    }
  }, limits)
})

/** Downloads of more than half a megabyte are read ahead. */
const ahead = { JOTTA_S3_DOWNLOAD_CHUNK: '256KiB', JOTTA_S3_UPSTREAM_TIMEOUT_SECONDS: '1' }

test('what is read ahead comes in order, cut or not, and what a client leaves is left', async () => {
  await withFaultyBridge(async ({ emulator, url, ok, get, expectContent }) => {
    const { faults } = emulator
    const match = { operation: 'download' } as const
    const content = randomBuffer(4 * mib, 'ahead')
    await ok('PUT', '/bucket/key', { body: content })
    await expectContent('/bucket/key', content)
    assert.is(faults.count(match), 16)
    faults.add({ kind: 'cutDownload', afterBytes: 100_000, count: 5, match })
    faults.add({ kind: 'stallDownload', afterBytes: 200_000, count: 2, match })
    await expectContent('/bucket/key', content, 'cut')
    const part = await get('/bucket/key', 'bytes=1000-3000000')
    assert.equal([part.status, part.wasCut], [206, false])
    assert.ok(part.bytes.equals(content.subarray(1000, 3_000_001)))

    faults.clear()
    faults.add({ kind: 'corruptDownload', atByte: 7, match: { operation: 'download' } })
    assert.ok((await get('/bucket/key')).wasCut)

    faults.clear()
    faults.set({ streamRateBytesPerSecond: 100_000 })
    const leaving = await send(url, { method: 'GET', path: '/bucket/key' })
    await eventually(() => faults.count(match) === 4)
    leaving.destroy()
    await faults.settled(match)
    faults.set({ streamRateBytesPerSecond: 0 })
    await expectContent('/bucket/key', content, 'after one that left')
  }, ahead)
})

test('what is written over while it is read ahead is the old whole, a range of it is cut, and nothing is mixed', async () => {
  await withFaultyBridge(async ({ emulator, ok, get }) => {
    const { faults } = emulator
    const old = randomBuffer(4 * mib, 'old ahead')
    for (const range of [undefined, 'bytes=100-4000000']) {
      faults.clear()
      await ok('PUT', '/bucket/key', { body: old })
      // The first chunk is of the old object, the others are asked for when there is another one.
      const first = faults.hold({ operation: 'download' }, 'after')
      const getting = get('/bucket/key', range)
      await first.reached()
      const others = faults.hold({ operation: 'download' })
      first.release()
      await others.reached()
      await ok('PUT', '/bucket/key', { body: randomBuffer(4 * mib, `new ahead ${range}`) })
      others.release()
      const got = await getting
      assert.is(got.wasCut, range !== undefined, range)
      const start = range === undefined ? 0 : 100
      assert.ok(got.bytes.equals(old.subarray(start, start + got.bytes.length)), range)
    }
  }, ahead)
})

test.run()

/** What the emulator's process, which is this one, brings about. */
async function eventually(isTrue: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(60_000)
  while (!isTrue()) {
    limit.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
