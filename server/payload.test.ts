// Bodies over real sockets: hand-made requests for what no SDK sends, then the SDK itself.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { DeleteObjectsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ObjectBody } from '../translate/bridge.ts'
import { S3Error } from '../translate/s3-error.ts'
import { rootHolder } from './access/holder.test-support.ts'
import { authenticate } from './authenticate.ts'
import type { Payload } from './operation.ts'
import { createPayload, parseContentEncoding } from './payload.ts'
import { type PayloadMode, parsePayloadMode } from './payload-declaration.ts'

const test = suite('payload')

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** Runs a server for one request after the other; `failure` is what a handler threw last. */
async function withServer(handler: Handler, act: (port: number) => Promise<void>): Promise<void> {
  const running: Promise<void>[] = []
  const server = createServer((req, res) => {
    const done = handler(req, res).finally(() => res.end())
    // Awaited below, where its failure becomes that of the test.
    done.catch(() => undefined)
    running.push(done)
  })
  server.on('checkContinue', (req, res) => server.emit('request', req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await act((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  await Promise.all(running)
}

type Outcome = {
  code: string
  bytes: Buffer
  continued: number
  body: ObjectBody | undefined
}

type Sent = {
  headers: Record<string, string>
  body?: string | Buffer
  mode?: string
  use?: (payload: Payload) => Promise<Buffer>
  idleTimeoutMs?: number
  /** What the client does once it has sent the body and the server begins to read it. */
  onReading?: (socket: Socket) => void
}

/** Reads `open()` to its end. */
function readObject(seen: { body: ObjectBody | undefined }) {
  return async (payload: Payload): Promise<Buffer> => {
    seen.body = payload.open()
    return Buffer.concat(await Array.fromAsync<Buffer>(seen.body.stream))
  }
}

/** Sends one request byte for byte and gives what the payload made of it. */
async function send(sent: Sent): Promise<Outcome> {
  const outcome: Outcome = { code: 'ok', bytes: Buffer.alloc(0), continued: 0, body: undefined }
  let onContinue = (): void => undefined
  await withServer(
    async (req, res) => {
      const abort = new AbortController()
      res.once('close', () => {
        if (!res.writableFinished) abort.abort()
      })
      const payload = createPayload({
        req,
        headers: req.headers,
        declaration: {
          contentSha256: sent.mode ?? 'UNSIGNED-PAYLOAD',
          mode: parsePayloadMode(sent.mode ?? 'UNSIGNED-PAYLOAD'),
          chunkSigning: { seedSignature: '', scope: '', timestamp: '', sign: () => '' },
        },
        signal: abort.signal,
        onContinue: () => {
          outcome.continued += 1
          onContinue()
        },
        idleTimeoutMs: sent.idleTimeoutMs ?? 20_000,
        maxObjectBytes: 1000_000,
      })
      try {
        outcome.bytes = await (sent.use ?? readObject(outcome))(payload)
      } catch (error) {
        if (!(error instanceof S3Error)) throw error
        outcome.code = error.code
      }
    },
    async (port) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      const head = Object.entries({ Host: 'h', Connection: 'close', ...sent.headers })
      const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      socket.write(`PUT /b/k HTTP/1.1\r\n${lines}\r\n`)
      socket.write(sent.body ?? '')
      onContinue = () => sent.onReading?.(socket)
      socket.resume()
      await once(socket, 'close')
    },
  )
  return outcome
}

const chunked = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const md5 = (text: string) => createHash('md5').update(text)

test('a body with a length comes through, with its digests', async () => {
  const outcome = await send({
    headers: {
      'Content-Length': '5',
      'Content-MD5': md5('hello').digest('base64'),
      'x-amz-checksum-crc32': 'NhCmhg==',
    },
    body: 'hello',
    mode: sha256('hello'),
  })
  assert.is(outcome.code, 'ok')
  assert.is(outcome.bytes.toString(), 'hello')
  assert.is(outcome.body?.sizeBytes, 5)
  assert.is(outcome.body?.md5, md5('hello').digest('hex'))
  assert.equal(outcome.body?.checksums(), { CRC32: 'NhCmhg==' })
  assert.is(outcome.continued, 1)
})

test('an empty body is checked too', async () => {
  const headers = { 'Content-Length': '0' }
  assert.is((await send({ headers, mode: sha256('') })).code, 'ok')
  assert.is((await send({ headers, mode: sha256('a') })).code, 'XAmzContentSHA256Mismatch')
  const crc = { ...headers, 'x-amz-checksum-crc32c': 'AAAAAA==' }
  assert.equal((await send({ headers: crc })).body?.checksums(), { CRC32C: 'AAAAAA==' })
})

test('wrong digests fail before the last bytes leave', async () => {
  const cases: readonly [
    headers: Record<string, string>,
    mode: string | undefined,
    code: string,
  ][] = [
    [{}, sha256('hellO'), 'XAmzContentSHA256Mismatch'],
    [{ 'x-amz-checksum-crc32': 'NhCmhw==' }, undefined, 'BadDigest'],
    [{ 'x-amz-checksum-sha1': `${'A'.repeat(27)}=` }, undefined, 'BadDigest'],
    [{ 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, undefined, 'BadDigest'],
  ]
  for (const [headers, mode, code] of cases) {
    let received = 0
    const outcome = await send({
      headers: { 'Content-Length': '200000', ...headers },
      body: Buffer.alloc(200_000),
      ...(mode === undefined ? {} : { mode }),
      use: async (payload) => {
        for await (const bytes of payload.open().stream) received += bytes.length
        return Buffer.alloc(0)
      },
    })
    assert.is(outcome.code, code)
    assert.ok(received < 200_000, `${received} bytes left`)
  }
})

test('lengths and headers that do not hold are refused before anything is read', async () => {
  const cases: readonly [headers: Record<string, string>, code: string, mode?: string][] = [
    [{}, 'MissingContentLength'],
    [{ 'Transfer-Encoding': 'chunked' }, 'NotImplemented'],
    [{ 'Transfer-Encoding': 'chunked' }, 'MissingContentLength', chunked],
    [{ 'Content-Length': '9' }, 'MissingContentLength', chunked],
    [{ 'Content-Length': '9', 'x-amz-decoded-content-length': '-1' }, 'InvalidArgument', chunked],
    [{ 'Content-Length': '9', 'x-amz-decoded-content-length': '1e1' }, 'InvalidArgument', chunked],
    [{ 'Content-Length': '9', 'x-amz-decoded-content-length': '9' }, 'InvalidRequest', chunked],
    [{ 'Content-Length': '1000001' }, 'EntityTooLarge'],
    [{ 'Content-Length': '1', 'Content-MD5': 'x' }, 'InvalidDigest'],
    [{ 'Content-Length': '1', 'x-amz-checksum-crc32': 'x' }, 'InvalidRequest'],
    [{ 'Content-Length': '1', 'x-amz-trailer': 'x-amz-checksum-crc32' }, 'InvalidRequest'],
    [{ 'Content-Length': '1', 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'InvalidRequest'],
  ]
  for (const [headers, code, mode] of cases) {
    const outcome = await send({
      headers,
      ...(mode === undefined ? {} : { mode }),
    })
    assert.is(outcome.code, code, JSON.stringify(headers))
    assert.is(outcome.continued, 0)
  }
})

test('aws-chunked bodies come decoded, with or without a length of the whole', async () => {
  const body = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n'
  const http = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  const announced = {
    'x-amz-decoded-content-length': '5',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  }
  const forms: readonly Sent[] = [
    { headers: { ...announced, 'Content-Length': String(body.length) }, body },
    { headers: { ...announced, 'Transfer-Encoding': 'chunked' }, body: http },
  ]
  for (const form of forms) {
    const outcome = await send({ ...form, mode: chunked })
    assert.is(outcome.code, 'ok')
    assert.is(outcome.bytes.toString(), 'hello')
    assert.is(outcome.body?.sizeBytes, 5)
    assert.equal(outcome.body?.checksums(), { CRC32: 'NhCmhg==' })
    const wrong = { ...form, body: String(form.body).replace('NhCm', 'NhCn') }
    assert.is((await send({ ...wrong, mode: chunked })).code, 'BadDigest')
    const short = { ...form, body: String(form.body).replace('NhCmhg==', 'NhCmhg=x') }
    assert.is((await send({ ...short, mode: chunked })).code, 'InvalidRequest')
  }
  const inner = body.slice(0, -9)
  const cut = await send({
    headers: { ...announced, 'Content-Length': String(inner.length) },
    body: inner,
    mode: chunked,
  })
  assert.is(cut.code, 'IncompleteBody')
  assert.equal(cut.body?.checksums(), {})
})

test('a client that goes away leaves an incomplete body', async () => {
  for (const leave of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.end()]) {
    const outcome = await send({
      headers: { 'Content-Length': '100000' },
      body: 'hello',
      onReading: leave,
    })
    assert.is(outcome.code, 'IncompleteBody')
  }
})

test('a client that falls silent is given up', async () => {
  const outcome = await send({
    headers: { 'Content-Length': '10' },
    body: 'hello',
    idleTimeoutMs: 30,
  })
  assert.is(outcome.code, 'RequestTimeout')
})

test('after a failure the rest stays unread and the answer still goes out', async () => {
  await withServer(
    async (req, res) => {
      const payload = createPayload({
        req,
        headers: req.headers,
        declaration: {
          contentSha256: chunked,
          mode: parsePayloadMode(chunked),
          chunkSigning: { seedSignature: '', scope: '', timestamp: '', sign: () => '' },
        },
        signal: new AbortController().signal,
        onContinue: () => undefined,
        idleTimeoutMs: 20_000,
        maxObjectBytes: 1e12,
      })
      const error = await readObject({ body: undefined })(payload).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      assert.instance(error, S3Error)
      assert.not.ok(req.destroyed)
      assert.not.ok(req.readableEnded)
      res.writeHead(400, { Connection: 'close', 'x-code': (error as S3Error).code })
    },
    async (port) => {
      const socket = connect(port, '127.0.0.1')
      socket.write(
        'PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\nx-amz-decoded-content-length: 9\r\n\r\nnonsense\r\n',
      )
      const [answer] = (await once(socket, 'data')) as [Buffer]
      assert.match(answer.toString(), 'x-code: InvalidRequest')
      socket.destroy()
      await once(socket, 'close')
    },
  )
})

test('a body given up early does no harm', async () => {
  const outcome = await send({
    headers: { 'Content-Length': '1000000' },
    body: Buffer.alloc(1000_000),
    use: async (payload) => {
      for await (const bytes of payload.open().stream) return Buffer.from(bytes)
      return Buffer.alloc(0)
    },
  })
  assert.is(outcome.code, 'ok')
  assert.ok(outcome.bytes.length > 0 && outcome.bytes.length < 1000_000)
})

test('an aborted signal ends the wait with its own S3Error', async () => {
  await withServer(
    async (req) => {
      const abort = new AbortController()
      const payload = createPayload({
        req,
        headers: req.headers,
        declaration: {
          contentSha256: '',
          mode: { kind: 'unsigned' } satisfies PayloadMode,
          chunkSigning: { seedSignature: '', scope: '', timestamp: '', sign: () => '' },
        },
        signal: abort.signal,
        onContinue: () => setImmediate(() => abort.abort(new S3Error('ServiceUnavailable'))),
        idleTimeoutMs: 20_000,
        maxObjectBytes: 100,
      })
      const error = await readObject({ body: undefined })(payload).catch(
        (reason: unknown) => reason,
      )
      assert.is(error instanceof S3Error && error.code, 'ServiceUnavailable')
    },
    async (port) => {
      const socket = connect(port, '127.0.0.1')
      socket.write(
        'PUT /b/k HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10\r\n\r\n',
      )
      socket.resume()
      await once(socket, 'close')
    },
  )
})

test('text is bounded, checked and UTF-8', async () => {
  const text =
    (digest: 'required' | 'optional' | 'of-object') =>
    async (payload: Payload): Promise<Buffer> =>
      Buffer.from(await payload.text({ maxBytes: 10, digest }))
  const crc = { 'x-amz-checksum-crc32': 'NhCmhg==' }
  const badCrc = { 'x-amz-checksum-crc32': 'AAAAAA==' }
  const cases: readonly [
    headers: Record<string, string>,
    digest: 'required' | 'optional' | 'of-object',
    code: string,
    body?: Buffer,
  ][] = [
    [{}, 'optional', 'ok'],
    [{}, 'required', 'InvalidRequest'],
    [{ 'Content-MD5': md5('hello').digest('base64') }, 'required', 'ok'],
    [{ 'Content-MD5': md5('hellO').digest('base64') }, 'optional', 'BadDigest'],
    [crc, 'required', 'ok'],
    [badCrc, 'required', 'BadDigest'],
    [badCrc, 'optional', 'BadDigest'],
    [badCrc, 'of-object', 'ok'],
    [{ 'Content-Length': '11' }, 'optional', 'MaxMessageLengthExceeded'],
    [{}, 'optional', 'MalformedXML', Buffer.from('hell\xff', 'latin1')],
  ]
  for (const [headers, digest, code, body] of cases) {
    const outcome = await send({
      headers: { 'Content-Length': '5', ...headers },
      body: body ?? 'hello',
      use: text(digest),
    })
    assert.is(outcome.code, code, JSON.stringify([headers, digest]))
    if (code === 'ok') assert.is(outcome.bytes.toString(), 'hello')
  }
  const none = await send({ headers: {}, use: text('optional') })
  assert.equal([none.code, none.bytes.length], ['ok', 0])
})

test('aws-chunked is not part of the encoding that is kept', () => {
  const cases: readonly [header: string | undefined, kept: string | undefined][] = [
    [undefined, undefined],
    ['gzip', 'gzip'],
    ['gzip, br', 'gzip, br'],
    ['aws-chunked', undefined],
    ['AWS-Chunked', undefined],
    ['aws-chunked,gzip', 'gzip'],
    ['gzip, aws-chunked', 'gzip'],
    ['', ''],
  ]
  for (const [header, kept] of cases) assert.is(parseContentEncoding(header), kept, header)
})

const credentials = { accessKeyId: 'AK', secretAccessKey: 'SECRET' }

type Received = { text: string; mode: PayloadMode; checksums: object; headers: IncomingHttpHeaders }

/** A server that authenticates and reads like the real one, and a client of the SDK for it. */
async function withSdk(
  act: (client: S3Client, received: Received[], port: number) => Promise<void>,
): Promise<void> {
  const received: Received[] = []
  await withServer(
    async (req, res) => {
      const { payloadDeclaration, queryHeaders } = authenticate({
        method: req.method ?? '',
        rawTarget: req.url ?? '',
        rawHeaders: req.rawHeaders,
        headers: req.headers,
        credentials: () => ({ ...credentials, ...rootHolder }),
        now: new Date(),
      })
      const headers = { ...queryHeaders, ...req.headers }
      const payload = createPayload({
        req,
        headers,
        declaration: payloadDeclaration,
        signal: new AbortController().signal,
        onContinue: () => {
          if (req.headers.expect !== undefined) res.writeContinue()
        },
        idleTimeoutMs: 20_000,
        maxObjectBytes: 1e9,
      })
      const seen: { body: ObjectBody | undefined } = { body: undefined }
      const text =
        req.method === 'POST'
          ? await payload.text({ maxBytes: 10_000, digest: 'required' })
          : (await readObject(seen)(payload)).toString()
      const { mode } = payloadDeclaration
      received.push({ text, mode, checksums: seen.body?.checksums() ?? {}, headers })
      res.setHeader('ETag', '"x"')
      if (req.method === 'POST') res.write('<DeleteResult/>')
    },
    async (port) => {
      const client = new S3Client({
        endpoint: `http://127.0.0.1:${port}`,
        region: 'eu-north-1',
        forcePathStyle: true,
        credentials,
        maxAttempts: 1,
      })
      try {
        await act(client, received, port)
      } finally {
        client.destroy()
      }
    },
  )
}

test('what the SDK puts is what arrives, in each of its framings', async () => {
  await withSdk(async (client, received) => {
    const large = 'é'.repeat(100_000)
    const target = { Bucket: 'b', Metadata: { name: 'Ærø  æ' } }
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
      await client.send(
        new PutObjectCommand({ ...target, Key: 'a b+c/(d)//é', Body: 'hello', ChecksumAlgorithm }),
      )
      await client.send(
        new PutObjectCommand({
          ...target,
          Key: "!'*/..",
          Body: Readable.from([
            Buffer.from(large).subarray(0, 70_001),
            Buffer.from(large).subarray(70_001),
          ]),
          ContentLength: 200_000,
          ChecksumAlgorithm,
        }),
      )
      const [buffered, streamed] = received.slice(-2)
      assert.is(buffered?.text, 'hello')
      assert.is(buffered?.mode.kind, 'sha256')
      assert.is(streamed?.text, large)
      assert.is(streamed?.mode.kind, 'aws-chunked')
      assert.equal(Object.keys(buffered?.checksums ?? {}), [ChecksumAlgorithm])
      assert.equal(Object.keys(streamed?.checksums ?? {}), [ChecksumAlgorithm])
    }
    await client.send(new PutObjectCommand({ ...target, Key: 'empty', Body: '' }))
    assert.is(received.at(-1)?.text, '')
    const Objects = [{ Key: 'x' }]
    await client.send(new DeleteObjectsCommand({ Bucket: 'b', Delete: { Objects } }))
    assert.match(received.at(-1)?.text ?? '', '<Key>x</Key>')
  })
})

test('a URL that the SDK presigned is good for a plain client', async () => {
  await withSdk(async (client, received) => {
    const command = new PutObjectCommand({
      Bucket: 'b',
      Key: "a//b+c '(é)",
      Body: 'hello',
      Metadata: { color: 'red' },
    })
    const url = await getSignedUrl(client, command, { expiresIn: 60 })
    const outgoing = request(url, { method: 'PUT' }).end('hello')
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    await Array.fromAsync(response)
    const [got] = received
    assert.is(got?.text, 'hello')
    assert.is(got?.mode.kind, 'unsigned')
    assert.is(got?.headers['x-amz-meta-color'], 'red')
  })
})

test.run()
