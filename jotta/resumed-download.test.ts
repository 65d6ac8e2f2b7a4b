import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ByteRange } from './client.ts'
import { JottaError, Silence } from './jotta-error.ts'
import { LIVELY_BYTES } from './reply-body.ts'
import { resumedDownload } from './resumed-download.ts'
import { rejection } from './scripted-server.test-support.ts'

const test = suite('resumed download')
const cut = () => new JottaError('unavailable', 'cut')
const stall = () => new Silence('unavailable', 'silent')
const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7) % 251))

/** A body of these bytes in small chunks, with this end once they were taken: an error drops the others. */
function bodyOf(content: Buffer, end?: Error, chunkBytes = 1000): Readable {
  let at = 0
  return new Readable({
    read() {
      if (at < content.length) {
        at += chunkBytes
        this.push(content.subarray(at - chunkBytes, at))
      } else if (end === undefined) this.push(null)
      else void setImmediate().then(() => this.destroy(end))
    },
  })
}

type Piece = { readonly length: number; readonly end: Error | undefined }
type Outcome = { content: Buffer; error: unknown; asked: ByteRange[]; waits: number[] }

/** Each reply brings so much of what was asked for; the last one goes on for ever after. */
async function download(range: ByteRange, pieces: readonly Piece[]): Promise<Outcome> {
  const asked: ByteRange[] = []
  const waits: number[] = []
  const give = (rest: ByteRange): Readable => {
    asked.push(rest)
    const { length = 0, end } = pieces[Math.min(asked.length, pieces.length) - 1] ?? {}
    const whole = bytes.subarray(rest.start, rest.endInclusive + 1)
    return bodyOf(whole.subarray(0, length), length < whole.length ? end : undefined)
  }
  const stream = resumedDownload(give(range), {
    range,
    reopen: async (rest) => give(rest),
    signal: new AbortController().signal,
    environment: { random: () => 0.5, wait: async (delayMs) => void waits.push(delayMs) },
  })
  const chunks: Buffer[] = []
  let error: unknown
  try {
    for await (const chunk of stream) chunks.push(chunk)
  } catch (thrown) {
    error = thrown
  }
  return { content: Buffer.concat(chunks), error, asked, waits }
}

test('wherever it is cut, and however, every byte comes once and in order', async () => {
  const piece = fc.record({
    length: fc.integer({ min: 1, max: 60_000 }),
    // Without an error it ends early, as a body without a length can.
    end: fc.constantFrom(cut(), undefined),
  })
  const range = fc.tuple(fc.nat(bytes.length - 1), fc.nat(bytes.length - 1)).map(([a, b]) => {
    return { start: Math.min(a, b), endInclusive: Math.max(a, b) }
  })
  const last = { length: Number.MAX_SAFE_INTEGER, end: undefined }
  await fc.assert(
    fc.asyncProperty(range, fc.array(piece, { maxLength: 12 }), async (wanted, pieces) => {
      const { content, error, asked } = await download(wanted, [...pieces, last])
      assert.is(error, undefined)
      assert.ok(content.equals(bytes.subarray(wanted.start, wanted.endInclusive + 1)))
      for (const { endInclusive } of asked) assert.is(endInclusive, wanted.endInclusive)
    }),
    { numRuns: 200 },
  )
})

const all = { start: 0, endInclusive: bytes.length - 1 }
const endless: [what: string, piece: Piece, asked: number][] = [
  ['is cut before its first byte', { length: 0, end: cut() }, 6],
  ['ends before its first byte', { length: 0, end: undefined }, 6],
  ['falls silent', { length: 0, end: stall() }, 3],
  ['drips', { length: LIVELY_BYTES - 1, end: stall() }, 3],
]
for (const [what, piece, count] of endless) {
  test(`a service whose every reply ${what} is asked ${count} times`, async () => {
    const { content, error, asked, waits } = await download(all, [piece])
    assert.instance(error, JottaError)
    assert.is((error as JottaError).kind, 'unavailable')
    assert.is(asked.length, count)
    assert.equal(waits, [50, 100, 200, 400, 800].slice(0, count - 1))
    assert.ok(content.equals(bytes.subarray(0, content.length)))
  })
}

