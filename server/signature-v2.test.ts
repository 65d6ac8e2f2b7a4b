// Presigned URLs of Signature Version 2: those that botocore makes, and every way to tamper with one.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { rootHolder } from './access/holder.test-support.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import { element, withServing } from './serving.test-support.ts'
import { type PresignedV2Claim, renderV2StringsToSign, signV2 } from './signature-v2.ts'

const test = suite('signature version 2')

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const now = new Date('2013-05-24T00:00:00Z')
const expires = '1369354500'
const claimOf = (signature: string) =>
  `AWSAccessKeyId=${accessKeyId}&Signature=${signature}&Expires=${expires}`

type RequestInput = {
  method?: string
  target: string
  headers?: Record<string, string | string[]>
  hostBucket?: string
  now?: Date
  signatureV2?: 'off' | 'presigned' | 'on'
}

function run({ method = 'GET', target, headers = {}, ...rest }: RequestInput): Authenticated {
  const entries = Object.entries({ Host: 's3.test:9000', ...headers })
  return authenticate({
    method,
    rawTarget: target,
    rawHeaders: entries.flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one])),
    headers: Object.fromEntries(
      entries.map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')]),
    ),
    credentials: (id) => (id === accessKeyId ? { secretAccessKey, ...rootHolder } : undefined),
    now,
    signatureV2: 'presigned',
    ...rest,
  })
}

