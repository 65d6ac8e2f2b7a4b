// Form uploads through the whole server: claims, policies, what becomes of the fields, and the answers. The
// signatures are made here by hand from AWS's description; boto3's are in conformance/clients.
import { createHash, createHmac } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rootHolder } from '../access/holder.test-support.ts'
import { authenticate } from '../authenticate.ts'
import { type Answer, element, type Serving, withServing } from '../serving.test-support.ts'

const test = suite('form uploads')
const now = new Date('2029-06-01T12:00:00Z')
const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const scope = '20290601/eu-north-1/s3/aws4_request'

type Fields = readonly (readonly [name: string, value: string])[]

const serving = {
  authenticate,
  now: () => now,
  credentials: (id: string) =>
    id === accessKeyId ? { secretAccessKey, ...rootHolder } : undefined,
}

/** A policy that takes exactly these fields, and what is given besides. */
function policyOf(
  fields: Fields,
  more: readonly unknown[] = [],
  expiration = '2029-06-01T12:00:01Z',
) {
  const conditions = [...fields.map(([name, value]) => ['eq', `$${name}`, value]), ...more]
  const document = { expiration, conditions: [{ bucket: 'bucket' }, ...conditions] }
  return Buffer.from(JSON.stringify(document)).toString('base64')
}

function signV4(policy: string): string {
  let key: string | Buffer = `AWS4${secretAccessKey}`
  for (const piece of scope.split('/')) key = createHmac('sha256', key).update(piece).digest()
  return createHmac('sha256', key).update(policy).digest('hex')
}

function signedV4(fields: Fields, more?: readonly unknown[], expiration?: string): Fields {
  const all = [
    ...fields,
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', `${accessKeyId}/${scope}`],
    ['x-amz-date', '20290601T120000Z'],
  ] as const
  const policy = policyOf(all, more, expiration)
  return [...all, ['Policy', policy], ['X-Amz-Signature', signV4(policy)]]
}

function signedV2(fields: Fields): Fields {
  const policy = policyOf(fields)
  const signature = createHmac('sha1', secretAccessKey).update(policy).digest('base64')
  return [...fields, ['AWSAccessKeyId', accessKeyId], ['policy', policy], ['signature', signature]]
}

function post(
  { ask }: Serving,
  fields: Fields,
  { file = 'content', path = '/bucket', headers = {} as Record<string, string> } = {},
): Promise<Answer> {
  const part = (head: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`
  const parts = fields.map(([name, value]) => part(`name="${name}"`, value))
  const body = `${parts.join('')}${part('name="file"; filename="dir/a file.txt"', file)}--b--\r\n`
  const contentType = 'multipart/form-data; boundary=b'
  return ask('POST', path, {
    headers: { Authorization: '', 'Content-Type': contentType, ...headers },
    body,
  })
}

function expectError(answer: Answer, status: number, code: string, message = ''): void {
  assert.is(answer.status, status, answer.text)
  assert.is(element(answer.text, 'Code'), code, answer.text)
  assert.match(element(answer.text, 'Message') ?? '', message)
}

test('a form of either version is stored with what its fields say', async () => {
  await withServing(serving, async (running) => {
    const fields = [
      ['key', 'user/\u0024{filename}'],
      ['acl', 'private'],
      ['Content-Type', 'text/plain'],
      ['Cache-Control', 'no-store'],
      ['x-amz-meta-Color', 'rød'],
      ['x-amz-storage-class', 'STANDARD'],
    ] as const
    // A policy sees the key with its file name.
    const seen = fields.map(([name, value]) =>
      name === 'key' ? (['key', 'user/a file.txt'] as const) : ([name, value] as const),
    )
    const withKey = (signed: Fields): Fields =>
      signed.map(([name, value]) => (name === 'key' ? fields[0] : [name, value]))
    for (const signed of [signedV4(seen), signedV2(seen)]) {
      const answer = await post(running, withKey(signed))
      assert.is(answer.status, 204, answer.text)
      const etag = createHash('md5').update('content').digest('hex')
      assert.is(answer.headers.etag, `"${etag}"`)
      assert.match(answer.headers.location ?? '', /^http:\/\/127.*\/bucket\/user\/a%20file.txt$/)
      const stored = running.bridge.objects.get('bucket/user/a file.txt')
      assert.is(stored?.bytes.toString(), 'content')
      assert.equal(stored?.info.metadata, {
        contentType: 'text/plain',
        cacheControl: 'no-store',
        user: { color: Buffer.from('rød').toString('latin1') },
      })
      running.bridge.objects.clear()
    }
    const line = await running.logged((entry) => entry.operation === 'PostObject')
    assert.equal([line.key, line.accessKeyId, line.status], ['user/a file.txt', accessKeyId, 204])
  })
})

test('tags and storage class of a form are those of the object', async () => {
  await withServing(serving, async (running) => {
    const tag = (key: string, value: string) =>
      `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
    const document = (tags: string) => `<Tagging><TagSet>${tags}</TagSet></Tagging>`
    const send = (tags: string) =>
      post(
        running,
        signedV4([
          ['key', 'k'],
          ['tagging', document(tags)],
          ['x-amz-storage-class', 'STANDARD_IA'],
        ]),
      )
    const answer = await send(tag('colour', 'r\u00f8d + bl\u00e5') + tag('empty', ''))
    assert.is(answer.status, 204, answer.text)
    const { input } = running.bridge.calls.find(({ method }) => method === 'putObject') ?? {}
    assert.ok(typeof input === 'object' && input !== null && 'tags' in input)
    assert.equal(input.tags, [
      { key: 'colour', value: 'r\u00f8d + bl\u00e5' },
      { key: 'empty', value: '' },
    ])
    assert.ok('storageClass' in input && input.storageClass === 'STANDARD_IA')
    const numbered = (count: number) =>
      Array.from({ length: count }, (_, number) => tag(`${number}`, '')).join('')
    assert.is((await send(numbered(10))).status, 204)
    expectError(await send(numbered(11)), 400, 'BadRequest')
    // Of a stranger too, so many are not even parsed.
    const many = await post(running, [
      ['key', 'k'],
      ['tagging', document('<a/>'.repeat(120))],
    ])
    expectError(many, 400, 'MalformedXML', 'too many elements')
    expectError(await send(tag('a', '1') + tag('a', '2')), 400, 'InvalidTag')
    expectError(await send(tag('aws:a', '1')), 400, 'InvalidTag')
    expectError(await send('<Tag>'), 400, 'MalformedXML')
  })
})

