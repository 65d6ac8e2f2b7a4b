import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type {
  Bridge,
  CompleteMultipartUploadResult,
  GetObjectResult,
  ListObjectsResult,
} from '../translate/bridge.ts'
import { S3Error } from '../translate/s3-error.ts'
import { fakeModified } from './fake-bridge.test-support.ts'
import { slowXmlGraceMs, slowXmlSpaceMs } from './reply.ts'
import {
  createManualWait,
  element,
  type Serving,
  statusOf,
  withServing,
} from './serving.test-support.ts'

const test = suite('reply')

const head = (method: string, target: string, ...headers: string[]) =>
  `${[`${method} ${target} HTTP/1.1`, 'Host: x', 'Authorization: yes', ...headers].join('\r\n')}\r\n\r\n`

/** An object of `sizeBytes` whose bytes come from `stream`. */
function serving(stream: Readable, sizeBytes: number): { getObject: Bridge['getObject'] } {
  const object: GetObjectResult['object'] = {
    key: 'k',
    sizeBytes,
    modified: fakeModified,
    ageFrom: new Date(0),
    etag: 'e',
    metadata: { user: {} },
    checksums: undefined,
    partCount: undefined,
    tags: [],
    storageClass: 'STANDARD',
    acl: undefined,
  }
  return { getObject: async () => ({ object, range: undefined, stream }) }
}

async function* chunks(count: number, sizeBytes: number, end?: Error): AsyncGenerator<Buffer> {
  for (let at = 0; at < count; at += 1) yield Buffer.alloc(sizeBytes, 'x')
  if (end !== undefined) throw end
}

test('a stream arrives whole, and the connection serves on', async () => {
  const stream = Readable.from(chunks(100, 10_000))
  await withServing({ overrides: serving(stream, 1_000_000) }, async ({ raw, logged }) => {
    const answer = await raw(
      head('GET', '/bucket/k') + head('HEAD', '/bucket', 'Connection: close'),
    )
    assert.match(answer, /content-length: 1000000\r\n/i)
    assert.is(answer.split('x'.repeat(1_000_000)).length, 2)
    assert.is(answer.split('HTTP/1.1 200').length, 3)
    const { bytesOut } = await logged(({ operation }) => operation === 'GetObject')
    assert.ok(Number(bytesOut) > 1_000_000)
  })
})

const brokenStreams: [what: string, stream: () => Readable, code: string][] = [
  ['fails', () => Readable.from(chunks(3, 10, new Error('lost upstream'))), 'InternalError'],
  [
    'fails at once',
    () => Readable.from(chunks(0, 10, new Error('lost upstream'))),
    'InternalError',
  ],
  [
    'fails with a code',
    () => Readable.from(chunks(3, 10, new S3Error('ServiceUnavailable'))),
    'ServiceUnavailable',
  ],
  ['ends early', () => Readable.from(chunks(9, 10)), 'InternalError'],
  ['ends empty', () => Readable.from([]), 'InternalError'],
  ['is too long', () => Readable.from(chunks(11, 10)), 'InternalError'],
]
for (const [what, stream, code] of brokenStreams) {
  test(`a stream that ${what} cuts the connection, and the log says why`, async () => {
    await withServing({ overrides: serving(stream(), 100) }, async ({ connect, logged }) => {
      const socket = await connect()
      socket.write(head('GET', '/bucket/k'))
      const seen = await text(socket).catch(() => '')
      assert.ok(!seen.includes('x'.repeat(100)))
      const line = await logged(({ operation }) => operation === 'GetObject')
      assert.equal([line.level, line.status, line.code], ['error', 200, code])
      assert.ok(line.err)
    })
  })
}

test('a client that goes away ends the stream behind, and is no error', async () => {
  const stream = Readable.from(chunks(10_000, 100_000))
  await withServing({ overrides: serving(stream, 1e9) }, async ({ connect, logged }) => {
    const socket = await connect()
    socket.write(head('GET', '/bucket/k'))
    await once(socket, 'readable')
    socket.destroy()
    const line = await logged(({ status }) => status === 499)
    assert.is(line.level, 'info')
    assert.ok(stream.destroyed)
  })
})

