// HTTP messages that are framed wrongly: lengths, codings, heads, lines. Node's parser refuses most of
// them; what counts is that each is answered as an S3 error and that no byte of a refused body is ever
// taken for a request.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  expectError,
  expectRefusal,
  expectSane,
  oldContent,
  type RawBridge,
  type RawHead,
  withRawBridge,
} from '../support/raw-bridge.ts'
import { withConnection } from '../support/raw-connection.ts'

const test = suite('raw framing')
const put = { method: 'PUT', path: '/bucket/key' } as const

type Case = readonly [what: string, lines: readonly string[], status: number, code: string]

const lengths: readonly Case[] = [
  ['no length', [], 411, 'MissingContentLength'],
  ['a negative length', ['Content-Length: -1'], 400, 'BadRequest'],
  ['a length that is no number', ['Content-Length: five'], 400, 'BadRequest'],
  ['a length in hex', ['Content-Length: 0x5'], 400, 'BadRequest'],
  ['a length with a sign', ['Content-Length: +5'], 400, 'BadRequest'],
  ['a length past all numbers', ['Content-Length: 99999999999999999999999'], 400, 'BadRequest'],
  ['a list of lengths', ['Content-Length: 5, 5'], 400, 'BadRequest'],
  ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 400, 'BadRequest'],
  ['one length twice', ['Content-Length: 5', 'Content-Length: 5'], 400, 'BadRequest'],
  [
    'a length and chunked coding',
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    400,
    'BadRequest',
  ],
  ['a coding that hides the end', ['Transfer-Encoding: identity'], 400, 'BadRequest'],
  ['chunked, but not last', ['Transfer-Encoding: chunked, gzip'], 400, 'BadRequest'],
  ['chunked coding', ['Transfer-Encoding: chunked'], 501, 'NotImplemented'],
  ['a length over 5 GiB', ['Content-Length: 5368709121'], 400, 'EntityTooLarge'],
]

test('a wrong length is refused, and what follows it is no request', async () => {
  await withRawBridge(async (raw) => {
    // As the body of a refused PUT: were it ever taken for a request, the object would be gone.
    const trap = raw.head({ method: 'DELETE', path: '/bucket/key' })
    for (const [what, lines, status, code] of lengths) {
      const kept = await expectRefusal(raw, raw.head({ ...put, lines }), { status, code }, what)
      assert.is(kept, what === 'no length' ? 'kept' : 'closed', what)
      if (what === 'no length') continue
      const chunk = what === 'chunked coding' ? `${trap.length.toString(16)}\r\n` : ''
      const bytes = raw.head({ ...put, lines }) + chunk + trap
      await expectRefusal(raw, bytes, { status, code }, `${what}, and a body`)
    }
    await raw.expectUntouched('wrong lengths')
  })
})

test('a body that ends before its length is IncompleteBody', async () => {
  await withRawBridge(async (raw) => {
    const upload = await createUpload(raw)
    const requests: readonly RawHead[] = [
      put,
      { method: 'PUT', path: '/bucket/new' },
      { method: 'PUT', path: `/bucket/multi?partNumber=1&uploadId=${upload}` },
      { method: 'POST', path: `/bucket/multi?uploadId=${upload}` },
      { method: 'POST', path: '/bucket?delete=', headers: { 'content-md5': emptyMd5 } },
      { method: 'PUT', path: '/other' },
    ]
    for (const request of requests) {
      for (const sentBytes of [0, 1, 999]) {
        const what = `${request.method} ${request.path} with ${sentBytes} bytes`
        await withConnection(raw.bridge, async (connection) => {
          const lines = ['Content-Length: 1000']
          await connection.write(raw.head({ ...request, lines }) + 'x'.repeat(sentBytes))
          connection.socket.end()
          expectError(
            await connection.answer(),
            { status: 400, code: ['IncompleteBody', 'BadRequest'] },
            what,
          )
          assert.is(await connection.rest(), '', what)
        })
      }
    }
    await raw.expectUntouched('truncated bodies')
    await abortUpload(raw, upload)
  })
})

