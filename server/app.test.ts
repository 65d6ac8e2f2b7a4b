import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RequestContext } from '../translate/bridge.ts'
import { S3Error } from '../translate/s3-error.ts'
import { rootHolder } from './access/holder.test-support.ts'
import { element, statusOf, withServing } from './serving.test-support.ts'

const test = suite('app')

const head = (method: string, target: string, ...headers: string[]) =>
  `${[`${method} ${target} HTTP/1.1`, 'Host: x', 'Authorization: yes', ...headers].join('\r\n')}\r\n\r\n`

/** Reads until `pattern` has been seen; the connection stays open. */
async function readUntil(socket: AsyncIterable<Buffer>, pattern: RegExp): Promise<string> {
  let seen = ''
  for await (const bytes of socket) {
    seen += bytes.toString('latin1')
    if (pattern.test(seen)) break
  }
  return seen
}

const kept = (socket: Readable) => socket.iterator({ destroyOnReturn: false })

test('an error is a document with its ids, and HEAD has none', async () => {
  await withServing({}, async ({ ask }) => {
    const { status, headers, text } = await ask('GET', '/bucket/a%26b')
    assert.is(status, 404)
    assert.is(headers['content-type'], 'application/xml')
    assert.ok(
      text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'),
    )
    assert.is(element(text, 'Key'), 'a&amp;b')
    assert.is(element(text, 'Resource'), '/bucket/a&amp;b')
    assert.is(element(text, 'RequestId'), headers['x-amz-request-id'])
    assert.is(element(text, 'HostId'), headers['x-amz-id-2'])
    assert.match(String(headers['x-amz-request-id']), /^[0-9A-F]{16}$/)
    assert.is(headers.server, 'jotta-s3')
    assert.ok(headers.date)
    const silent = await ask('HEAD', '/bucket/a')
    assert.equal([silent.status, silent.text], [404, ''])
    assert.match(String(silent.headers['x-amz-request-id']), /^[0-9A-F]{16}$/)
  })
})

test('a header of which there can be one is not taken twice', async () => {
  await withServing({}, async ({ raw, bridge }) => {
    for (const name of ['Host', 'Authorization', 'Range', 'Content-Type', 'If-Modified-Since']) {
      const repeated = `${name}: a\r\n${name.toUpperCase()}: a\r\n`
      const host = name === 'Host' ? '' : 'Host: x\r\n'
      const answer = await raw(
        `GET /bucket/k HTTP/1.1\r\n${host}${repeated}Connection: close\r\n\r\n`,
      )
      assert.is(statusOf(answer), 400, name)
      assert.match(answer, `<Header>${name.toLowerCase()}</Header>`)
    }
    assert.equal(bridge.calls, [])
  })
})