function failureOf(request: RequestInput): S3Error {
  try {
    run(request)
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
  throw new Error('no error')
}

/** Our own signature, for what botocore does not make. */
function presign(options: {
  method?: string
  path?: string
  query?: string
  expires?: string
  headers?: Record<string, string>
}): string {
  const { method = 'GET', path = '/b/k', query = '', headers = {} } = options
  const claim: PresignedV2Claim = {
    version: 'v2',
    accessKeyId,
    signature: '',
    expires: options.expires ?? expires,
  }
  const rawHeaders = Object.entries(headers).flat()
  const [text] = renderV2StringsToSign(
    { method, rawPath: path, rawQuery: query, hostBucket: undefined, headers, rawHeaders },
    claim,
  )
  const signature = encodeURIComponent(signV2(text, secretAccessKey))
  return `${path}?${query}&AWSAccessKeyId=${accessKeyId}&Signature=${signature}&Expires=${claim.expires}`
}

/**
 * Made by generate_presigned_url of botocore 1.29.27 (Debian 12) at `now` for 900 seconds, endpoint
 * http://s3.test:9000, path style; 1.43.11 makes the same. Those with `uploads`, `location` and
 * `list-type` are from 1.43.11 alone: 1.29.27 takes these parameters for a part of the path as well, so
 * that what it signs (`/examplebucket?location?location`) is not what the specification has.
 */
const vectors: readonly [method: string, target: string][] = [
  ['GET', `/?${claimOf('Iy42iPDKpkG6rGXbFNdLTtgjhH0%3D')}`],
  ['GET', `/examplebucket/k?${claimOf('FTqORZhA2XcrrcYKLmx%2BRzXFWXI%3D')}`],
  ['HEAD', `/examplebucket/k?${claimOf('ECeboBxDvs5o7oYC1S7KAivtvSo%3D')}`],
  ['PUT', `/examplebucket/k?${claimOf('q9raFy1dXvViFHq5Jk3FWeekfF8%3D')}`],
  ['GET', `/examplebucket/a%20b%2Bc.txt?${claimOf('qPJTv24PouTSE3QuAfkkWK4ztBo%3D')}`],
  [
    'GET',
    `/examplebucket/%C3%A6%C3%B8%C3%A5/%E6%97%A5%E6%9C%AC%20%C3%A9.txt?${claimOf('rrK4ExlGYyYjRJbQL%2FyHvqhe45E%3D')}`,
  ],
  [
    'GET',
    `/examplebucket/x%252Fy//z~%21%2A%27%28%29/?${claimOf('x6ZPJHABqOsZX3N2FCyxnenl5%2Fk%3D')}`,
  ],
  [
    'GET',
    `/examplebucket/k?response-content-type=text%2Fx%20a%2Bb%26c%3Dd&response-content-disposition=attachment%3B%20filename%3D%22%C3%A9.txt%22&${claimOf('ZV6cR5nrNQ8lYjx4PidmIHnXSfU%3D')}`,
  ],
  [
    'PUT',
    `/examplebucket/k?uploadId=u%2F1%2B2%3D%3D&partNumber=3&${claimOf('1EXeQMljdMEsT4Ur%2FNMgp%2FTz98Y%3D')}`,
  ],
  [
    'GET',
    `/examplebucket?prefix=a%2F%20b&max-keys=2&encoding-type=url&${claimOf('cUmJKNQERe4cubWCb2zENDlcfio%3D')}`,
  ],
  [
    'GET',
    `/examplebucket?list-type=2&prefix=a%2F&delimiter=%2F&encoding-type=url&${claimOf('cUmJKNQERe4cubWCb2zENDlcfio%3D')}`,
  ],
  ['POST', `/examplebucket/k?uploads&${claimOf('dp4SQqijh1QROKQ0L%2F9fl2Q7OJM%3D')}`],
  ['GET', `/examplebucket?location&${claimOf('KDxIVjQmAT8AhqGomcKRn7l6wxI%3D')}`],
]

test('what botocore presigns verifies in path style and in host style', () => {
  for (const [method, target] of vectors) {
    const { identity, payloadDeclaration, queryHeaders } = run({ method, target })
    assert.equal(identity, { accessKeyId, ...rootHolder }, target)
    assert.equal(payloadDeclaration.mode, { kind: 'unsigned' })
    assert.equal(queryHeaders, {})
    // The host style URLs that botocore makes of the same have the same signatures.
    if (!target.startsWith('/examplebucket')) continue
    const below = target.slice('/examplebucket'.length)
    const hosted = below.startsWith('/') ? below : `/${below}`
    assert.ok(run({ method, target: hosted, hostBucket: 'examplebucket' }), hosted)
    const code = failureOf({ method, target: hosted, hostBucket: 'examplebucket2' }).code
    assert.is(code, 'SignatureDoesNotMatch', hosted)
    assert.is(failureOf({ method, target: hosted }).code, 'SignatureDoesNotMatch', hosted)
  }
})

test('the example that AWS publishes verifies', () => {
  const target =
    '/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620'
  const then = new Date('2007-03-29T03:00:00Z')
  assert.ok(run({ target, hostBucket: 'johnsmith', now: then }))
})

test('Content-Type, Content-MD5 and x-amz headers are those that were signed', () => {
  // From botocore too, its own copies of the headers in the query taken out.
  const typed = {
    method: 'PUT',
    target: `/examplebucket/k?${claimOf('s1ct3pgxqE3Z7c5UQIE8CG7GfoM%3D')}`,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  }
  const described = {
    method: 'PUT',
    target: `/examplebucket/k?${claimOf('e7fK%2BRgAAW8W5Ftn5A6gmejgRx0%3D')}`,
    headers: { 'X-Amz-Meta-Color': ' red ', 'Content-MD5': 'XrY7u+Ae7tCTyyK7j1rNww==' },
  }
  assert.ok(run(typed))
  assert.ok(run(described))
  const tampered: RequestInput[] = [
    { ...typed, headers: {} },
    { ...typed, headers: { 'Content-Type': 'text/html' } },
    { ...typed, headers: { ...typed.headers, 'Content-MD5': 'XrY7u+Ae7tCTyyK7j1rNww==' } },
    { ...typed, headers: { ...typed.headers, 'x-amz-acl': 'public-read' } },
    { ...typed, headers: { ...typed.headers, 'x-amz-copy-source': '/b/other' } },
    { ...typed, headers: { ...typed.headers, 'x-amz-meta-': '' } },
    { ...described, headers: { 'Content-MD5': 'XrY7u+Ae7tCTyyK7j1rNww==' } },
    { ...described, headers: { ...described.headers, 'X-Amz-Meta-Color': 'blue' } },
    { ...described, headers: { ...described.headers, 'X-Amz-Meta-Color': ['red', 'red'] } },
    { ...described, headers: { ...described.headers, 'Content-MD5': 'AAAAAAAAAAAAAAAAAAAAAA==' } },
  ]
  for (const request of tampered) {
    assert.is(failureOf(request).code, 'SignatureDoesNotMatch', JSON.stringify(request.headers))
  }
  const headers = { 'x-amz-meta-b': 'Ærø', 'x-amz-meta-a': '1', 'x-amz-meta': '' }
  const wire = { ...headers, 'x-amz-meta-b': Buffer.from('Ærø').toString('latin1') }
  assert.ok(run({ target: presign({ headers }), headers: wire }), 'signed as text, sent as bytes')
  const twice = presign({ headers: { 'x-amz-meta-a': '1,2' } })
  assert.ok(run({ target: twice, headers: { 'X-Amz-Meta-A': ['1 ', ' 2'] } }))
})

test('the signature covers method, path, sub-resources, expiry and key', () => {
  const target = presign({ query: 'versionId=1&response-content-type=a' })
  assert.ok(run({ target }))
  const cases: readonly [from: string | RegExp, to: string][] = [
    ['/b/k', '/b/j'],
    ['/b/k', '/b//k'],
    ['/b/k', '/b/k/'],
    ['/b/k', '/b/%6B'],
    ['/b/k', '/b%2Fk'],
    ['versionId=1', 'versionId=2'],
    ['versionId=1&', ''],
    ['versionId=1', 'versionId'],
    ['versionId=1', 'acl&versionId=1'],
    ['content-type=a', 'content-type=b'],
    ['content-type=a', 'content-language=a'],
    ['Expires=1369354500', 'Expires=1369354501'],
    ['Expires=1369354500', 'Expires=01369354500'],
    [/Signature=[^&]*/, 'Signature='],
    ['Signature=', 'Signature=A'],
    ['%3D&', '&'],
    ['%3D&', '%3D%3D&'],
  ]
  for (const [from, to] of cases) {
    const changed = target.replace(from, to)
    assert.is.not(changed, target)
    const error = failureOf({ target: changed })
    assert.is(error.code, 'SignatureDoesNotMatch', changed)
    assert.equal(Object.keys(error.elements), [
      'AWSAccessKeyId',
      'StringToSign',
      'SignatureProvided',
      'StringToSignBytes',
    ])
    assert.match(error.elements.StringToSign ?? '', /^GET\n\n\n0?13693545\d\d\n\/b/)
  }
  for (const method of ['HEAD', 'PUT', 'DELETE', 'POST']) {
    assert.is(failureOf({ method, target }).code, 'SignatureDoesNotMatch', method)
  }
  const unknown = failureOf({ target: target.replace('AKIA', 'BKIA') })
  assert.is(unknown.code, 'InvalidAccessKeyId')
  assert.equal(unknown.elements, { AWSAccessKeyId: 'BKIAIOSFODNN7EXAMPLE' })
  assert.ok(run({ target: target.replace('versionId', 'version%49d') }), 'names are decoded')
})

test('a bucket may be signed with or without the slash behind it', () => {
  const bare = presign({ path: '/b' })
  const slashed = presign({ path: '/b/' })
  assert.ok(run({ target: bare }))
  assert.ok(run({ target: slashed }))
  assert.ok(run({ target: slashed.replace('/b/', '/b') }))
  assert.is(failureOf({ target: bare.replace('/b', '/b/') }).code, 'SignatureDoesNotMatch')
  assert.is(failureOf({ target: presign({ path: '/b/k/' }).replace('k/', 'k') }).status, 403)
})

test('a value that would read as further parameters is refused, other values are not', () => {
  const split = presign({ query: 'response-content-type=a&versionId=1' })
  const joined = split.replace('a&versionId=1', 'a%26versionId%3D1')
  const error = failureOf({ target: joined })
  assert.is(error.code, 'InvalidRequest')
  assert.equal(error.elements, { ArgumentName: 'response-content-type' })
  const bare = 'response-content-type=a%26uploads'
  assert.is(failureOf({ target: presign({ query: bare }) }).code, 'InvalidRequest')
  for (const value of ['a%26b%3Dc', '%26', 'a%26uploadsX', 'a%3Facl', 'uploads', 'a+b']) {
    assert.ok(run({ target: presign({ query: `response-content-type=${value}` }) }), value)
  }
})

test('no host can stand for the bucket and path of another', () => {
  const target = presign({ path: '/b/k', query: 'acl' })
  const rest = target.slice('/b/k?acl'.length)
  for (const hostBucket of ['b/k?acl', 'b%2Fk', 'b/k', 'B']) {
    const error = failureOf({ target: `/${rest.replace('&', '?')}`, hostBucket })
    assert.is(error.code, 'SignatureDoesNotMatch', hostBucket)
  }
})

test('a parameter that is not signed is refused by its name, and so is one that is repeated', () => {
  const refused = [
    'x-id=GetObject',
    'x-amz-acl=private',
    'X-Amz-Date=20130524T000000Z',
    'X-Amz-Expires=900',
    'X-Amz-SignedHeaders=host',
    'x-amz-security-token=a',
    'content-type=text%2Fplain',
    'encryption',
    'attributes',
    'legal-hold=',
    'retention',
    'renameObject',
    'session',
    'publicAccessBlock',
    'id=1',
    'key-marker=a',
    'part-number-marker=1',
    'expires=1',
    'Versionid=1',
    'response-x=1',
    'constructor',
    '__proto__=1',
    'versionId=1&versionId=1',
    'prefix=a&prefix=a',
    'Expires=1369354500',
    'AWSAccessKeyId=x',
    'Signature=x',
    '=x',
  ]
  for (const query of refused) {
    for (const target of [presign({ query }), `${presign({})}&${query}`]) {
      const error = failureOf({ target })
      assert.is(error.code, 'InvalidRequest', query)
      const name = query.slice(0, query.search(/=|&|$/))
      assert.equal(error.elements, { ArgumentName: name })
      assert.match(error.message, `"${name}"`)
    }
  }
})

test('whoever holds the URL of a listing chooses what is listed', () => {
  const listing =
    'prefix=a&delimiter=/&marker=m&max-keys=1&encoding-type=url&list-type=2&continuation-token=c&start-after=s&fetch-owner=true'
  assert.ok(run({ target: `${presign({ path: '/b/' })}&${listing}` }))
})

test('Expires is in the future, and no more than seven days', () => {
  const target = presign({})
  const at = (seconds: number) => new Date(Number(expires) * 1000 + seconds * 1000)
  assert.ok(run({ target, now: at(-0.001) }))
  const late = failureOf({ target, now: at(0) })
  assert.is(late.code, 'AccessDenied')
  assert.is(late.message, 'Request has expired')
  assert.equal(late.elements, {
    Expires: '2013-05-24T00:15:00Z',
    ServerTime: '2013-05-24T00:15:00Z',
  })
  assert.ok(run({ target, now: at(-604_800) }))
  const early = failureOf({ target, now: at(-604_800.001) })
  assert.is(early.code, 'AuthorizationQueryParametersError')
  const far = failureOf({ target: presign({ expires: '999999999999' }) })
  assert.is(far.code, 'AuthorizationQueryParametersError')
  assert.is(failureOf({ target: presign({ expires: '0' }) }).message, 'Request has expired')
  const odd = ['', '-1', '1e10', '1369354500.5', ' 1369354500', '0x51', '1000000000000', 'soon']
  for (const value of odd) {
    const error = failureOf({ target: presign({ expires: value }) })
    assert.is(error.code, 'AccessDenied', value)
    assert.match(error.message, 'seconds since 1970')
  }
  assert.is(failureOf({ target: target.replace(/&Expires=.*/, '') }).code, 'AccessDenied')
})

test('a payload is unsigned or has its hash in a signed header, and is never in chunks', () => {
  const put = (headers: Record<string, string>) => ({
    method: 'PUT',
    target: presign({ method: 'PUT', headers }),
    headers,
  })
  const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const { payloadDeclaration } = run(put({ 'x-amz-content-sha256': sha256 }))
  assert.equal(payloadDeclaration.mode, { kind: 'sha256', sha256 })
  assert.throws(() => payloadDeclaration.chunkSigning.sign(''), 'never signed')
  const plain = run(put({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }))
  assert.equal(plain.payloadDeclaration.mode, { kind: 'unsigned' })
  for (const [headers, code] of [
    [{ 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }, 'InvalidRequest'],
    [{ 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }, 'InvalidRequest'],
    [{ 'x-amz-content-sha256': 'STREAMING-' }, 'InvalidRequest'],
    [{ 'Content-Encoding': 'aws-chunked' }, 'InvalidRequest'],
    [{ 'Content-Encoding': 'gzip,AWS-chunked' }, 'InvalidRequest'],
    [{ 'x-amz-content-sha256': 'abc' }, 'InvalidArgument'],
  ] as const) {
    assert.is(failureOf(put(headers)).code, code, JSON.stringify(headers))
  }
})

test('two claims in one request are refused, and so is version 2 in the header', () => {
  const target = presign({})
  const header = { Authorization: `AWS ${accessKeyId}:c2lnbmF0dXJl` }
  assert.is(failureOf({ target: '/b/k', headers: header }).code, 'InvalidRequest')
  assert.is(failureOf({ target, headers: header }).code, 'InvalidArgument')
  const headerV4 = { Authorization: 'AWS4-HMAC-SHA256 Credential=a' }
  assert.is(failureOf({ target, headers: headerV4 }).code, 'InvalidArgument')
  for (const name of ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature']) {
    for (const signatureV2 of ['presigned', 'off'] as const) {
      const error = failureOf({ target: `${target}&${name}=a`, signatureV2 })
      assert.is(error.code, 'InvalidArgument', name)
    }
  }
})

test('the examples that AWS publishes for the header verify, where the setting takes it', () => {
  const hostBucket = 'johnsmith'
  const examples: readonly (RequestInput & { signature: string; at: string })[] = [
    {
      ...{ target: '/photos/puppy.jpg', hostBucket, at: 'Tue, 27 Mar 2007 19:36:42 +0000' },
      signature: 'bWq2s1WEIj+Ydj0vQ697zp+IXMU=',
    },
    {
      ...{ method: 'PUT', target: '/photos/puppy.jpg', hostBucket },
      ...{ headers: { 'Content-Type': 'image/jpeg' }, at: 'Tue, 27 Mar 2007 21:15:45 +0000' },
      signature: 'MyyxeRY7whkBe+bq8fHCL/2kKUg=',
    },
    {
      ...{ target: '/?prefix=photos&max-keys=50&marker=puppy', hostBucket },
      ...{ at: 'Tue, 27 Mar 2007 19:42:41 +0000', signature: 'htDYFYduRNen8P9ZfE/s9SuKy0U=' },
    },
    {
      ...{ target: '/?acl', hostBucket, at: 'Tue, 27 Mar 2007 19:44:46 +0000' },
      signature: 'c2WLPFtWHVgbEmeEG93a4cG37dM=',
    },
    {
      ...{ target: '/', at: 'Wed, 28 Mar 2007 01:29:59 +0000' },
      signature: 'qGdzdERIC03wnaRNKh6OqZehG9s=',
    },
    {
      ...{ target: '/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re' },
      ...{ at: 'Wed, 28 Mar 2007 01:49:49 +0000', signature: 'DNEZGsoieTZ92F3bUfSPQcbGmlM=' },
    },
  ]
  for (const { at, signature, headers, ...rest } of examples) {
    const claim = { Date: at, Authorization: `AWS ${accessKeyId}:${signature}` }
    const request = { ...rest, headers: { ...headers, ...claim }, now: new Date(at) }
    assert.ok(run({ ...request, signatureV2: 'on' }), rest.target)
    for (const signatureV2 of ['presigned', 'off'] as const) {
      assert.is(failureOf({ ...request, signatureV2 }).code, 'InvalidRequest', rest.target)
    }
    const later = new Date(Date.parse(at) + 901_000)
    const late = failureOf({ ...request, now: later, signatureV2: 'on' })
    assert.is(late.code, 'RequestTimeTooSkewed')
    const moved = { ...request.headers, Date: 'Tue, 27 Mar 2007 19:36:43 +0000' }
    const now = new Date('2007-03-27T19:36:43Z')
    const forged = failureOf({ ...request, headers: moved, now, signatureV2: 'on' })
    assert.is(forged.code, 'SignatureDoesNotMatch')
  }
})

test('a header of version 2 reaches no sub-resource that it does not sign, and needs a date', () => {
  const Authorization = `AWS ${accessKeyId}:c2lnbmF0dXJl`
  const date = { Date: now.toUTCString() }
  const at = (target: string, headers: Record<string, string> = date) =>
    failureOf({ target, headers: { Authorization, ...headers }, signatureV2: 'on' })
  for (const name of ['attributes', 'encryption', 'legal-hold', 'retention', 'publicAccessBlock']) {
    assert.is(at(`/b/k?${name}`).code, 'InvalidRequest', name)
  }
  assert.is(at('/b/k?acl&acl').code, 'InvalidRequest')
  for (const query of ['acl', 'x-id=GetObject', 'key-marker=a', 'max-uploads=1&uploads']) {
    assert.is(at(`/b/k?${query}`).code, 'SignatureDoesNotMatch', query)
  }
  for (const headers of [{}, { Date: 'today' }, { ...date, 'x-amz-date': 'today' }]) {
    assert.is(at('/b/k', headers).code, 'AccessDenied')
  }
  const amz = (written: string) => at('/b/k', { ...date, 'x-amz-date': written }).code
  assert.is(amz('Fri, 07 Jul 1950 21:53:04 GMT'), 'AccessDenied')
  assert.is(amz('Wed, 07 Jul 2010 21:53:04 GMT'), 'RequestTimeTooSkewed')
})

test('x-amz-date takes the place of Date in a header of version 2', () => {
  const amzDate = 'Fri, 24 May 2013 00:00:00 GMT'
  const text = `GET\n\n\n\nx-amz-date:${amzDate}\n/b/k`
  const headers = {
    Authorization: `AWS ${accessKeyId}:${signV2(text, secretAccessKey)}`,
    Date: 'Thu, 01 Jan 1970 00:00:00 GMT',
    'x-amz-date': amzDate,
  }
  assert.ok(run({ target: '/b/k', headers, signatureV2: 'on' }))
})

test('it can be turned off', () => {
  const error = failureOf({ target: presign({}), signatureV2: 'off' })
  assert.is(error.code, 'InvalidRequest')
  assert.match(error.message, 'AWS4-HMAC-SHA256')
})

test('a presigned URL works on a server, in both styles, unless it is turned off', async () => {
  const credentials = () => ({ secretAccessKey, ...rootHolder })
  const options = { authenticate, credentials, now: () => now }
  const unsigned = { Authorization: '' }
  const hosted = { ...unsigned, Host: 'bucket.s3.test:9000' }
  const path = '/bucket/a%20b%2B%C3%A6%252F'
  const query = 'response-content-type=text%2Fx-mine'
  const put = presign({ method: 'PUT', path })
  const get = presign({ path, query })
  await withServing(options, async ({ ask, bridge }) => {
    assert.is((await ask('PUT', put, { headers: unsigned, body: 'hello' })).status, 200)
    assert.ok(bridge.objects.has('bucket/a b+æ%2F'))
    for (const [target, headers] of [
      [get, unsigned],
      [get.slice('/bucket'.length), hosted],
    ] as const) {
      const got = await ask('GET', target, { headers })
      assert.is(got.text, 'hello')
      assert.is(got.headers['content-type'], 'text/x-mine')
    }
    const elsewhere = await ask('GET', get, { headers: hosted })
    assert.is(element(elsewhere.text, 'Code'), 'SignatureDoesNotMatch')
    assert.is(element(elsewhere.text, 'AWSAccessKeyId'), accessKeyId)
    const more = await ask('GET', `${get}&attributes`, { headers: unsigned })
    assert.is(element(more.text, 'Code'), 'InvalidRequest')
  })
  await withServing({ ...options, signatureV2: 'off' }, async ({ ask }) => {
    const { text, status } = await ask('GET', get, { headers: unsigned })
    assert.is(status, 400)
    assert.is(element(text, 'Code'), 'InvalidRequest')
  })
})

test.run()
