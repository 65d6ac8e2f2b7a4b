// Claims that are forged, expired, doubled, from another time or missing: 403 or 400 as S3 has it, before
// a byte of the body is asked for.
import aws4 from 'aws4'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  expectError,
  expectRefusal,
  expectSane,
  oldContent,
  type RawBridge,
  withRawBridge,
} from '../support/raw-bridge.ts'
import { withConnection } from '../support/raw-connection.ts'
import { accessKeyId, region, secretAccessKey } from '../support/with-bridge.ts'

const test = suite('raw authentication')
const minuteMs = 60_000

type Wanted = readonly [status: number, code: string]

test('a claim that is forged or malformed is refused', async () => {
  await withRawBridge(async (raw) => {
    const change = (from: RegExp | string, to: string) => (head: string) => head.replace(from, to)
    const cases: readonly [what: string, change: (head: string) => string, ...Wanted][] = [
      ['no claim', change(/^authorization: .*\r\n/im, ''), 403, 'AccessDenied'],
      ['an empty claim', change(/^authorization: .*/im, 'Authorization:'), 403, 'AccessDenied'],
      ['another signature', change(/Signature=./, 'Signature=!'), 403, 'SignatureDoesNotMatch'],
      ['a short signature', change(/Signature=.*/, 'Signature=00'), 403, 'SignatureDoesNotMatch'],
      ['another key', change(accessKeyId, 'NOSUCHACCESSKEY00001'), 403, 'InvalidAccessKeyId'],
      ['another method', change('GET ', 'DELETE '), 403, 'SignatureDoesNotMatch'],
      ['another path', change('/bucket/key', '/bucket/kez'), 403, 'SignatureDoesNotMatch'],
      ['a query', change('/bucket/key', '/bucket/key?acl'), 403, 'SignatureDoesNotMatch'],
      [
        'another payload hash',
        change('UNSIGNED-PAYLOAD', 'ab'.repeat(32)),
        403,
        'SignatureDoesNotMatch',
      ],
      [
        'an x-amz header that is not signed',
        change(/\r\n\r\n$/, '\r\nx-amz-acl: public-read\r\n\r\n'),
        403,
        'AccessDenied',
      ],
      [
        'another region than signed',
        change(`/${region}/`, '/eu-north-1/'),
        403,
        'SignatureDoesNotMatch',
      ],
      ['another service', change('/s3/', '/sqs/'), 400, 'AuthorizationHeaderMalformed'],
      ['another end', change('aws4_request', 'aws5'), 400, 'AuthorizationHeaderMalformed'],
      ['no credential', change(/Credential=\S+ /, ''), 400, 'AuthorizationHeaderMalformed'],
      [
        'a field twice',
        change('Credential=', 'Signature=00, Credential='),
        400,
        'AuthorizationHeaderMalformed',
      ],
      [
        'the scheme alone',
        change(/(AWS4-HMAC-SHA256) .*/, '$1'),
        400,
        'AuthorizationHeaderMalformed',
      ],
      ['another scheme', change('AWS4-HMAC-SHA256', 'Basic'), 400, 'InvalidArgument'],
      ['SigV4A', change('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'), 501, 'NotImplemented'],
      ['no date', change(/^x-amz-date: .*\r\n/im, ''), 403, 'AccessDenied'],
      [
        'a date that is none',
        change(/^x-amz-date: .*/im, 'x-amz-date: today'),
        403,
        'AccessDenied',
      ],
      [
        'the date twice',
        (head) => head.replace(/^(x-amz-date: .*\r\n)/im, '$1$1'),
        403,
        'AccessDenied',
      ],
      ['no payload hash', change(/^x-amz-content-sha256: .*\r\n/im, ''), 400, 'InvalidRequest'],
      [
        'two claims',
        change('/bucket/key', '/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256'),
        400,
        'InvalidArgument',
      ],
    ]
    const head = raw.head({ method: 'GET', path: '/bucket/key' })
    for (const [what, change, status, code] of cases) {
      await expectRefusal(raw, change(head), { status, code }, what)
    }
    await raw.expectUntouched('forged claims')
  })
})

test('a clock that is off by more than 15 minutes is refused, less is not', async () => {
  await withRawBridge(async (raw) => {
    const at = (offsetMs: number) => {
      const headers = { 'x-amz-date': renderTime(offsetMs) }
      return raw.head({ method: 'GET', path: '/bucket/key', headers })
    }
    const wanted = { status: 403, code: 'RequestTimeTooSkewed' }
    for (const offsetMs of [-16 * minuteMs, 16 * minuteMs, -400 * 24 * 60 * minuteMs]) {
      await expectRefusal(raw, at(offsetMs), wanted, `${offsetMs}`)
    }
    for (const offsetMs of [-14 * minuteMs, 14 * minuteMs]) {
      await withConnection(raw.bridge, async (connection) => {
        await connection.write(at(offsetMs))
        assert.is((await connection.answer()).text, oldContent)
      })
    }
  })
})