test('who does not sign is refused, and of the bridge is asked at most whether a bucket may be there', async () => {
  await withServing({}, async ({ raw, bridge, loggedLines }) => {
    for (const target of [
      '/',
      '/bucket',
      '/bucket/k',
      '/bucket?delete',
      '/-/other',
      '/-',
      '*bad',
    ]) {
      for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
        const answer = await raw(
          `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        )
        const status = statusOf(answer)
        // Of what S3 has not, strangers are told as everybody is.
        const refusals = target.startsWith('/-') ? [403, 404, 405, 412] : [403, 405, 412, 400]
        const isRefused = refusals.includes(status)
        assert.ok(target === '*bad' ? status === 400 : isRefused, `${method} ${target}: ${status}`)
      }
    }
    const isGlance = ({ method }: { method: string }) => method === 'bucketMayExist'
    assert.ok(bridge.calls.every(isGlance))
    assert.is((await loggedLines(28)).length, 28)
  })
})

test('the real authentication stands where no other is given', async () => {
  const { authenticate } = await import('./authenticate.ts')
  await withServing({ authenticate }, async ({ ask }) => {
    const signed = {
      Authorization:
        'AWS4-HMAC-SHA256 Credential=NOBODY/20240101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00',
      'x-amz-date': '20240101T000000Z',
    }
    const { text } = await ask('GET', '/', { headers: signed })
    assert.is(element(text, 'Code'), 'RequestTimeTooSkewed')
    assert.is(element((await ask('GET', '/')).text, 'Code'), 'InvalidArgument')
  })
})

test('the health page is for those who do not sign, and takes nothing from S3', async () => {
  await withServing({}, async ({ raw, loggedLines, ask }) => {
    const get = (host: string) =>
      raw(`GET /-/healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    const answer = await get('x')
    assert.is(statusOf(answer), 200)
    assert.match(answer, /\r\n\r\n\{"status":"ok"\}\n$/)
    assert.is(statusOf(await get('bucket.s3.test')), 403)
    assert.is((await ask('GET', '/-/healthz')).status, 404)
    assert.is((await loggedLines(2)).length, 2)
  })
})

test('a dead login makes the health page a 503 that names the command', async () => {
  const health = { status: 'login-required', command: 'jotta-s3 login' } as const
  await withServing({ health: async () => health }, async ({ raw }) => {
    const answer = await raw('GET /-/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert.is(statusOf(answer), 503)
    assert.match(answer, /content-type: application\/json/i)
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), health)
  })
})

test('host style names the bucket', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    await ask('PUT', '/a//b', { headers: { Host: 'bucket.s3.test' }, body: 'x' })
    assert.ok(bridge.objects.has('bucket/a//b'))
  })
})

test('x-amz- parameters of a presigned query count as headers, checksums in it do not', async () => {
  const queryHeaders = {
    'x-amz-meta-color': 'blue',
    'x-amz-meta-both': 'query',
    'x-amz-checksum-crc32': 'AAAAAA==',
    'x-amz-sdk-checksum-algorithm': 'CRC32',
    'x-amz-checksum-mode': 'ENABLED',
  }
  const chunkSigning = { seedSignature: '', scope: '', timestamp: '', sign: () => '' }
  let extra = {}
  const authenticate = () => ({
    identity: { accessKeyId: 'KEY', ...rootHolder },
    payloadDeclaration: {
      contentSha256: 'UNSIGNED-PAYLOAD',
      mode: { kind: 'unsigned' } as const,
      chunkSigning,
    },
    queryHeaders: { ...queryHeaders, ...extra },
  })
  await withServing({ authenticate }, async ({ ask, bridge }) => {
    const put = await ask('PUT', '/bucket/k', {
      headers: { 'x-amz-meta-both': 'header' },
      body: 'x',
    })
    assert.is(put.status, 200)
    const { headers } = await ask('GET', '/bucket/k')
    assert.is(headers['x-amz-meta-color'], 'blue')
    assert.is(headers['x-amz-meta-both'], 'header')
    extra = { 'x-amz-copy-source': 'bucket/k' }
    assert.is((await ask('PUT', '/bucket/copy')).status, 200)
    assert.is(bridge.calls.at(-1)?.method, 'copyObject')
    extra = { 'x-amz-server-side-encryption': 'AES256' }
    assert.is((await ask('PUT', '/bucket/k', { body: 'x' })).status, 501)
  })
})