test('a body longer than its length: the rest is no request and ends the connection', async () => {
  await withRawBridge(async (raw) => {
    await withConnection(raw.bridge, async (connection) => {
      // Signed as a whole: the part of it that is read does not match.
      const body = 'more than four bytes'
      const head = raw.head({ ...put, signedBody: body, lines: ['Content-Length: 4'] })
      await connection.write(head + body)
      const answer = await connection.answer()
      const codes = ['XAmzContentSHA256Mismatch', 'BadRequest']
      expectError(answer, { status: 400, code: codes }, 'signed')
      const rest = await connection.finish()
      assert.ok(rest === '' || /^HTTP\/1\.1 400 Bad Request\r\n/.test(rest), rest)
    })
    await raw.expectUntouched('a body that is too long')
  })
})

test('a chunked coding that is broken ends the request and the connection', async () => {
  await withRawBridge(async (raw) => {
    const broken = [
      'zz\r\nhello\r\n0\r\n\r\n',
      '5\r\nhelloworld\r\n0\r\n\r\n',
      '-5\r\nhello\r\n',
      'fffffffffffffffff\r\nhello',
      '5 5\r\nhello\r\n0\r\n\r\n',
      '5\nhello\n0\n\n',
    ]
    const headers = {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    }
    for (const bytes of broken) {
      const head = raw.head({ ...put, headers, lines: ['Transfer-Encoding: chunked'] })
      const wanted = { status: 400, code: ['BadRequest', 'IncompleteBody', 'InvalidRequest'] }
      assert.is(await expectRefusal(raw, head + bytes, wanted, bytes), 'closed')
    }
    await raw.expectUntouched('broken chunked coding')
  })
})

test('a head that is no head is BadRequest, and the connection ends', async () => {
  await withRawBridge(async (raw) => {
    const get = raw.head({ method: 'GET', path: '/bucket/key' })
    const heads = [
      'hello\r\n\r\n',
      '\0\0\0\0\r\n\r\n',
      'GET\r\n\r\n',
      'GET /\r\n\r\n',
      'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
      'GET / HTTQ/1.1\r\nHost: x\r\n\r\n',
      'get / HTTP/1.1\r\nHost: x\r\n\r\n',
      'EXPLODE / HTTP/1.1\r\nHost: x\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      get.replace('/bucket/key', '/bucket/\0key'),
      get.replace('/bucket/key', '/bucket/a key'),
      get.replace('\r\n', '\r\n: no name\r\n'),
      get.replace('\r\n', '\r\nno colon\r\n'),
      get.replace('\r\n', '\r\nblank : before colon\r\n'),
      get.replace('\r\n', '\r\n folded: first\r\n'),
      get.replace('\r\n\r\n', '\r\nX-A: a\r\n folded\r\n\r\n'),
      get.replace('\r\n\r\n', '\r\nX-A: nul \0 inside\r\n\r\n'),
      get.replace('\r\n\r\n', '\r\nX-A: bare \r return\r\n\r\n'),
      get.replaceAll('\r\n', '\n'),
    ]
    for (const head of heads) {
      const what = JSON.stringify(head.slice(0, 200))
      const bytes = Buffer.from(head, 'latin1')
      const kept = await expectRefusal(raw, bytes, { status: 400, code: 'BadRequest' }, what)
      assert.is(kept, 'closed', what)
    }
    await raw.expectUntouched('broken heads')
  })
})

test('11 MB of headers are refused, in one line or in many', async () => {
  await withRawBridge(async (raw) => {
    const block = 64 * 1024
    for (const line of [`${'x'.repeat(block)}`, 'X-A: aaaaaaaa\r\n'.repeat(block / 15)]) {
      await withConnection(raw.bridge, async (connection) => {
        const sending = sendAll(connection.write, [
          raw.head(put).slice(0, -2),
          ...Array.from({ length: 11_000_000 / line.length }, () => line),
        ])
        const answer = await connection.answer()
        expectError(answer, { status: 400, code: 'RequestHeaderSectionTooLarge' }, 'headers')
        await sending
        assert.is(await connection.finish(), '')
      })
    }
    await raw.expectUntouched('large headers')
  })
})

