// Request targets: paths that climb, escapes that are broken, forms that no client sends, keys that are
// too long. A key is taken literally or refused; it never becomes another one.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  element,
  expectError,
  expectRefusal,
  expectSane,
  oldContent,
  type RawBridge,
  withRawBridge,
} from '../support/raw-bridge.ts'
import { type RawAnswer, withConnection } from '../support/raw-connection.ts'

const test = suite('raw targets')

test('dots climb nowhere: they are part of a key, or of a bucket name that is not valid', async () => {
  await withRawBridge(async (raw) => {
    const missing = [
      '/bucket/../../etc/passwd',
      '/bucket/../bucket/key',
      '/bucket/./key',
      '/bucket/%2e%2e/bucket/key',
      '/bucket/%2E/key',
      '/bucket/..%2fbucket%2fkey',
      '/bucket/.%2e/%2e./key',
      '/bucket/..%5ckey',
      '/bucket/key/..',
      '/bucket/key/../key',
      '/bucket/a/..;/key',
      '/bucket/%252e%252e/key',
    ]
    for (const path of missing) {
      const what = `GET ${path}`
      const { answer, kept } = await exchange(raw, { method: 'GET', path })
      expectError(answer, { status: 404, code: 'NoSuchKey' }, what)
      assert.is(kept, 'kept')
      assert.is(element(answer.text, 'Resource'), decodeURIComponent(path), what)
      const { answer: deleted } = await exchange(raw, { method: 'DELETE', path })
      assert.is(deleted.status, 204, what)
    }
    for (const path of ['/../bucket/key', '/../', '/./bucket/key', '/%2e%2e/key', '/..%2fbucket']) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const { answer } = await exchange(raw, { method, path, lines: ['Content-Length: 0'] })
        const isCreate = method === 'PUT' && path === '/../'
        const wanted = isCreate
          ? { status: 400, code: 'InvalidBucketName' }
          : { status: 404, code: 'NoSuchBucket' }
        expectError(answer, wanted, `${method} ${path}`)
      }
    }
    const doubled = await exchange(raw, { method: 'GET', path: '//bucket/key' })
    expectError(doubled.answer, { status: 400, code: 'InvalidBucketName' }, '//bucket/key')
    await raw.expectUntouched('dots')
  })
})

test('a key of dots is stored, listed and deleted as the key that it is', async () => {
  await withRawBridge(async (raw) => {
    const keys = ['../up', 'a/../../b', './x', '...', '..%00', 'a/..%5c..%5cb']
    for (const key of keys) {
      const path = `/bucket/${key}`
      const body = `content of ${key}`
      const lines = [`Content-Length: ${body.length}`]
      const put = await exchange(raw, { method: 'PUT', path, lines, signedBody: body }, body)
      assert.is(put.answer.status, 200, `${key} ${put.answer.text}`)
    }
    for (const key of keys) {
      const got = await exchange(raw, { method: 'GET', path: `/bucket/${key}` })
      assert.is(got.answer.text, `content of ${key}`)
    }
    const path = '/bucket?list-type=2&encoding-type=url'
    const listed = (await exchange(raw, { method: 'GET', path })).answer.text
    const names = [...listed.matchAll(/<Key>([^<]*)<\/Key>/g)].map((hit) => hit[1] ?? '')
    const wanted = [...keys.map(decodeURIComponent), 'key'].map((key) => encodeURIComponent(key))
    assert.equal(
      names.map((name) => encodeURIComponent(decodeURIComponent(name))).sort(),
      wanted.sort(),
    )
    for (const key of keys) {
      const { answer } = await exchange(raw, { method: 'DELETE', path: `/bucket/${key}` })
      assert.is(answer.status, 204, key)
    }
    await raw.expectUntouched('keys of dots')
  })
})

test('broken escapes and bytes that are not UTF-8 are InvalidURI', async () => {
  await withRawBridge(async (raw) => {
    const targets = [
      '/bucket/%',
      '/bucket/%2',
      '/bucket/%zz',
      '/bucket/%u0041',
      '/bucket/%ff',
      '/bucket/%c0%af',
      '/bucket/%c0%ae%c0%ae/key',
      '/bucket/%ed%a0%80',
      '/bucket/%f5%80%80%80',
      '/%/key',
      '/bucket?prefix=%',
      '/bucket?%zz=1',
      '/bucket?list-type=2&prefix=%ff',
      '/bucket/key?%',
    ]
    for (const target of targets) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        // Nothing can be signed for what cannot be decoded; it is refused before.
        const path = '/bucket/key'
        const head = raw.head({ method, path, target, lines: ['Content-Length: 0'] })
        const bytes = Buffer.from(head, 'latin1')
        await expectRefusal(raw, bytes, { status: 400, code: 'InvalidURI' }, `${method} ${target}`)
      }
    }
    await raw.expectUntouched('broken escapes')
  })
})