test('a client that takes no bytes is not waited for, and the source is not drained', async () => {
  const stream = Readable.from(chunks(10_000, 100_000))
  const options = { overrides: serving(stream, 1e9), idleTimeoutMs: 100 }
  await withServing(options, async ({ connect, logged }) => {
    const socket = await connect()
    socket.pause()
    socket.write(head('GET', '/bucket/k'))
    const line = await logged(({ status }) => status === 499)
    assert.ok(Number(line.bytesOut) < 100_000_000)
    assert.ok(stream.destroyed)
    socket.destroy()
  })
})

/** Resolves when what was idle before it was called has been so for longer than the limit: another client is cut by then. */
async function idleLimitPasses({ connect, logged }: Serving): Promise<void> {
  const socket = await connect()
  socket.pause()
  socket.write(head('GET', '/bucket/endless'))
  await logged(({ key, status }) => key === 'endless' && status === 499)
  socket.destroy()
}

/** Objects by their keys, and `endless`, which is. */
function servingMany(streams: Record<string, () => [Readable, number]>): Partial<Bridge> {
  return {
    getObject: async (input, context) => {
      const endless: [Readable, number] = [Readable.from(chunks(10_000, 100_000)), 1e9]
      const [stream, sizeBytes] = streams[input.key]?.() ?? endless
      return await serving(stream, sizeBytes).getObject(input, context)
    },
  }
}

test('a client that waits for bytes that do not come yet is not cut, however long that takes', async () => {
  const came = Promise.withResolvers<void>()
  async function* stalling() {
    yield Buffer.from('some ')
    await came.promise
    yield Buffer.from('more')
  }
  const overrides = servingMany({ k: () => [Readable.from(stalling()), 9] })
  await withServing({ overrides, idleTimeoutMs: 100 }, async (serving) => {
    const socket = await serving.connect()
    const answer = text(socket)
    socket.write(head('GET', '/bucket/k', 'Connection: close'))
    await once(socket, 'readable')
    await idleLimitPasses(serving)
    came.resolve()
    assert.match(await answer, /\r\n\r\nsome more$/)
    const line = await serving.logged(({ key }) => key === 'k')
    assert.equal([line.status, line.level], [200, 'info'])
  })
})

test('a client that takes nothing is cut, also when it had to wait before', async () => {
  const came = Promise.withResolvers<void>()
  async function* stalling() {
    yield Buffer.from('some ')
    await came.promise
    yield* chunks(10_000, 100_000)
  }
  const overrides = servingMany({ k: () => [Readable.from(stalling()), 1e9] })
  await withServing({ overrides, idleTimeoutMs: 100 }, async (serving) => {
    const socket = await serving.connect()
    socket.write(head('GET', '/bucket/k'))
    await once(socket, 'readable')
    await idleLimitPasses(serving)
    socket.pause()
    came.resolve()
    assert.is((await serving.logged(({ key }) => key === 'k')).status, 499)
    socket.destroy()
  })
})

test('the next request on a connection has all the time that its answer takes', async () => {
  const asked = Promise.withResolvers<void>()
  const came = Promise.withResolvers<void>()
  const { getObject } = servingMany({
    first: () => [Readable.from(chunks(1, 1)), 1],
    second: () => [Readable.from(chunks(1, 2)), 2],
  })
  assert.ok(getObject)
  const late: Bridge['getObject'] = async (input, context) => {
    if (input.key === 'second') {
      asked.resolve()
      await came.promise
    }
    return await getObject(input, context)
  }
  const options = { overrides: { getObject: late }, idleTimeoutMs: 100 }
  await withServing(options, async (serving) => {
    const socket = await serving.connect()
    const answer = text(socket)
    socket.write(head('GET', '/bucket/first') + head('GET', '/bucket/second', 'Connection: close'))
    await asked.promise
    await serving.logged(({ key }) => key === 'first')
    await idleLimitPasses(serving)
    came.resolve()
    assert.is((await answer).split('HTTP/1.1 200').length, 3)
  })
})