test('a request line that is too long is refused', async () => {
  await withRawBridge(async (raw) => {
    const cases = [
      [20 * 1024, 'InvalidURI'],
      [100 * 1024, 'RequestHeaderSectionTooLarge'],
      [2 * 1024 ** 2, 'RequestHeaderSectionTooLarge'],
    ] as const
    for (const [length, code] of cases) {
      for (const target of [`/bucket/${'k'.repeat(length)}`, `/bucket?x=${'k'.repeat(length)}`]) {
        await withConnection(raw.bridge, async (connection) => {
          const head = raw.head({ method: 'GET', path: '/bucket/key', target })
          const sending = sendAll(connection.write, [head])
          expectError(await connection.answer(), { status: 400, code }, `${length}`)
          await sending
        })
      }
    }
    await raw.expectUntouched('long request lines')
  })
})

test('HTTP/1.0 is served, and its connection is closed', async () => {
  await withRawBridge(async (raw) => {
    for (const lines of [[], ['Connection: keep-alive']]) {
      await withConnection(raw.bridge, async (connection) => {
        const version = '1.0'
        await connection.write(raw.head({ method: 'GET', path: '/bucket/key', version, lines }))
        const answer = await connection.answer()
        assert.equal([answer.status, answer.text], [200, oldContent])
        await expectSane(raw, connection, answer, 'HTTP/1.0')
      })
    }
    const missing = raw.head({ method: 'GET', path: '/bucket/missing', version: '1.0' })
    await expectRefusal(raw, missing, { status: 404, code: 'NoSuchKey' }, 'an error')
    const noLength = raw.head({ ...put, version: '1.0' })
    await expectRefusal(raw, noLength, { status: 411, code: 'MissingContentLength' }, 'no length')
    const list = raw.head({ method: 'GET', path: '/bucket?list-type=2', version: '1.0' })
    await withConnection(raw.bridge, async (connection) => {
      await connection.write(list)
      assert.match((await connection.answer()).text, /<Key>key<\/Key>/)
    })
    await raw.expectUntouched('HTTP/1.0')
  })
})

test('the methods that S3 has not are refused by name', async () => {
  await withRawBridge(async (raw) => {
    for (const method of ['PATCH', 'TRACE', 'PROPFIND', 'MKCOL', 'MOVE', 'PURGE']) {
      for (const path of ['/', '/bucket', '/bucket/key']) {
        const head = raw.head({ method, path })
        const wanted = { status: 405, code: 'MethodNotAllowed' }
        await expectRefusal(raw, head, wanted, `${method} ${path}`)
      }
    }
    const connect = 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n'
    await expectRefusal(raw, connect, { status: 405, code: 'MethodNotAllowed' }, 'CONNECT')
    await withConnection(raw.bridge, async (connection) => {
      const lines = ['Connection: Upgrade', 'Upgrade: websocket']
      await connection.write(raw.head({ method: 'GET', path: '/bucket/key', lines }))
      assert.is((await connection.answer()).text, oldContent, 'no upgrade is what it asked for')
    })
    await raw.expectUntouched('foreign methods')
  })
})

test.run()

const emptyMd5 = '1B2M2Y8AsgTpgAmY7PhCfg=='

async function sendAll(
  write: (bytes: string) => Promise<boolean>,
  pieces: readonly string[],
): Promise<void> {
  for (const piece of pieces) {
    if (!(await write(piece))) return
  }
}

async function createUpload(raw: RawBridge): Promise<string> {
  let id = ''
  await withConnection(raw.bridge, async (connection) => {
    await connection.write(raw.head({ method: 'POST', path: '/bucket/multi?uploads=' }))
    id = /<UploadId>([^<]+)</.exec((await connection.answer()).text)?.[1] ?? ''
  })
  assert.ok(id)
  return id
}

/** 204 proves that it still was there. */
async function abortUpload(raw: RawBridge, uploadId: string): Promise<void> {
  await withConnection(raw.bridge, async (connection) => {
    const path = `/bucket/multi?uploadId=${uploadId}`
    await connection.write(raw.head({ method: 'DELETE', path }))
    assert.is((await connection.answer()).status, 204)
  })
}