test('NUL and other control characters are legal in keys, never in bucket names', async () => {
  await withRawBridge(async (raw) => {
    for (const name of ['%00', '%07', '%1f', '%7f', '%0d%0aX-Injected:%201']) {
      const got = await exchange(raw, { method: 'GET', path: `/bucket/a${name}b` })
      expectError(got.answer, { status: 404, code: 'NoSuchKey' }, name)
      assert.not(got.answer.headers.has('x-injected'))
      const put = { method: 'PUT', path: `/bu${name}cket`, lines: ['Content-Length: 0'] }
      const { answer } = await exchange(raw, put)
      expectError(answer, { status: 400, code: 'InvalidBucketName' }, name)
    }
    // What a request says comes back in headers only where HTTP can carry it.
    const odd = await exchange(raw, {
      method: 'GET',
      path: '/bucket/key?response-content-type=a%0d%0aX-Injected%3a%201',
    })
    assert.not(odd.answer.headers.has('x-injected'), odd.answer.text)
    await raw.expectUntouched('control characters')
  })
})

test('keys over 1024 bytes are KeyTooLongError, counted in bytes and decoded', async () => {
  await withRawBridge(async (raw) => {
    const wanted = { status: 400, code: 'KeyTooLongError' }
    for (const key of ['k'.repeat(1025), '%C3%A6'.repeat(513), 'a/'.repeat(513)]) {
      for (const [method, query] of [
        ['GET', ''],
        ['PUT', ''],
        ['DELETE', ''],
        ['POST', '?uploads='],
        ['GET', '?uploadId=x'],
      ] as const) {
        const path = `/bucket/${key}${query}`
        const { answer } = await exchange(raw, { method, path, lines: ['Content-Length: 0'] })
        expectError(answer, wanted, `${method} ${query}`)
        assert.is(element(answer.text, 'MaxSizeAllowed'), '1024')
      }
    }
    const fits = await exchange(raw, { method: 'GET', path: `/bucket/${'%61'.repeat(1024)}` })
    expectError(fits.answer, { status: 404, code: ['NoSuchKey'] }, 'exactly 1024')
    await raw.expectUntouched('long keys')
  })
})

test('absolute and asterisk forms, fragments, backslashes and foreign schemes', async () => {
  await withRawBridge(async (raw) => {
    const { url } = raw.bridge
    const path = '/bucket/key'
    const get = (target: string, signed = path) => raw.head({ method: 'GET', path: signed, target })
    for (const target of [`${url}/bucket/key`, `${url.replace('http', 'HTTP')}/bucket/key`]) {
      await withConnection(raw.bridge, async (connection) => {
        await connection.write(get(target))
        const answer = await connection.answer()
        assert.equal([answer.status, answer.text], [200, oldContent], target)
        await expectSane(raw, connection, answer, target)
      })
    }
    const refused: readonly [target: string, status: number, code: string][] = [
      ['http://elsewhere.example/bucket/key', 400, 'InvalidURI'],
      [`${url.replace('//', '//user:secret@')}/bucket/key`, 400, 'InvalidURI'],
      ['ftp://elsewhere.example/bucket/key', 400, 'InvalidURI'],
      ['*', 400, 'InvalidURI'],
      ['bucket/key', 400, 'BadRequest'],
      ['\\bucket\\key', 400, 'BadRequest'],
      ['?bucket/key', 400, 'BadRequest'],
      ['/bucket\\key', 404, 'NoSuchBucket'],
      ['/bucket/\xff', 400, 'BadRequest'],
    ]
    for (const [target, status, code] of refused) {
      const signed = target.startsWith('/') ? target : path
      const bytes = Buffer.from(get(target, signed), 'latin1')
      await expectRefusal(raw, bytes, { status, code }, target)
    }
    const options = 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'
    await expectRefusal(raw, options, { status: 400, code: 'InvalidURI' }, 'OPTIONS *')
    await raw.expectUntouched('odd forms')
  })
})

test('a Host header that is missing, odd or there twice changes nothing', async () => {
  await withRawBridge(async (raw) => {
    const head = raw.head({ method: 'GET', path: '/bucket/key' })
    const host = /^host: .*\r\n/im.exec(head)?.[0] ?? ''
    const refused: readonly [what: string, host: string, status: number, code: string][] = [
      ['no host', '', 400, 'BadRequest'],
      ['another host', 'Host: elsewhere.example\r\n', 403, 'SignatureDoesNotMatch'],
      ['an empty host', 'Host:\r\n', 403, 'SignatureDoesNotMatch'],
      ['two hosts', `${host}Host: elsewhere.example\r\n`, 400, 'BadRequest'],
      ['the same twice', `${host}${host}`, 400, 'BadRequest'],
      ['a bucket in it', 'Host: bucket.s3.amazonaws.com\r\n', 403, 'SignatureDoesNotMatch'],
    ]
    for (const [what, line, status, code] of refused) {
      await expectRefusal(raw, head.replace(host, line), { status, code }, what)
    }
    await raw.expectUntouched('hosts')
  })
})

test.run()

/** One request on a connection of its own, which must be sane afterwards. */
async function exchange(
  raw: RawBridge,
  request: Parameters<RawBridge['head']>[0],
  body = '',
): Promise<{ answer: RawAnswer; kept: 'closed' | 'kept' }> {
  const connection = await raw.connect()
  try {
    await connection.write(raw.head(request) + body)
    const answer = await connection.answer(request.method)
    return { answer, kept: await expectSane(raw, connection, answer, request.path) }
  } finally {
    connection.destroy()
  }
}
