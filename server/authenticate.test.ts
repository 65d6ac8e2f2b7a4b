// Signatures against the examples that AWS publishes, and every way in which a claim can be wrong.
import aws4 from 'aws4'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { rootHolder } from './access/holder.test-support.ts'
import { type Authenticated, type AuthenticateInput, authenticate } from './authenticate.ts'

const test = suite('authenticate')

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const exampleHost = 'examplebucket.s3.amazonaws.com'
const exampleTime = new Date('2013-05-24T00:00:00Z')

type RequestInput = {
  method?: string
  target: string
  headers: Record<string, string>
  now?: Date
}

function toInput({ method = 'GET', target, headers, now = exampleTime }: RequestInput) {
  return {
    method,
    rawTarget: target,
    rawHeaders: Object.entries(headers).flat(),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    credentials: (id: string) =>
      id === accessKeyId ? { secretAccessKey, ...rootHolder } : undefined,
    now,
  } satisfies AuthenticateInput
}

/** NOTE: uvu loses a test, and stays green, when an error escapes whose `elements` is not a text. */
function run(request: RequestInput): Authenticated {
  try {
    return authenticate(toInput(request))
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    throw new Error(`${error.code}: ${error.message} ${JSON.stringify(error.elements)}`)
  }
}

function failureOf(request: RequestInput): S3Error {
  try {
    authenticate(toInput(request))
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
  throw new Error('no error')
}

function authorization(signedHeaders: string, signature: string, scope = 'us-east-1'): string {
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20130524/${scope}/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`
}

/** A request signed by aws4 for now = 2013-05-24, every header of it signed. */
function signedRequest(options: {
  method?: string
  target?: string
  headers?: Record<string, string>
  region?: string
}): RequestInput {
  const request = {
    service: 's3',
    region: options.region ?? 'us-east-1',
    method: options.method ?? 'GET',
    path: options.target ?? '/b/k',
    headers: {
      Host: 'localhost:9000',
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
      ...options.headers,
    } as Record<string, string>,
  }
  const signed = new aws4.RequestSigner(request, { accessKeyId, secretAccessKey }).sign()
  return {
    method: request.method,
    target: request.path,
    headers: Object.fromEntries(
      Object.entries(signed.headers ?? {}).map(([name, value]) => [name, String(value)]),
    ),
  }
}

function presignedTarget(options: {
  date?: string
  expires?: string
  extra?: string
  headers?: Record<string, string>
}): string {
  const path = `/b/k?X-Amz-Date=${options.date ?? '20130524T000000Z'}&X-Amz-Expires=${options.expires ?? '900'}${options.extra ?? ''}`
  const signed = new aws4.RequestSigner(
    {
      service: 's3',
      region: 'us-east-1',
      signQuery: true,
      path,
      headers: { Host: 'localhost', ...options.headers },
    },
    { accessKeyId, secretAccessKey },
  ).sign()
  return signed.path ?? ''
}

test("AWS's published examples verify", () => {
  const signature = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
  const examples: RequestInput[] = [
    {
      target: '/test.txt',
      headers: {
        Host: exampleHost,
        Range: 'bytes=0-9',
        'x-amz-content-sha256': emptySha256,
        'x-amz-date': '20130524T000000Z',
        Authorization: authorization('host;range;x-amz-content-sha256;x-amz-date', signature),
      },
    },
    {
      method: 'PUT',
      target: '/test$file.text',
      headers: {
        Host: exampleHost,
        Date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        Authorization: authorization(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        ),
      },
    },
    {
      target: '/?lifecycle',
      headers: {
        Host: exampleHost,
        'x-amz-date': '20130524T000000Z',
        'x-amz-content-sha256': emptySha256,
        Authorization: authorization(
          'host;x-amz-content-sha256;x-amz-date',
          'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
        ),
      },
    },
    {
      target: '/?max-keys=2&prefix=J',
      headers: {
        Host: exampleHost,
        'x-amz-date': '20130524T000000Z',
        'x-amz-content-sha256': emptySha256,
        Authorization: authorization(
          'host;x-amz-content-sha256;x-amz-date',
          '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
        ),
      },
    },
    {
      target: `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
      headers: { Host: exampleHost },
    },
    {
      method: 'PUT',
      target: '/examplebucket/chunkObject.txt',
      headers: {
        Host: 's3.amazonaws.com',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'Content-Encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '66560',
        'Content-Length': '66824',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        Authorization: authorization(
          'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
          '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
        ),
      },
    },
    {
      method: 'PUT',
      target: '/examplebucket/chunkObject.txt',
      headers: {
        Host: 's3.amazonaws.com',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'Content-Encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '66560',
        'x-amz-trailer': 'x-amz-checksum-crc32c',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
        Authorization: authorization(
          'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
          '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
        ),
      },
    },
  ]
  for (const example of examples) {
    assert.equal(run(example).identity, { accessKeyId, ...rootHolder }, example.target)
  }
})