const complete = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>`
const completion =
  head('POST', '/bucket/k?uploadId=u', `Content-Length: ${complete.length}`) + complete

/** A completion that ends when the test says so. */
function slowly() {
  const result = Promise.withResolvers<CompleteMultipartUploadResult>()
  return { result, overrides: { completeMultipartUpload: () => result.promise } }
}

test('a slow answer that is ready soon has a length and its own status', async () => {
  const clock = createManualWait()
  const good = slowly()
  good.result.resolve({ etag: 'e-1', checksums: undefined })
  await withServing({ overrides: good.overrides, wait: clock.wait }, async ({ ask }) => {
    const { status, headers, text } = await ask('POST', '/bucket/k?uploadId=u', { body: complete })
    assert.is(status, 200)
    assert.is(Number(headers['content-length']), text.length)
    assert.is(element(text, 'ETag'), '&quot;e-1&quot;')
  })
  const completeMultipartUpload = () => Promise.reject(new S3Error('NoSuchUpload'))
  await withServing(
    { overrides: { completeMultipartUpload }, wait: clock.wait },
    async ({ ask }) => {
      assert.is((await ask('POST', '/bucket/k?uploadId=u', { body: complete })).status, 404)
    },
  )
})

const slowEnds: [what: string, expected: RegExp, code: string | undefined, error?: Error][] = [
  ['its result', /<CompleteMultipartUploadResult.*e-1.*Result>$/, undefined],
  ['an error', /<Error><Code>InvalidPart<.*<\/Error>$/, 'InvalidPart', new S3Error('InvalidPart')],
  ['an unknown error', /<Error><Code>InternalError<.*<\/Error>$/, 'InternalError', new Error('x')],
]
for (const [what, expected, code, error] of slowEnds) {
  test(`a slow answer keeps the connection alive until it ends with ${what}`, async () => {
    const clock = createManualWait()
    const { result, overrides } = slowly()
    await withServing({ overrides, wait: clock.wait }, async ({ connect, loggedLines }) => {
      const socket = await connect()
      socket.write(completion)
      await clock.pass(slowXmlGraceMs)
      await clock.pass(slowXmlSpaceMs)
      await clock.pass(slowXmlSpaceMs)
      let seen = ''
      let isSettled = false
      for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
        seen += bytes.toString()
        // Both blanks have come before the end was known.
        if (!isSettled && seen.match(/1\r\n \r\n/g)?.length === 2) {
          isSettled = true
          if (error === undefined) result.resolve({ etag: 'e-1', checksums: undefined })
          else result.reject(error)
        }
        if (seen.endsWith('0\r\n\r\n')) break
      }
      assert.is(statusOf(seen), 200)
      const document = seen
        .slice(seen.indexOf('\r\n\r\n') + 4)
        .replace(/(^|\r\n)[0-9a-f]+\r\n/g, '')
        .trimEnd()
      assert.match(document, /^<\?xml version="1.0" encoding="UTF-8"\?>\n {2}</)
      assert.match(document, expected)
      // The connection serves on.
      socket.end(head('HEAD', '/bucket', 'Connection: close'))
      assert.is(statusOf(await text(socket)), 200)
      const [line] = await loggedLines(2)
      assert.equal([line?.status, line?.code], [200, code])
    })
  })
}

for (const path of ['/bucket?list-type=2', '/bucket', '/bucket?versions']) {
  test(`a listing that takes long is waited for, and cut when it fails late: ${path}`, async () => {
    for (const end of ['page', 'failure'] as const) {
      const clock = createManualWait()
      const page = Promise.withResolvers<ListObjectsResult>()
      const overrides = { listObjects: () => page.promise }
      await withServing({ overrides, wait: clock.wait }, async ({ connect, loggedLines }) => {
        const socket = await connect()
        socket.write(head('GET', path))
        await clock.pass(slowXmlGraceMs)
        await clock.pass(slowXmlSpaceMs)
        let seen = ''
        let isSettled = false
        for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
          seen += bytes.toString()
          if (!isSettled && seen.includes('1\r\n \r\n')) {
            isSettled = true
            if (end === 'page') page.resolve({ entries: [], nextAfter: undefined })
            else page.reject(new S3Error('ServiceUnavailable'))
          }
          if (seen.endsWith('0\r\n\r\n')) break
        }
        assert.is(statusOf(seen), 200)
        const isWhole = /<List\w+Result[\s\S]*<\/List\w+Result>/.test(seen)
        assert.equal([isWhole, seen.endsWith('0\r\n\r\n')], [end === 'page', end === 'page'])
        socket.destroy()
        const [line] = await loggedLines(1)
        const code = end === 'page' ? undefined : 'ServiceUnavailable'
        assert.equal([line?.status, line?.code], [200, code])
      })
    }
  })
}

test('what keeps a connection alive may come less often than a client may idle', async () => {
  const clock = createManualWait()
  const page = Promise.withResolvers<ListObjectsResult>()
  const overrides = { ...servingMany({}), listObjects: () => page.promise }
  await withServing({ overrides, wait: clock.wait, idleTimeoutMs: 100 }, async (serving) => {
    const socket = await serving.connect()
    const answer = text(socket)
    socket.write(head('GET', '/bucket?list-type=2', 'Connection: close'))
    await clock.pass(slowXmlGraceMs)
    await once(socket, 'readable')
    await idleLimitPasses(serving)
    page.resolve({ entries: [], nextAfter: undefined })
    assert.match(await answer, /<\/ListBucketResult>\r\n0\r\n\r\n$/)
  })
})

test('a listing that fails at once has the status of its failure', async () => {
  const listObjects = () => Promise.reject(new S3Error('ServiceUnavailable'))
  await withServing({ overrides: { listObjects } }, async ({ ask }) => {
    assert.is((await ask('GET', '/bucket?list-type=2')).status, 503)
  })
})

test('a client that goes away while it waits is no error, and neither is what comes later', async () => {
  const clock = createManualWait()
  const { result, overrides } = slowly()
  await withServing({ overrides, wait: clock.wait }, async ({ connect, logged }) => {
    const socket = await connect()
    socket.write(completion)
    await clock.pass(slowXmlGraceMs)
    await once(socket, 'readable')
    socket.destroy()
    await logged(({ status, level }) => status === 499 && level === 'info')
    result.reject(new Error('too late'))
  })
})

test('a refused body of any size lets the answer through, and closes the connection', async () => {
  await withServing({}, async ({ ask, bridge, loggedLines }) => {
    for (const size of [1, 100_000, 4_000_000]) {
      const body = Buffer.alloc(size)
      const { status, headers, text } = await ask('PUT', '/bucket/k?retention', { body })
      assert.equal([status, element(text, 'Code')], [501, 'NotImplemented'])
      if (size > 100_000) assert.is(headers.connection, 'close')
    }
    assert.equal(bridge.calls, [])
    await loggedLines(3)
  })
})

test('a body that never ends is given up, after the answer', async () => {
  const clock = createManualWait()
  await withServing({ wait: clock.wait }, async ({ connect, logged }) => {
    const socket = await connect()
    socket.write(`${head('PUT', '/bucket/k?retention', 'Content-Length: 1000000000')}some`)
    let seen = ''
    for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
      seen += bytes.toString()
      if (seen.endsWith('</Error>')) break
    }
    assert.is(statusOf(seen), 501)
    await clock.pass(1000)
    await text(socket)
    await logged(({ status }) => status === 501)
  })
})

test('a client that never stops sending does not keep the server reading', async () => {
  const clock = createManualWait()
  await withServing({ wait: clock.wait }, async ({ connect, logged }) => {
    const socket = await connect()
    const piece = Buffer.alloc(1024 * 1024)
    socket.on('error', () => undefined)
    socket.write(head('PUT', '/bucket/k?retention', 'Content-Length: 1000000000'))
    socket.resume()
    // Until the server takes no more.
    let sentBytes = 0
    const isTaken = () => !socket.destroyed && sentBytes < 64 * 1024 * 1024
    while (isTaken()) {
      sentBytes += piece.length
      if (!socket.write(piece) && socket.writableLength > 16 * 1024 * 1024) break
      await new Promise(setImmediate)
    }
    await clock.pass(1000)
    const line = await logged(({ status }) => status === 501)
    assert.ok(Number(line.bytesIn) < 32 * 1024 * 1024)
    socket.destroy()
  })
})

test('a refusal without a body keeps the connection', async () => {
  await withServing({}, async ({ raw }) => {
    const answer = await raw(
      head('DELETE', '/bucket/k?annotation') +
        head('GET', '/bucket/none') +
        head('HEAD', '/', 'Connection: close'),
    )
    assert.equal(
      [...answer.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1]),
      ['501', '404', '405'],
    )
  })
})

test('a header that Node refuses becomes InternalError, and the stream is closed', async () => {
  const stream = Readable.from(chunks(1, 10))
  const { getObject } = serving(stream, 10)
  const odd: Bridge['getObject'] = async (input, context) => {
    const result = await getObject(input, context)
    return { ...result, object: { ...result.object, etag: 'a\r\nb' } }
  }
  await withServing({ overrides: { getObject: odd } }, async ({ ask }) => {
    const { status, headers } = await ask('GET', '/bucket/k')
    assert.is(status, 500)
    assert.is(headers['content-type'], 'application/xml')
    assert.is(headers['last-modified'], undefined)
    assert.ok(stream.destroyed)
  })
})

test.run()