test('a presigned request is refused when it has expired, is not yet valid or was changed', async () => {
  await withRawBridge(async (raw) => {
    const sign = (method: string, expiresSeconds: number | string, offsetMs = 0) =>
      presign(raw, method, `/bucket/key?X-Amz-Expires=${expiresSeconds}`, offsetMs)
    const cases: readonly [what: string, method: string, target: string, ...Wanted][] = [
      ['expired', 'GET', sign('GET', 60, -2 * minuteMs), 403, 'AccessDenied'],
      ['expired PUT', 'PUT', sign('PUT', 1, -minuteMs), 403, 'AccessDenied'],
      ['not yet valid', 'GET', sign('GET', 60, 20 * minuteMs), 403, 'AccessDenied'],
      ['for ever', 'GET', sign('GET', 604_801), 400, 'AuthorizationQueryParametersError'],
      ['never', 'GET', sign('GET', 0), 403, 'AccessDenied'],
      ['negative', 'GET', sign('GET', -1), 403, 'AccessDenied'],
      ['no number', 'GET', sign('GET', 'long'), 400, 'AuthorizationQueryParametersError'],
      [
        'longer than signed',
        'GET',
        sign('GET', 60).replace('Expires=60', 'Expires=600'),
        403,
        'SignatureDoesNotMatch',
      ],
      ['another method', 'DELETE', sign('GET', 60), 403, 'SignatureDoesNotMatch'],
      ['one more parameter', 'PUT', `${sign('PUT', 60)}&tagging`, 403, 'SignatureDoesNotMatch'],
      [
        'a parameter twice',
        'GET',
        `${sign('GET', 60)}&X-Amz-Expires=600`,
        400,
        'AuthorizationQueryParametersError',
      ],
      [
        'no signature',
        'GET',
        sign('GET', 60).replace(/&X-Amz-Signature=[0-9a-f]+/, ''),
        400,
        'AuthorizationQueryParametersError',
      ],
    ]
    const { host } = new URL(raw.bridge.url)
    for (const [what, method, target, status, code] of cases) {
      const length = method === 'PUT' ? 'Content-Length: 5\r\nExpect: 100-continue\r\n' : ''
      const head = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${length}\r\n`
      await expectRefusal(raw, head, { status, code }, what)
    }
    const right = `GET ${sign('GET', 60)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
    await withConnection(raw.bridge, async (connection) => {
      await connection.write(right)
      const answer = await connection.answer()
      assert.is(answer.text, oldContent)
      await expectSane(raw, connection, answer, 'right')
    })
    await raw.expectUntouched('presigned requests')
  })
})

test('nobody who does not sign learns more than that there is no bucket', async () => {
  await withRawBridge(async (raw) => {
    const preflight = 'Origin: http://x\r\nAccess-Control-Request-Method: GET\r\n'
    for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS']) {
      for (const target of ['/', '/bucket', '/bucket/key', '/nobucket/key', '/bucket?delete']) {
        const head = `${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${preflight}\r\n`
        const what = `${method} ${target}`
        // Of what S3 has not, they are told as everybody is.
        const is405 = ['PUT /', 'POST /', 'DELETE /', 'POST /bucket/key', 'POST /nobucket/key']
        const isMisplaced = target === '/bucket?delete' && method !== 'POST' && method !== 'OPTIONS'
        const code = method === 'OPTIONS' ? 'AccessForbidden' : 'AccessDenied'
        const isNowhere = target === '/nobucket/key' && method !== 'OPTIONS'
        const wanted = isNowhere ? { status: 404, code: 'NoSuchBucket' } : { status: 403, code }
        if (is405.includes(what) || isMisplaced) {
          await expectRefusal(raw, head, { status: 405, code: 'MethodNotAllowed' }, what)
        } else if (what === 'POST /bucket') {
          await expectRefusal(raw, head, { status: 412, code: 'PreconditionFailed' }, what)
        } else await expectRefusal(raw, head, wanted, what)
      }
    }
    await raw.expectUntouched('anonymous requests')
  })
})

test('headers that are there twice', async () => {
  await withRawBridge(async (raw) => {
    const twice = (name: string) => (head: string) =>
      head.replace(new RegExp(`^(${name}: .*\r\n)`, 'im'), '$1$1')
    const put = (headers: Record<string, string>) =>
      raw.head({ method: 'PUT', path: '/bucket/key', headers, lines: ['Content-Length: 0'] })
    const cases: readonly [head: string, name: string, ...Wanted][] = [
      [put({}), 'x-amz-content-sha256', 403, 'SignatureDoesNotMatch'],
      [put({ 'x-amz-meta-a': 'b' }), 'x-amz-meta-a', 403, 'SignatureDoesNotMatch'],
      [
        put({ 'x-amz-storage-class': 'STANDARD' }),
        'x-amz-storage-class',
        403,
        'SignatureDoesNotMatch',
      ],
    ]
    for (const [head, name, status, code] of cases) {
      await expectRefusal(raw, twice(name)(head), { status, code }, name)
    }
    await withConnection(raw.bridge, async (connection) => {
      const get = raw.head({ method: 'GET', path: '/bucket/key' })
      await connection.write(
        get.replace(/\r\n\r\n$/, '\r\nAuthorization: AWS4-HMAC-SHA256\r\n\r\n'),
      )
      expectError(await connection.answer(), { status: 400, code: 'BadRequest' }, 'two claims')
    })
    await raw.expectUntouched('doubled headers')
  })
})

test.run()

function presign(raw: RawBridge, method: string, path: string, offsetMs: number): string {
  const { host } = new URL(raw.bridge.url)
  const signed = aws4.sign(
    {
      service: 's3',
      region,
      host,
      method,
      path: `${path}&X-Amz-Date=${renderTime(offsetMs)}`,
      signQuery: true,
    },
    { accessKeyId, secretAccessKey },
  )
  return signed.path ?? ''
}

function renderTime(offsetMs: number): string {
  return new Date(Date.now() + offsetMs).toISOString().replace(/[:-]|\.\d{3}/g, '')
}