test('the declaration of a streamed payload can sign its first chunk', () => {
  const { payloadDeclaration } = run(
    signedRequest({ headers: { 'X-Amz-Content-Sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } }),
  )
  assert.is(payloadDeclaration.contentSha256, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
  assert.equal(payloadDeclaration.mode, { kind: 'aws-chunked', chunks: 'signed', trailer: 'none' })
  assert.is(payloadDeclaration.chunkSigning.scope, '20130524/us-east-1/s3/aws4_request')
  assert.is(payloadDeclaration.chunkSigning.timestamp, '20130524T000000Z')
  // From AWS's chunked upload example, whose scope is the same.
  assert.is(
    payloadDeclaration.chunkSigning.sign(
      `AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9\n${emptySha256}\nbf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a`,
    ),
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  )
})

test('any region signs, and each with its own key', () => {
  for (const region of ['us-east-1', 'auto', 'garage', 'no.1_x']) {
    assert.ok(run(signedRequest({ region })), region)
  }
  const request = signedRequest({ region: 'auto' })
  const Authorization = request.headers.Authorization?.replace('/auto/', '/autos/') ?? ''
  const moved = { ...request, headers: { ...request.headers, Authorization } }
  assert.is(failureOf(moved).code, 'SignatureDoesNotMatch')
})

test('a presigned request is unsigned unless it says otherwise', () => {
  const headers = { Host: 'localhost' }
  const plain = run({ target: presignedTarget({}), headers })
  assert.equal(plain.payloadDeclaration.mode, { kind: 'unsigned' })
  const repeated = { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  assert.ok(run({ target: presignedTarget({}), headers: repeated }))
  const other = { ...headers, 'x-amz-content-sha256': emptySha256 }
  assert.is(failureOf({ target: presignedTarget({}), headers: other }).code, 'AccessDenied')
})

test('a presigned query may carry x-amz values instead of headers', () => {
  const extra = '&x-amz-meta-color=red&X-Amz-Acl=private&X-Amz-Meta-A=1%202&x-id=PutObject'
  const { queryHeaders } = run({
    target: presignedTarget({ extra }),
    headers: { Host: 'localhost' },
  })
  assert.equal(queryHeaders, {
    'x-amz-meta-color': 'red',
    'x-amz-acl': 'private',
    'x-amz-meta-a': '1 2',
  })
  const header = run(signedRequest({ target: '/b/k?x-amz-acl=private' }))
  assert.equal(header.queryHeaders, {})
})

test('the signature covers method, path, query, headers and payload', () => {
  const good = signedRequest({ target: '/b/k?x=1', headers: { 'x-amz-meta-a': 'b' } })
  assert.ok(run(good))
  const tampered: RequestInput[] = [
    { ...good, method: 'DELETE' },
    { ...good, target: '/b/K?x=1' },
    { ...good, target: '/b/k?x=2' },
    { ...good, target: '/b/k?x=1&x=1' },
    { ...good, target: '/b/k?x=1&versionId=1' },
    { ...good, target: '/b/k' },
    { ...good, headers: { ...good.headers, 'x-amz-meta-a': 'c' } },
    { ...good, headers: { ...good.headers, Host: 'localhost' } },
    { ...good, headers: { ...good.headers, 'X-Amz-Content-Sha256': emptySha256 } },
    { ...good, headers: { ...good.headers, 'X-Amz-Date': '20130524T000001Z' } },
    {
      ...good,
      headers: { ...good.headers, Authorization: `${good.headers.Authorization?.slice(0, -1)}_` },
    },
    {
      ...good,
      headers: { ...good.headers, Authorization: `${good.headers.Authorization?.slice(0, -1)}` },
    },
  ]
  for (const request of tampered) {
    const error = failureOf(request)
    assert.is(error.code, 'SignatureDoesNotMatch', JSON.stringify(request))
    assert.equal(Object.keys(error.elements), [
      'AWSAccessKeyId',
      'StringToSign',
      'SignatureProvided',
      'StringToSignBytes',
      'CanonicalRequest',
      'CanonicalRequestBytes',
    ])
    for (const name of ['StringToSign', 'CanonicalRequest'] as const) {
      const bytes = error.elements[`${name}Bytes`] ?? ''
      assert.match(bytes, /^[0-9a-f]{2}(?: [0-9a-f]{2})+$/)
      assert.is(Buffer.from(bytes.replaceAll(' ', ''), 'hex').toString(), error.elements[name])
    }
  }
  const target = presignedTarget({ extra: '&x=1' })
  const headers = { Host: 'localhost' }
  assert.ok(run({ target, headers }))
  for (const [from, to] of [
    ['/b/k', '/b/j'],
    ['x=1', 'x=2'],
    ['Expires=900', 'Expires=901'],
    ['Signature=', 'Signature=0'],
  ] as const) {
    const error = failureOf({ target: target.replace(from, to), headers })
    assert.is(error.code, 'SignatureDoesNotMatch', `${from} -> ${to}`)
  }
})

test('x-amz headers outside the signature are refused, and so is an unsigned host', () => {
  const good = signedRequest({})
  const added = failureOf({ ...good, headers: { ...good.headers, 'x-amz-acl': 'public-read' } })
  assert.is(added.code, 'AccessDenied')
  assert.equal(added.elements, { HeadersNotSigned: 'x-amz-acl' })
  const presigned = failureOf({
    target: presignedTarget({}),
    headers: { Host: 'localhost', 'X-Amz-Meta-A': '1' },
  })
  assert.equal(presigned.elements, { HeadersNotSigned: 'x-amz-meta-a' })
  const noHost = failureOf({
    ...good,
    headers: {
      ...good.headers,
      Authorization: authorization('x-amz-content-sha256;x-amz-date', '0'.repeat(64)),
    },
  })
  assert.equal(noHost.elements, { HeadersNotSigned: 'host' })
  // x-amzn-… is not x-amz-…: a load balancer adds it.
  assert.ok(run({ ...good, headers: { ...good.headers, 'X-Amzn-Trace-Id': 'Root=1' } }))
})

test('a claim in the header that is malformed has the error that AWS gives', () => {
  const { headers } = signedRequest({})
  const scope = `${accessKeyId}/20130524/us-east-1/s3/aws4_request`
  const rest = `, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${'0'.repeat(64)}`
  const malformed = 'AuthorizationHeaderMalformed'
  const cases: readonly [authorization: string, code: string][] = [
    ['', 'AccessDenied'],
    ['  ', 'AccessDenied'],
    ['AWS AKIA:c2lnbmF0dXJl', 'InvalidRequest'],
    ['AWS HAHAHA', 'InvalidArgument'],
    ['Basic dXNlcjpwYXNz', 'InvalidArgument'],
    ['Bearer x', 'InvalidArgument'],
    [`AWS4-ECDSA-P256-SHA256 Credential=${scope}${rest}`, 'NotImplemented'],
    ['AWS4-HMAC-SHA256', malformed],
    ['AWS4-HMAC-SHA256 ', malformed],
    ['AWS4-HMAC-SHA256 Credential', malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope}${rest}${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope}${rest}, Foo=bar`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${accessKeyId}${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=/20130524/us-east-1/s3/aws4_request${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${accessKeyId}/20130524//s3/aws4_request${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope.replace('s3', 'ec2')}${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope.replace('aws4_', 'aws5_')}${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope.replace('0524', '0525')}${rest}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope}${rest.replace('host', 'Host')}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope}${rest.replace('host', 'host;host')}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=${scope}${rest.replace('host', '')}`, malformed],
    [`AWS4-HMAC-SHA256 Credential=X${scope}${rest}`, 'InvalidAccessKeyId'],
    [`AWS4-HMAC-SHA256 Credential=a/b${scope}${rest}`, 'InvalidAccessKeyId'],
    [`AWS4-HMAC-SHA256 Credential=${scope}${rest}`, 'SignatureDoesNotMatch'],
  ]
  for (const [Authorization, code] of cases) {
    const error = failureOf({ target: '/b/k', headers: { ...headers, Authorization } })
    assert.is(error.code, code, `${Authorization}: ${error.message}`)
  }
})

test('a presigned claim that is malformed has the error that AWS gives', () => {
  const headers = { Host: 'localhost' }
  const good = presignedTarget({})
  const malformed = 'AuthorizationQueryParametersError'
  const cases: readonly [from: RegExp, to: string, code: string][] = [
    [/X-Amz-Expires=\d+/, 'X-Amz-Expires=', malformed],
    [/X-Amz-Expires=\d+/, 'X-Amz-Expires=-', malformed],
    [/X-Amz-Expires=\d+/, 'X-Amz-Expires=604801', malformed],
    [/X-Amz-Expires=\d+/, 'X-Amz-Expires=1e3', malformed],
    [/X-Amz-Expires=\d+&/, '', malformed],
    [/X-Amz-Date=\w+/, 'X-Amz-Date=20130524', malformed],
    [/X-Amz-Date=\w+/, 'X-Amz-Date=20130231T000000Z', malformed],
    [/X-Amz-Date=\w+/, 'X-Amz-Date=20130525T000000Z', malformed],
    [/X-Amz-Signature=\w+/, 'X-Amz-Signature=', malformed],
    [/X-Amz-Signature=\w+/, 'Y=1', malformed],
    [/HMAC-SHA256/, 'HMAC-SHA1', malformed],
    [/AWS4-HMAC-SHA256/, 'AWS4-ECDSA-P256-SHA256', 'NotImplemented'],
    [/X-Amz-SignedHeaders=host/, 'X-Amz-SignedHeaders=Host', malformed],
    [/X-Amz-Credential=[^&]+/, 'X-Amz-Credential=abc', malformed],
    [/X-Amz-Algorithm/, 'X-Amz-Date=20130524T000000Z&X-Amz-Algorithm', malformed],
    [/AKIA/, 'BKIA', 'InvalidAccessKeyId'],
  ]
  for (const [from, to, code] of cases) {
    const error = failureOf({ target: good.replace(from, to), headers })
    assert.is(error.code, code, `${to}: ${error.message}`)
  }
  const v2 = failureOf({ target: '/b/k?AWSAccessKeyId=a&Signature=b&Expires=1', headers })
  assert.is(v2.code, 'InvalidRequest')
  assert.match(v2.message, 'AWS4-HMAC-SHA256')
  const both = failureOf({ target: good, headers: signedRequest({}).headers })
  assert.is(both.code, 'InvalidArgument')
})

test('headers that need no signature may have one, and then count', () => {
  const more = {
    'Content-Length': '5',
    Expect: '100-continue',
    Range: 'bytes=0-1',
    'User-Agent': 'a  client/1.0',
    'x-amz-meta-note': '  two   blanks\tand a tab ',
    'x-amz-meta-utf8': Buffer.from('blåbær').toString('latin1'),
  }
  // aws4 leaves some of these out unless it is told, so the list of names shows what was signed.
  const names = ['content-length', 'expect', 'range', 'user-agent']
  const request = {
    service: 's3',
    region: 'us-east-1',
    method: 'PUT',
    path: '/b/k',
    extraHeadersToInclude: Object.fromEntries(names.map((name) => [name, true])),
    headers: {
      Host: 'localhost:9000',
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
      ...more,
      // Clients sign the text that Node's parser gives byte by byte.
      'x-amz-meta-utf8': 'blåbær',
    },
  }
  const { headers: signed } = new aws4.RequestSigner(request, {
    accessKeyId,
    secretAccessKey,
  }).sign()
  const headers: Record<string, string> = { ...(signed as Record<string, string>), ...more }
  for (const name of names) assert.match(headers.Authorization ?? '', new RegExp(`[=;]${name}[;,]`))
  assert.ok(run({ method: 'PUT', target: '/b/k', headers }))
  for (const name of ['Content-Length', 'Expect', 'Range', 'User-Agent']) {
    const changed = { ...headers, [name]: '9' }
    const error = failureOf({ method: 'PUT', target: '/b/k', headers: changed })
    assert.is(error.code, 'SignatureDoesNotMatch', name)
  }
})

test('overrides of the answer are signed, and nobody has them without a signature', () => {
  const headers = { Host: 'localhost' }
  const extra = '&response-content-type=text%2Fplain'
  assert.ok(run({ target: presignedTarget({ extra }), headers }))
  const added = failureOf({ target: `${presignedTarget({})}${extra}`, headers })
  assert.is(added.code, 'SignatureDoesNotMatch')
  const anonymous = failureOf({ target: `/b/k?${extra.slice(1)}`, headers })
  assert.is(anonymous.code, 'InvalidRequest')
  assert.match(anonymous.message, 'anonymous GET')
  assert.is(run({ target: '/b/k', headers }).identity, undefined)
  const signedChunks = { ...headers, 'X-Amz-Content-Sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }
  assert.is(failureOf({ target: '/b/k', headers: signedChunks }).code, 'AccessDenied')
})

test('a session token belongs to other keys, in the header as in the query', () => {
  const request = signedRequest({ headers: { 'X-Amz-Security-Token': 'token' } })
  assert.is(failureOf(request).code, 'InvalidToken')
  const target = presignedTarget({ extra: '&X-Amz-Security-Token=token' })
  assert.is(failureOf({ target, headers: { Host: 'localhost' } }).code, 'InvalidToken')
  // Nobody learns by a token whether a signature was right.
  const forged = { ...request.headers, Authorization: `${request.headers.Authorization}0` }
  assert.is(failureOf({ ...request, headers: forged }).code, 'SignatureDoesNotMatch')
})

test('the time of a request must be there and within 15 minutes', () => {
  const good = signedRequest({})
  const at = (offsetMs: number) => new Date(exampleTime.getTime() + offsetMs)
  assert.ok(run({ ...good, now: at(15 * 60_000) }))
  assert.ok(run({ ...good, now: at(-15 * 60_000) }))
  const late = failureOf({ ...good, now: at(15 * 60_000 + 1) })
  assert.is(late.code, 'RequestTimeTooSkewed')
  assert.is(late.elements.MaxAllowedSkewMilliseconds, '900000')
  // A date that was changed after the signing is first of all one that is far off.
  for (const changed of ['19700101T000000Z', '20300707T215304Z', '99990707T215304Z']) {
    const headers = { ...good.headers, 'X-Amz-Date': changed }
    assert.is(failureOf({ ...good, headers }).code, 'RequestTimeTooSkewed', changed)
  }
  assert.is(late.elements.RequestTime, '20130524T000000Z')
  assert.is(failureOf({ ...good, now: at(-15 * 60_000 - 1) }).code, 'RequestTimeTooSkewed')
  const { 'X-Amz-Date': _, ...noDate } = good.headers
  for (const date of [undefined, 'yesterday', 'Fri, 99 May 2013 00:00:00 GMT', '20130524']) {
    const headers = date === undefined ? noDate : { ...noDate, Date: date }
    assert.is(failureOf({ ...good, headers }).code, 'AccessDenied', date)
  }
  for (const date of ['2013-05-24T00:00:00Z', '19500707T215304Z']) {
    const headers = { ...good.headers, 'X-Amz-Date': date }
    assert.is(failureOf({ ...good, headers }).code, 'AccessDenied', date)
  }
})

test('Date serves where x-amz-date is missing', () => {
  const date = 'Fri, 24 May 2013 00:00:00 GMT'
  const request = {
    service: 's3',
    region: 'us-east-1',
    method: 'GET',
    path: '/b/k',
    doNotModifyHeaders: true,
    headers: { Host: 'localhost', Date: date, 'X-Amz-Content-Sha256': emptySha256 },
  }
  const { headers } = new aws4.RequestSigner(request, { accessKeyId, secretAccessKey }).sign()
  assert.ok(run({ target: '/b/k', headers: { ...request.headers, ...(headers as object) } }))
})

test('a presigned request is good from its date until it expires', () => {
  const headers = { Host: 'localhost' }
  const target = presignedTarget({ expires: '60' })
  const at = (offsetMs: number) => new Date(exampleTime.getTime() + offsetMs)
  assert.ok(run({ target, headers, now: at(60_000) }))
  assert.ok(run({ target, headers, now: at(-15 * 60_000) }))
  const late = failureOf({ target, headers, now: at(60_001) })
  assert.is(late.code, 'AccessDenied')
  assert.is(late.message, 'Request has expired')
  assert.equal(late.elements, {
    'X-Amz-Expires': '60',
    Expires: '2013-05-24T00:01:00Z',
    ServerTime: '2013-05-24T00:01:00Z',
  })
  assert.is(failureOf({ target, headers, now: at(-16 * 60_000) }).code, 'AccessDenied')
  assert.ok(run({ target: presignedTarget({ expires: '604800' }), headers, now: at(604_800_000) }))
  for (const expires of ['0', '-1', '-604800']) {
    // By the clock of a signer that is ahead it would be valid still.
    const never = failureOf({
      target: presignedTarget({ expires }),
      headers,
      now: at(-14 * 60_000),
    })
    assert.is(never.code, 'AccessDenied', expires)
    assert.is(never.message, 'Request has expired', expires)
  }
})

test('x-amz-content-sha256 is required and must be a form that is known', () => {
  const { headers } = signedRequest({})
  const { 'X-Amz-Content-Sha256': _, ...without } = headers
  const missing = failureOf({ target: '/b/k', headers: without })
  assert.is(missing.code, 'InvalidRequest')
  assert.match(missing.message, 'x-amz-content-sha256')
  for (const [value, code] of [
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', 'NotImplemented'],
    ['STREAMING-AWS4-HMAC-SHA256-EVENTS', 'NotImplemented'],
    ['unsigned-payload', 'InvalidArgument'],
    ['abc', 'InvalidArgument'],
  ] as const) {
    const request = signedRequest({ headers: { 'X-Amz-Content-Sha256': value } })
    assert.is(failureOf(request).code, code, value)
  }
})

test.run()
