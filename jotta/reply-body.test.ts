import { PassThrough, Readable } from 'node:stream'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Silence } from './jotta-error.ts'
import { guardBody, LIVELY_BYTES } from './reply-body.ts'
import { rejection } from './scripted-server.test-support.ts'

const test = suite('reply body')
const guard = (source: Readable, idleMs: number) =>
  guardBody(source, { subject: 'GET /x', idleMs, translate: (error) => error as Error })

async function readAll(body: Readable): Promise<number> {
  let received = 0
  for await (const chunk of body) received += chunk.length
  return received
}

/** Pieces, with so many milliseconds before each. */
function dripping(pieces: number, sizeBytes: number, everyMs: number): Readable {
  let left = pieces
  return new Readable({
    read() {
      left -= 1
      if (left < 0) this.push(null)
      else setTimeout(() => this.push(Buffer.alloc(sizeBytes)), everyMs)
    },
  })
}

test('silence has a limit, and ends the source', async () => {
  const source = new PassThrough()
  source.write('x')
  assert.instance(await rejection(readAll(guard(source, 50))), Silence)
  assert.ok(source.destroyed)
})

test('dripping is silence, however often a byte comes', async () => {
  const source = dripping(10_000, 1, 5)
  const error = await rejection(readAll(guard(source, 60)))
  assert.instance(error, Silence)
  assert.match(String(error), 'GET /x: hardly a byte in 60 ms')
  assert.ok(source.destroyed)
})

test('what comes slowly but comes is let through, for longer than the limit', async () => {
  let nowMs = 0
  mock.timers.enable({ apis: ['setTimeout'] })
  mock.method(performance, 'now', () => nowMs)
  try {
    const source = new PassThrough()
    const feed = async () => {
      for (let piece = 0; piece < 10; piece += 1) {
        // Until it is waited for.
        await setImmediate()
        nowMs += 100
        mock.timers.tick(100)
        source.write(Buffer.alloc(LIVELY_BYTES))
      }
      source.end()
    }
    const [receivedBytes] = await Promise.all([readAll(guard(source, 150)), feed()])
    assert.is(receivedBytes, 10 * LIVELY_BYTES)
  } finally {
    mock.restoreAll()
    mock.timers.reset()
  }
})

test('time that the reader takes does not count', async () => {
  const body = guard(Readable.from([Buffer.alloc(10), Buffer.alloc(10)]), 30)
  let received = 0
  for await (const chunk of body) {
    // Until another body has fallen silent for longer than this one may.
    await rejection(readAll(guard(new PassThrough(), 60)))
    received += chunk.length
  }
  assert.is(received, 20)
})

test('a body that is given up ends its source and leaves no timer behind', async () => {
  const source = new PassThrough()
  const body = guard(source, 60_000)
  const reading = rejection(readAll(body))
  body.destroy()
  assert.instance(await reading, Error)
  assert.ok(source.destroyed)
})

test.run()
