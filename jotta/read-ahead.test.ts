import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ByteRange } from './client.ts'
import type { JottaError } from './jotta-error.ts'
import { createReadAhead, type ReadAhead, readAhead } from './read-ahead.ts'
import { eventually, rejection } from './scripted-server.test-support.ts'

const test = suite('read-ahead')
const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 251))
const all = { start: 0, endInclusive: 999 }

const contentOf = ({ start, endInclusive }: ByteRange) => bytes.subarray(start, endInclusive + 1)
const bodyOf = (chunk: ByteRange): Readable => Readable.from([contentOf(chunk)])

type Begun = {
  readonly chunk: ByteRange
  readonly signal: AbortSignal
  readonly reply: PromiseWithResolvers<Readable>
}

/** A download whose chunks the test answers; `begun` are those after the first. */
function download(range: ByteRange, ahead: ReadAhead, signal = new AbortController().signal) {
  const allowance = ahead.tryTake(range)
  assert.ok(allowance)
  const begun: Begun[] = []
  const { value: first } = allowance.chunks.next()
  assert.ok(first)
  const stream = readAhead(bodyOf(first), {
    ...allowance,
    signal,
    open: async (chunk, until) => {
      const reply = Promise.withResolvers<Readable>()
      begun.push({ chunk, signal: until, reply })
      return await reply.promise
    },
  })
  return { stream, begun, first }
}