test('the answer is the one that the form asks for', async () => {
  await withServing({ ...serving, domains: ['s3.test'] }, async (running) => {
    const send = (name: string, value: string, options = {}) =>
      post(
        running,
        signedV4([
          ['key', 'a&b'],
          [name, value],
        ]),
        options,
      )
    assert.is((await send('success_action_status', '200')).status, 200)
    assert.is((await send('success_action_status', '404')).status, 204)
    const created = await send('success_action_status', '201')
    assert.is(created.status, 201)
    assert.match(created.text, /<PostResponse><Location>http.*\/bucket\/a%26b<\/Location>/)
    assert.is(element(created.text, 'Bucket'), 'bucket')
    assert.is(element(created.text, 'Key'), 'a&amp;b')
    assert.match(element(created.text, 'ETag') ?? '', /^&quot;[0-9a-f]{32}&quot;$/)
    const hosted = await send('success_action_status', '201', {
      path: '/',
      headers: { Host: 'bucket.s3.test' },
    })
    assert.is(element(hosted.text, 'Location'), 'http://bucket.s3.test/a%26b')
    const etag = createHash('md5').update('content').digest('hex')
    const query = `bucket=bucket&key=a%26b&etag=%22${etag}%22`
    for (const name of ['success_action_redirect', 'redirect']) {
      const moved = await send(name, 'https://app.test/done?x=1#top')
      assert.equal(
        [moved.status, moved.headers.location],
        [303, `https://app.test/done?x=1&${query}#top`],
      )
    }
    for (const url of ['no url', 'javascript:alert(1)', '/done']) {
      assert.is((await send('success_action_redirect', url)).status, 204, url)
    }
  })
})

