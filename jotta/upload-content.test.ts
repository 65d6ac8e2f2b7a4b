import { PassThrough, Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError, Silence } from './jotta-error.ts'
import { rejection } from './scripted-server.test-support.ts'
import { createUploadContent } from './upload-content.ts'

const test = suite('content of an upload')
const idleMs = 30

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Resolves with what it fails with when nobody reads it: after `idleMs`, as others would. */
async function leftStanding(): Promise<{ failure: unknown; source: Readable }> {
  const source = Readable.from([Buffer.alloc(1_000_000)])
  const { stream, failure } = createUploadContent(source, 1_000_000, idleMs)
  const failed = Promise.withResolvers<unknown>()
  stream.once('error', failed.resolve)
  // Somebody takes the first piece and no more.
  stream.once('readable', () => stream.read(1))
  const error = await failed.promise
  assert.is(failure(), undefined, 'it is not the content that failed')
  return { failure: error, source }
}

test('what is not taken is given up as silence, and its source is let go', async () => {
  const { failure, source } = await leftStanding()
  assert.instance(failure, Silence)
  assert.ok(source.destroyed)
})

test('a source may take longer than what it gives may lie', async () => {
  const source = new PassThrough()
  const { stream } = createUploadContent(source, 6, idleMs)
  const reading = readAll(stream)
  source.write('one')
  await leftStanding()
  await leftStanding()
  source.end('two')
  assert.is((await reading).toString(), 'onetwo')
})

test('pieces of every size arrive as one, empty ones too', async () => {
  const pieces = [0, 1, 65_536, 65_537, 0, 300_000, 0].map((size) => Buffer.alloc(size, size % 251))
  const whole = Buffer.concat(pieces)
  const { stream } = createUploadContent(Readable.from(pieces), whole.length, 60_000)
  assert.ok((await readAll(stream)).equals(whole))
})

test('too little and too much are failures of the content', async () => {
  for (const sizeBytes of [2, 4]) {
    const content = createUploadContent(Readable.from([Buffer.alloc(3)]), sizeBytes, 60_000)
    const error = await rejection(readAll(content.stream))
    assert.instance(error, JottaError)
    assert.is(content.failure()?.error, error)
    assert.not.instance(error, Silence)
  }
})

test.run()