test('as long as bytes come, it goes on', async () => {
  for (const piece of [
    { length: 100, end: cut() },
    { length: LIVELY_BYTES, end: stall() },
  ]) {
    const { content, error, waits } = await download(all, [piece])
    assert.is(error, undefined)
    assert.ok(content.equals(bytes))
    assert.equal([...new Set(waits)], [50])
  }
})

test('a failure that a new request would not mend is passed on', async () => {
  const other = new Error('not weather')
  const { error, asked } = await download(all, [{ length: 10, end: other }])
  assert.is(error, other)
  assert.is(asked.length, 1)
})

test('more bytes than wanted are an error, before they are passed on', async () => {
  const source = sourceOf({ range: { start: 0, endInclusive: 99 } })
  const stream = resumedDownload(bodyOf(bytes.subarray(0, 101), undefined, 100), source)
  let received = 0
  const error = await rejection(
    (async () => {
      for await (const chunk of stream) received += chunk.length
    })(),
  )
  assert.is((error as JottaError).kind, 'protocol')
  assert.is(received, 100)
})

test('a refusal of the rest is the end', async () => {
  const changed = new JottaError('protocol', 'the file has changed')
  const source = sourceOf({ reopen: () => Promise.reject(changed) })
  assert.is(
    await rejection(drain(resumedDownload(bodyOf(bytes.subarray(0, 9), cut()), source))),
    changed,
  )
})

test('no more is read than the reader takes', async () => {
  let opened = 0
  const source = sourceOf({
    reopen: async ({ start }) => {
      opened += 1
      return bodyOf(bytes.subarray(start))
    },
  })
  const first = bodyOf(bytes.subarray(0, 40_000), cut(), 20_000)
  const stream = resumedDownload(first, source)
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  for (let turn = 0; turn < 50; turn += 1) await setImmediate()
  // Node reads ahead a little: what is held stays within a stream's own limits.
  assert.ok(stream.readableLength <= 2 * stream.readableHighWaterMark)
  assert.ok(opened <= 1)
  await chunks.return?.()
})

test('giving up ends what is under way: a wait, a request, a body', async () => {
  const ends: [string, (waiting: () => void) => Partial<Source>][] = [
    [
      'a wait',
      (waiting) => ({
        environment: {
          random: () => 0.5,
          wait: async (_, signal) => {
            waiting()
            await aborted(signal)
          },
        },
      }),
    ],
    [
      'a request',
      (waiting) => ({
        reopen: async (_, signal) => {
          waiting()
          return await aborted(signal)
        },
      }),
    ],
    [
      'a body',
      (waiting) => ({
        reopen: async () => {
          return new Readable({ read: waiting })
        },
      }),
    ],
  ]
  for (const [what, make] of ends) {
    for (const how of ['destroy', 'abort'] as const) {
      const reason = new Error('the client went away')
      const leaving = new AbortController()
      const reached = Promise.withResolvers<void>()
      const source = sourceOf({ ...make(reached.resolve), signal: leaving.signal })
      const stream = resumedDownload(bodyOf(Buffer.alloc(0), cut()), source)
      const reading = rejection(drain(stream))
      await reached.promise
      if (how === 'abort') leaving.abort(reason)
      if (how === 'destroy' || what === 'a body') stream.destroy(reason)
      assert.is(await reading, reason, `${what}, ${how}`)
      assert.ok(stream.destroyed)
    }
  }
})

test('a reply that comes after it was given up is dropped', async () => {
  const late = Promise.withResolvers<Readable>()
  const reached = Promise.withResolvers<void>()
  const source = sourceOf({
    reopen: () => {
      reached.resolve()
      return late.promise
    },
  })
  const stream = resumedDownload(bodyOf(Buffer.alloc(0), cut()), source)
  const reading = rejection(drain(stream))
  await reached.promise
  stream.destroy(new Error('gone'))
  const body = bodyOf(bytes)
  late.resolve(body)
  await reading
  await setImmediate()
  assert.ok(body.destroyed)
})

test.run()

type Source = Parameters<typeof resumedDownload>[1]

function sourceOf(more: Partial<Source>): Source {
  return {
    range: all,
    reopen: async ({ start }) => bodyOf(bytes.subarray(start)),
    signal: new AbortController().signal,
    environment: { random: () => 0, wait: async () => {} },
    ...more,
  }
}

async function drain(stream: Readable): Promise<void> {
  for await (const chunk of stream) assert.ok(chunk.length > 0)
}

async function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason))
  return await promise
}