test('100 Continue comes when the body is first read, and not before a refusal', async () => {
  await withServing({}, async ({ connect, loggedLines }) => {
    const expecting = ['Content-Length: 5', 'Expect: 100-continue']
    const good = await connect()
    good.write(head('PUT', '/bucket/k', ...expecting))
    assert.is(await readUntil(kept(good), /\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n')
    good.write('hello')
    assert.is(statusOf(await readUntil(kept(good), /\r\n\r\n/)), 200)
    // The connection is as good as new.
    good.end(head('GET', '/bucket/k', 'Connection: close'))
    assert.match(await text(good), /\r\n\r\nhello$/)
    for (const target of ['/bucket/k?retention', '/missing']) {
      const bad = await connect()
      bad.write(head(target === '/missing' ? 'DELETE' : 'PUT', target, ...expecting))
      const answer = await text(bad)
      assert.not.match(answer, /100 Continue/)
      assert.match(answer, /^HTTP\/1\.1 (501|404)/)
      assert.match(answer, /connection: close/i)
    }
    assert.is((await loggedLines(4)).length, 4)
  })
})

test('another expectation changes nothing of the answer', async () => {
  await withServing({}, async ({ raw }) => {
    for (const lines of [[], ['Expect: miracles'], ['Expect: 200'], ['Expect:']]) {
      const all = [...lines, 'Content-Length: 0', 'Connection: close']
      assert.match(await raw(head('PUT', '/bucket/k', ...all)), /^HTTP\/1\.1 200 OK/, lines[0])
    }
  })
})

const broken: [what: string, bytes: string, status: number, code: string][] = [
  ['no HTTP', 'hello\r\n\r\n', 400, 'BadRequest'],
  ['a header without name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400, 'BadRequest'],
  ['two lengths', head('PUT', '/b/k', 'Content-Length: 1', 'Content-Length: 2'), 400, 'BadRequest'],
  [
    'length and chunked',
    head('PUT', '/b/k', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    400,
    'BadRequest',
  ],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nX: ${'x'.repeat(200_000)}`,
    400,
    'RequestHeaderSectionTooLarge',
  ],
  [
    'many headers',
    `GET / HTTP/1.1\r\n${'X: xxxxxxxxxxxxxxxxxxxx\r\n'.repeat(3000)}`,
    400,
    'RequestHeaderSectionTooLarge',
  ],
  [
    'no host',
    'GET / HTTP/1.1\r\nAuthorization: yes\r\nConnection: close\r\n\r\n',
    400,
    'BadRequest',
  ],
]
for (const [what, bytes, status, code] of broken) {
  test(`${what} is answered as an S3 error`, async () => {
    await withServing({}, async ({ raw, ask, loggedLines }) => {
      const answer = await raw(bytes)
      assert.is(statusOf(answer), status)
      assert.is(element(answer, 'Code'), code)
      assert.match(answer, /connection: close/i)
      assert.is(element(answer, 'RequestId'), (await loggedLines(1))[0]?.requestId)
      assert.is((await ask('GET', '/')).status, 200)
    })
  })
}

test('a body that ends early is IncompleteBody, and stores nothing', async () => {
  await withServing({}, async ({ connect, bridge, logged }) => {
    const socket = await connect()
    socket.end(`${head('PUT', '/bucket/k', 'Content-Length: 100')}some`)
    const answer = await text(socket)
    assert.is(statusOf(answer), 400)
    assert.is(element(answer, 'Code'), 'IncompleteBody')
    await logged(({ operation }) => operation === 'PutObject')
    assert.is(bridge.objects.size, 0)
  })
})

test('a connection that is cut in a body stores nothing', async () => {
  await withServing({}, async ({ connect, bridge, logged }) => {
    const socket = await connect()
    socket.write(`${head('PUT', '/bucket/k', 'Content-Length: 100', 'Expect: 100-continue')}`)
    await readUntil(kept(socket), /100 Continue/)
    socket.destroy()
    await logged(({ operation, status }) => operation === 'PutObject' && status === 499)
    assert.is(bridge.objects.size, 0)
  })
})

test('a client that falls silent in its body gets RequestTimeout', async () => {
  await withServing({ idleTimeoutMs: 50 }, async ({ connect, bridge }) => {
    const socket = await connect()
    socket.write(`${head('PUT', '/bucket/k', 'Content-Length: 100')}some`)
    const answer = await readUntil(kept(socket), /<\/Error>/)
    assert.is(element(answer, 'Code'), 'RequestTimeout')
    socket.destroy()
    assert.is(bridge.objects.size, 0)
  })
})

test('a broken second request never mixes its answer into the first', async () => {
  await withServing({}, async ({ raw, ask }) => {
    await ask('PUT', '/bucket/k', { body: 'hello' })
    const answer = await raw(`${head('GET', '/bucket/k')}hello\r\n\r\n`)
    assert.is(answer.split('HTTP/1.1 ').length, 2)
    assert.ok(statusOf(answer) === 200 || statusOf(answer) === 400)
  })
})

test('the log has one line for each request, without secrets', async () => {
  await withServing({}, async ({ ask, loggedLines }) => {
    await ask('PUT', '/bucket/a%20b?X-Amz-Signature=SECRET&x-id=PutObject', { body: 'hello' })
    await ask('GET', '/bucket/none', {
      headers: { 'x-amz-meta-a': 'SECRET', Authorization: 'SECRET' },
    })
    const lines = await loggedLines(2)
    assert.not.match(JSON.stringify(lines), /SECRET/)
    const [put, get] = lines
    assert.is(put?.operation, 'PutObject')
    assert.is(put?.bucket, 'bucket')
    assert.is(put?.key, 'a b')
    assert.is(put?.status, 200)
    assert.is(put?.accessKeyId, 'KEY')
    assert.is(put?.upstreamCalls, 0)
    assert.is(put?.remoteAddress, '127.0.0.1')
    assert.match(String(put?.requestId), /^[0-9A-F]{16}$/)
    for (const name of ['bytesIn', 'bytesOut']) assert.ok(Number(put?.[name]) > 50, name)
    assert.ok(Number.isInteger(put?.ms))
    assert.equal([get?.status, get?.code, get?.level], [404, 'NoSuchKey', 'info'])
  })
})

test('what nobody expected is InternalError for the client and whole in the log', async () => {
  const getObject = async (_: unknown, context: RequestContext) => {
    context.counter.upstreamCalls += 3
    throw new Error('private detail', { cause: new Error('deeper') })
  }
  const headBucket = async () => {
    throw new S3Error('ServiceUnavailable', { cause: new Error('upstream said 502') })
  }
  await withServing({ overrides: { getObject, headBucket } }, async ({ ask, loggedLines }) => {
    const { status, text } = await ask('GET', '/bucket/k')
    assert.equal([status, element(text, 'Code')], [500, 'InternalError'])
    assert.not.match(text, /private/)
    assert.is((await ask('HEAD', '/bucket')).status, 503)
    const [unknown, unavailable] = await loggedLines(2)
    assert.equal(
      [unknown?.level, unknown?.code, unknown?.upstreamCalls],
      ['error', 'InternalError', 3],
    )
    assert.match(JSON.stringify(unknown), /private detail.*deeper/)
    assert.equal([unavailable?.status, unavailable?.code], [503, 'ServiceUnavailable'])
    assert.match(JSON.stringify(unavailable), /upstream said 502/)
  })
})

test('a client that goes away aborts the work, and is logged as that', async () => {
  const waiting = Promise.withResolvers<void>()
  const getObject = (_: unknown, { signal }: RequestContext) => {
    waiting.resolve()
    const { promise, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(signal.reason))
    return promise
  }
  await withServing({ overrides: { getObject } }, async (serving) => {
    const socket = await serving.connect()
    socket.write(head('GET', '/bucket/k'))
    await waiting.promise
    socket.destroy()
    const line = await serving.logged(({ status }) => status === 499)
    assert.equal([line.level, line.operation, line.code], ['info', 'GetObject', undefined])
  })
})

test('a page of the server’s own does not keep a connection for a body that never comes', async () => {
  const metrics = { token: 'x'.repeat(16), contentType: 'text/plain', render: async () => '' }
  await withServing({ metrics }, async ({ connect }) => {
    for (const path of ['/-/healthz', '/-/metrics']) {
      const socket = await connect()
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n`)
      assert.match(String(await once(socket, 'data')), /\r\nConnection: close\r\n/)
      socket.destroy()
    }
  })
})

test.run()