async function read(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Whether there is room for one more download of so many streams. */
function hasRoom(ahead: ReadAhead): boolean {
  const allowance = ahead.tryTake(all)
  allowance?.giveBack()
  return allowance !== undefined
}

test('whatever comes first, every byte comes once and in order, with so many requests at the most', async () => {
  const range = fc.tuple(fc.nat(999), fc.nat(999)).map(([a, b]) => {
    return { start: Math.min(a, b), endInclusive: Math.max(a, b) }
  })
  const sizes = fc.record({
    streams: fc.integer({ min: 2, max: 6 }),
    chunkBytes: fc.integer({ min: 1, max: 400 }),
  })
  let taken = 0
  await fc.assert(
    fc.asyncProperty(range, sizes, fc.array(fc.nat()), async (wanted, limits, order) => {
      const ahead = createReadAhead({ ...limits, totalBytes: 1e6 })
      if (wanted.endInclusive - wanted.start < 2 * limits.chunkBytes) {
        assert.is(ahead.tryTake(wanted), undefined)
        return
      }
      taken += 1
      const { stream, begun, first } = download(wanted, ahead)
      const reading = read(stream)
      let answered = 0
      const asked = [first]
      const picks = order.values()
      for (let isOver = false; !isOver; ) {
        await setImmediate()
        const open = begun.splice(0)
        assert.ok(open.length <= limits.streams)
        const pick = open.splice((picks.next().value ?? 0) % Math.max(1, open.length), 1)
        begun.unshift(...open)
        for (const { chunk, reply } of pick) {
          asked.push(chunk)
          answered += 1
          reply.resolve(bodyOf(chunk))
        }
        isOver = stream.readableEnded
      }
      assert.ok((await reading).equals(contentOf(wanted)))
      assert.is(
        answered + 1,
        Math.ceil((wanted.endInclusive - wanted.start + 1) / limits.chunkBytes),
      )
      for (const { start, endInclusive } of asked) {
        assert.ok(endInclusive - start < limits.chunkBytes)
      }
    }),
    { numRuns: 150 },
  )
  assert.ok(taken > 20)
})

test('no more is asked for than may be held, until the reader has taken a chunk', async () => {
  const chunkBytes = 200_000
  const allowance = createReadAhead({ streams: 3, chunkBytes, totalBytes: 3 * chunkBytes }).tryTake(
    {
      start: 0,
      endInclusive: 20 * chunkBytes - 1,
    },
  )
  assert.ok(allowance)
  allowance.chunks.next()
  const pieces = () =>
    Readable.from(Array.from({ length: 10 }, () => Buffer.alloc(chunkBytes / 10)))
  let opened = 1
  const stream = readAhead(pieces(), {
    ...allowance,
    signal: new AbortController().signal,
    open: async () => {
      opened += 1
      return pieces()
    },
  })
  let takenBytes = 0
  for await (const chunk of stream) {
    // All that was asked for may have come by now.
    for (let turn = 0; turn < 20; turn += 1) await setImmediate()
    takenBytes += chunk.length
    const passedBytes = takenBytes + stream.readableLength
    assert.ok(opened * chunkBytes <= passedBytes + 3 * chunkBytes, `${opened} at ${passedBytes}`)
  }
  assert.equal([takenBytes, opened], [20 * chunkBytes, 20])
})

test('of a chunk no more is held than its size, in no more pieces than are of use', async () => {
  const chunkBytes = 8 * 1024
  const range = { start: 0, endInclusive: 3 * chunkBytes - 1 }
  for (const pieceBytes of [1, 512, chunkBytes, 2 * chunkBytes]) {
    const ahead = createReadAhead({ streams: 3, chunkBytes, totalBytes: 1e6 })
    const { stream, begun, first } = download(range, ahead)
    assert.is(first.endInclusive, chunkBytes - 1)
    const reading = rejection(read(stream))
    await eventually(() => begun.length === 2)
    let pieces = 0
    const endless = async function* () {
      for (;;) {
        pieces += 1
        yield Buffer.alloc(pieceBytes)
      }
    }
    const body = Readable.from(endless(), { highWaterMark: 1 })
    begun[1]?.reply.resolve(body)
    await eventually(() => pieces > 0)
    for (let turn = 0; turn < 100; turn += 1) await setImmediate()
    // Those that it holds, and one or two on the way in either stream.
    assert.ok(pieces <= chunkBytes / 1024 + 4, `${pieces} of ${pieceBytes}`)
    begun[0]?.reply.resolve(Readable.from([Buffer.alloc(chunkBytes)]))
    assert.is(((await reading) as JottaError).kind, 'protocol')
    assert.ok(body.destroyed)
  }
})

test('a download has what it may hold for as long as it goes on, however it ends', async () => {
  const ends: [string, (stream: Readable, begun: Begun[]) => Promise<unknown>][] = [
    [
      'its end',
      async (stream, begun) => {
        const reading = read(stream)
        await eventually(() => {
          for (const { chunk, reply } of begun) reply.resolve(bodyOf(chunk))
          return stream.readableEnded
        })
        await reading
      },
    ],
    [
      'a failure',
      async (stream, begun) => {
        const reading = rejection(read(stream))
        await eventually(() => begun.length > 0)
        begun[0]?.reply.reject(new Error('lost'))
        await reading
      },
    ],
    ['its reader', async (stream) => void stream.destroy()],
  ]
  for (const [what, end] of ends) {
    const ahead = createReadAhead({ streams: 4, chunkBytes: 100, totalBytes: 799 })
    const { stream, begun } = download(all, ahead)
    assert.not(hasRoom(ahead), what)
    const closed = new Promise((resolve) => stream.once('close', resolve))
    await end(stream, begun)
    await closed
    assert.ok(hasRoom(ahead), what)
    ahead.tryTake(all)
    assert.not(hasRoom(ahead), `given back once by ${what}`)
  }
})

test('a short download takes no more than it has chunks', () => {
  const ahead = createReadAhead({ streams: 8, chunkBytes: 100, totalBytes: 600 })
  const short = { start: 0, endInclusive: 299 }
  assert.ok(ahead.tryTake(short))
  assert.ok(ahead.tryTake(short))
  assert.is(ahead.tryTake(short), undefined)
})

test('there is none with one stream, of two chunks, or beyond the budget', () => {
  const options = { streams: 4, chunkBytes: 100, totalBytes: 1000 }
  const ahead = createReadAhead(options)
  assert.is(ahead.tryTake({ start: 50, endInclusive: 249 }), undefined)
  assert.ok(ahead.tryTake({ start: 50, endInclusive: 250 }))
  assert.is(createReadAhead({ ...options, streams: 1 }).tryTake(all), undefined)
  assert.is(createReadAhead({ ...options, totalBytes: 399 }).tryTake(all), undefined)
})

test('a chunk that fails is the end, after the bytes before it and none after', async () => {
  const lost = new Error('lost')
  const fails: [string, (begun: Begun) => void][] = [
    ['no reply', ({ reply }) => reply.reject(lost)],
    [
      'midway',
      ({ chunk, reply }) => {
        const halves = async function* () {
          yield contentOf(chunk).subarray(0, 50)
          throw lost
        }
        reply.resolve(Readable.from(halves()))
      },
    ],
  ]
  for (const [what, fail] of fails) {
    const ahead = createReadAhead({ streams: 4, chunkBytes: 100, totalBytes: 1000 })
    const { stream, begun } = download(all, ahead)
    const seen: Buffer[] = []
    const reading = rejection(
      (async () => {
        for await (const chunk of stream) seen.push(chunk)
      })(),
    )
    await eventually(() => begun.length === 3)
    const [second, third, fourth] = begun
    assert.ok(second && third && fourth)
    fail(third)
    fourth.reply.resolve(bodyOf(fourth.chunk))
    await setImmediate()
    second.reply.resolve(bodyOf(second.chunk))
    assert.is(await reading, lost, what)
    const got = Buffer.concat(seen)
    assert.ok(got.length <= 250 && got.equals(bytes.subarray(0, got.length)), what)
    assert.ok(begun.every(({ signal }) => signal.aborted))
  }
})

test('a reader that leaves ends every request, and drops what comes after', async () => {
  const leaving = new AbortController()
  const ahead = createReadAhead({ streams: 4, chunkBytes: 100, totalBytes: 1000 })
  for (const how of ['destroy', 'abort'] as const) {
    const { stream, begun } = download(all, ahead, leaving.signal)
    const reading = rejection(read(stream))
    await eventually(() => begun.length === 3)
    const reason = new Error('the client went away')
    if (how === 'destroy') stream.destroy(reason)
    else leaving.abort(reason)
    assert.ok(
      begun.every(({ signal }) => signal.aborted),
      how,
    )
    const late = bodyOf(all)
    begun[1]?.reply.resolve(late)
    begun[0]?.reply.reject(reason)
    assert.is(await reading, reason)
    await eventually(() => late.destroyed)
    assert.ok(hasRoom(ahead))
  }
})

test.run()
