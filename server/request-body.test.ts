import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { inBlocks, readRequestBody, toReadable } from './request-body.ts'

const test = suite('request body')

async function* pieces(sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, index)
}

test('small pieces are gathered into blocks and large ones pass as they are', async () => {
  const cases: readonly [sizes: number[], expected: number[]][] = [
    [[], []],
    [[1], [1]],
    [Array(70_000).fill(1), [65_536, 4464]],
    [
      [20_000, 20_000],
      [20_000, 20_000],
    ],
    [
      [1, 200_000, 3],
      [65_536, 65_536, 65_536, 3396],
    ],
  ]
  for (const [sizes, expected] of cases) {
    const total = sizes.reduce((sum, size) => sum + size, 0)
    const blocks = await Array.fromAsync(inBlocks(pieces(sizes), total))
    assert.equal(
      blocks.map((block) => block.length),
      expected,
    )
    assert.ok(Buffer.concat(blocks).equals(Buffer.concat(await Array.fromAsync(pieces(sizes)))))
  }
  // More than expected arrives: nothing is lost, the caller counts.
  const more = await Array.fromAsync(inBlocks(pieces([2, 2]), 3))
  assert.is(Buffer.concat(more).length, 4)
})

test('only the wait for bytes is timed, not the time that the consumer takes', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const req = new IncomingMessage(new Socket())
  try {
    const { signal } = new AbortController()
    const body = readRequestBody({ req, idleTimeoutMs: 1000, signal })
    req.push('a')
    assert.is(String((await body.next()).value), 'a')
    mock.timers.tick(100_000)
    const waiting = body.next()
    mock.timers.tick(999)
    req.push('b')
    assert.is(String((await waiting).value), 'b')
    const silent = body.next()
    mock.timers.tick(1000)
    const error = await silent.catch((reason: unknown) => reason)
    assert.is(error instanceof S3Error && error.code, 'RequestTimeout')
    assert.not.ok(req.destroyed)
    for (const event of req.eventNames()) {
      assert.not.ok(['readable', 'close', 'error'].includes(String(event)), String(event))
    }
  } finally {
    mock.timers.reset()
    req.destroy()
  }
})

test('nothing is opened before the first read, and all comes in order', async () => {
  let opened = 0
  const stream = toReadable(() => {
    opened += 1
    return pieces([3, 70_000, 5])
  })
  assert.is(opened, 0)
  const got = Buffer.concat(await Array.fromAsync(stream))
  assert.is(opened, 1)
  assert.ok(got.equals(Buffer.concat(await Array.fromAsync(pieces([3, 70_000, 5])))))
})

test('a slow reader is waited for', async () => {
  let yielded = 0
  async function* source(): AsyncGenerator<Buffer> {
    for (; yielded < 1000; yielded += 1) yield Buffer.alloc(65_536)
  }
  const stream = toReadable(source)
  await once(stream, 'readable')
  stream.read()
  assert.ok(yielded < 10, `${yielded} pieces for one read`)
  stream.destroy()
  await once(stream, 'close')
})

test('a failure of the source is the failure of the stream', async () => {
  async function* source(): AsyncGenerator<Buffer> {
    yield Buffer.from('a')
    throw new Error('broken')
  }
  let message = ''
  try {
    await pipeline(toReadable(source), async (bytes: AsyncIterable<Buffer>) => {
      await Array.fromAsync(bytes)
    })
  } catch (error) {
    message = String(error)
  }
  assert.match(message, 'broken')
})

test('destroying it wakes a waiting source, and neither error nor silence ends the process', async () => {
  for (const error of [undefined, new Error('given up')]) {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    async function* source(signal: AbortSignal): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from('a')
        await once(signal, 'abort')
        throw new Error('woken')
      } finally {
        end()
      }
    }
    const stream = toReadable(source)
    stream.read()
    await once(stream, 'readable')
    stream.read()
    stream.destroy(error)
    await ended
    assert.is(stream.errored, error ?? null)
  }
})

test('a stream that nobody reads is destroyed without opening anything', async () => {
  const stream = toReadable(() => {
    throw new Error('opened')
  })
  stream.destroy(new Error('not needed'))
  await new Promise((resolve) => stream.once('close', resolve))
  assert.instance(stream, Readable)
})

test.run()