test('a claim that lacks a part, or is wrong, stores nothing', async () => {
  await withServing(serving, async (running) => {
    const fields = [['key', 'k']] as const
    const without = (signed: Fields, name: string) =>
      signed.filter(([other]) => other.toLowerCase() !== name)
    const change = (signed: Fields, name: string, value: string): Fields =>
      signed.map(([other, old]) => [other, other.toLowerCase() === name ? value : old])
    const v4 = signedV4(fields)
    const v2 = signedV2(fields)
    const cases: readonly [what: string, Fields, status: number, code: string][] = [
      ['nothing', fields, 403, 'AccessDenied'],
      ['no key', without(v4, 'key'), 400, 'InvalidArgument'],
      ['an empty key', change(v4, 'key', ''), 400, 'InvalidArgument'],
      ['a long key', change(v4, 'key', 'k'.repeat(1025)), 400, 'KeyTooLongError'],
      ['no policy', without(v4, 'policy'), 400, 'InvalidArgument'],
      ['no signature', without(v4, 'x-amz-signature'), 400, 'InvalidArgument'],
      ['no date', without(v4, 'x-amz-date'), 400, 'InvalidArgument'],
      ['no credential', without(v4, 'x-amz-credential'), 400, 'InvalidArgument'],
      ['no algorithm', without(v4, 'x-amz-algorithm'), 400, 'InvalidArgument'],
      ['another algorithm', change(v4, 'x-amz-algorithm', 'AWS4'), 400, 'InvalidArgument'],
      ['another day', change(v4, 'x-amz-date', '20290602T000000Z'), 400, 'InvalidArgument'],
      ['another signature', change(v4, 'x-amz-signature', '0'), 403, 'SignatureDoesNotMatch'],
      ['another key', change(v4, 'key', 'other'), 403, 'AccessDenied'],
      ['one field more', [...v4, ['acl', 'private']], 403, 'AccessDenied'],
      ['a policy that was changed', change(v4, 'policy', 'e30='), 403, 'SignatureDoesNotMatch'],
      [
        'another access key',
        change(v4, 'x-amz-credential', `NOBODY/${scope}`),
        403,
        'InvalidAccessKeyId',
      ],
      ['both versions', [...v4, ['AWSAccessKeyId', accessKeyId]], 400, 'InvalidArgument'],
      ['a session token', [...v4, ['x-amz-security-token', 't']], 400, 'InvalidToken'],
      ['no V2 signature', without(v2, 'signature'), 400, 'InvalidArgument'],
      ['no V2 key id', without(v2, 'awsaccesskeyid'), 400, 'InvalidArgument'],
      ['no V2 policy', without(v2, 'policy'), 400, 'InvalidArgument'],
      ['another V2 key id', change(v2, 'awsaccesskeyid', 'foo'), 403, 'InvalidAccessKeyId'],
      ['another V2 signature', change(v2, 'signature', 'AAAA'), 403, 'SignatureDoesNotMatch'],
      ['expired', signedV4(fields, [], '2029-06-01T12:00:00Z'), 403, 'AccessDenied'],
      ['too large', signedV4(fields, [['content-length-range', 0, 6]]), 400, 'EntityTooLarge'],
      ['too small', signedV4(fields, [['content-length-range', 8, 9]]), 400, 'EntityTooSmall'],
      [
        'a value that is no header',
        signedV4([...fields, ['x-amz-meta-a', 'a\r\nb']]),
        400,
        'InvalidArgument',
      ],
      ['a name that is none', signedV4([...fields, ['x-amz-meta-(', 'a']]), 400, 'InvalidArgument'],
      ['an odd ACL', signedV4([...fields, ['acl', 'mine']]), 400, 'InvalidArgument'],
      ['another MD5', signedV4([...fields, ['Content-MD5', 'AAAA']]), 400, 'InvalidDigest'],
      [
        'another checksum',
        signedV4([...fields, ['x-amz-checksum-crc32', 'AAAAAA==']]),
        400,
        'BadDigest',
      ],
      ['tags that are no XML', signedV4([...fields, ['tagging', 'a=b']]), 400, 'MalformedXML'],
    ]
    for (const [what, signed, status, code] of cases) {
      const answer = await post(running, signed)
      assert.equal([answer.status, element(answer.text, 'Code')], [status, code], what)
      assert.is(running.bridge.objects.size, 0, what)
    }
    expectError(await post(running, v4, { path: '/other' }), 403, 'AccessDenied', 'Policy Cond')
    const size = signedV4(fields, [['content-length-range', 7, 7]])
    assert.is((await post(running, size)).status, 204)
  })
})

test('Version 2 is refused where the setting says so', async () => {
  await withServing({ ...serving, signatureV2: 'off' }, async (running) => {
    expectError(await post(running, signedV2([['key', 'k']])), 400, 'InvalidRequest', 'AWS4')
  })
})

test('a POST to a bucket that is no form says so', async () => {
  await withServing({}, async ({ ask }) => {
    const plain = await ask('POST', '/bucket', { body: 'a=b' })
    expectError(plain, 412, 'PreconditionFailed')
    assert.match(element(plain.text, 'Condition') ?? '', /multipart\/form-data/)
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
    expectError(await ask('POST', '/bucket', { headers, body: 'x' }), 400, 'InvalidArgument')
  })
})

test('a form needs a length, and is no larger than an object may be', async () => {
  await withServing({ ...serving, maxObjectBytes: 5 }, async (running) => {
    expectError(await post(running, signedV4([['key', 'k']])), 400, 'EntityTooLarge')
    const chunked = await running.raw(
      'POST /bucket HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n0\r\n\r\n',
    )
    assert.match(chunked, /^HTTP\/1\.1 411 .*<Code>MissingContentLength</s)
  })
})

test.run()
