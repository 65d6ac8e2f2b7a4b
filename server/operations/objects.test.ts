import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../../translate/s3-error.ts'
import { element, withServing } from '../serving.test-support.ts'

const test = suite('object operations')

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

test('what PutObject is given, GetObject and HeadObject give back', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    const sent = {
      'Content-Type': 'text/plain',
      'Cache-Control': 'no-store',
      'Content-Disposition': 'inline',
      'Content-Language': 'nb',
      'Content-Encoding': 'gzip,aws-chunked',
      Expires: 'whenever',
      'x-amz-meta-Color': 'bl\u00e5',
      'x-amz-meta-__proto__': 'x',
      'x-amz-website-redirect-location': '/elsewhere',
      'x-amz-acl': 'public-read',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-request-payer': 'requester',
    }
    const put = await ask('PUT', '/bucket/a%2Fb+c', { headers: sent, body: 'hello' })
    assert.is(put.status, 200)
    assert.is(put.text, '')
    assert.is(put.headers['content-length'], '0')
    assert.is(put.headers.etag, `"${md5('hello')}"`)
    assert.ok(bridge.objects.has('bucket/a/b+c'))
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, text } = await ask(method, '/bucket/a/b+c?versionId=null')
      assert.is(status, 200)
      assert.is(text, method === 'GET' ? 'hello' : '')
      const expected = {
        'content-length': '5',
        'content-type': 'text/plain',
        'cache-control': 'no-store',
        'content-disposition': 'inline',
        'content-language': 'nb',
        'content-encoding': 'gzip',
        expires: 'whenever',
        etag: `"${md5('hello')}"`,
        'last-modified': 'Mon, 06 May 2024 07:08:09 GMT',
        'accept-ranges': 'bytes',
        'x-amz-meta-color': 'bl\u00e5',
        'x-amz-website-redirect-location': '/elsewhere',
      }
      for (const [name, value] of Object.entries(expected)) assert.is(headers[name], value, name)
      assert.is(Object.entries(headers).find(([name]) => name === 'x-amz-meta-__proto__')?.[1], 'x')
      assert.is(headers['content-range'], undefined)
    }
  })
})

test('an object without type is binary, and an empty one is empty', async () => {
  await withServing({}, async ({ ask }) => {
    await ask('PUT', '/bucket/empty')
    const { status, headers, text } = await ask('GET', '/bucket/empty')
    assert.equal([status, text, headers['content-length']], [200, '', '0'])
    assert.is(headers['content-type'], 'binary/octet-stream')
  })
})

test('a checksum comes back from PutObject, and from reads of the whole object that ask', async () => {
  await withServing({}, async ({ ask }) => {
    const checksum = 'NhCmhg=='
    const put = await ask('PUT', '/bucket/k', {
      headers: { 'x-amz-checksum-crc32': checksum },
      body: 'hello',
    })
    assert.is(put.headers['x-amz-checksum-crc32'], checksum)
    assert.is(put.headers['x-amz-checksum-type'], 'FULL_OBJECT')
    const read = async (headers: Record<string, string>) =>
      (await ask('GET', '/bucket/k', { headers })).headers['x-amz-checksum-crc32']
    assert.is(await read({}), undefined)
    assert.is(await read({ 'x-amz-checksum-mode': 'ENABLED' }), checksum)
    assert.is(await read({ 'x-amz-checksum-mode': 'ENABLED', Range: 'bytes=0-1' }), undefined)
    const head = await ask('HEAD', '/bucket/k', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    assert.is(head.headers['x-amz-checksum-crc32'], checksum)
    const wrong = await ask('PUT', '/bucket/k', {
      headers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
      body: 'hello',
    })
    assert.is(element(wrong.text, 'Code'), 'BadDigest')
  })
})

test('a range is 206 with its place; with If-Range the answer is the whole', async () => {
  await withServing({}, async ({ ask }) => {
    await ask('PUT', '/bucket/k', { body: 'hello' })
    const part = await ask('GET', '/bucket/k', { headers: { Range: 'bytes=1-3' } })
    assert.equal([part.status, part.text], [206, 'ell'])
    assert.is(part.headers['content-range'], 'bytes 1-3/5')
    assert.is(part.headers['content-length'], '3')
    const head = await ask('HEAD', '/bucket/k', { headers: { Range: 'bytes=1-3' } })
    assert.equal([head.status, head.headers['content-length']], [206, '3'])
    const whole = await ask('GET', '/bucket/k', {
      headers: { Range: 'bytes=1-3', 'If-Range': '"old"' },
    })
    assert.equal([whole.status, whole.text], [200, 'hello'])
  })
})

test('response- parameters replace headers, and cannot break out of one', async () => {
  await withServing({}, async ({ ask }) => {
    await ask('PUT', '/bucket/k', { body: 'hello', headers: { 'Cache-Control': 'no-store' } })
    const query = 'response-content-type=text%2Fhtml&response-content-disposition=attachment%3B%20x'
    const { headers } = await ask('GET', `/bucket/k?${query}&response-expires=`)
    assert.is(headers['content-type'], 'text/html')
    assert.is(headers['content-disposition'], 'attachment; x')
    assert.is(headers['cache-control'], 'no-store')
    for (const value of ['a%0D%0ASet-Cookie:x', 'a%00', '%E2%82%AC', 'a%7F']) {
      const refused = await ask('GET', `/bucket/k?response-cache-control=${value}`)
      assert.is(element(refused.text, 'Code'), 'InvalidArgument')
    }
  })
})

test('metadata that no header can carry is counted', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    await ask('PUT', '/bucket/k', { body: 'hello' })
    const stored = bridge.objects.get('bucket/k')
    assert.ok(stored)
    const metadata = { contentType: 'a\nb', user: { fine: 'x', bad: '€', 'b d': 'x' } }
    bridge.objects.set('bucket/k', { ...stored, info: { ...stored.info, metadata } })
    const { headers, status } = await ask('GET', '/bucket/k')
    assert.is(status, 200)
    assert.is(headers['content-type'], 'binary/octet-stream')
    assert.is(headers['x-amz-meta-fine'], 'x')
    assert.is(headers['x-amz-missing-meta'], '2')
  })
})

test('conditions reach the bridge as typed values', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    await ask('PUT', '/bucket/k', { body: 'x', headers: { 'If-None-Match': '*' } })
    await ask('GET', '/bucket/k', {
      headers: {
        'If-Match': '"a", b,"c,d"',
        'If-None-Match': 'W/"e"',
        'If-Modified-Since': 'Mon, 06 May 2024 07:08:09 GMT',
        'If-Unmodified-Since': 'yesterday',
      },
    })
    const inputs = bridge.calls.map(({ input }) => input)
    assert.equal(Reflect.get(Object(inputs[0]), 'conditions'), { ifNoneMatch: ['*'] })
    assert.equal(Reflect.get(Object(inputs[1]), 'conditions'), {
      ifMatch: ['a', 'b', 'c,d'],
      ifNoneMatch: ['e'],
      ifModifiedSince: new Date('2024-05-06T07:08:09Z'),
    })
  })
})

test('304 carries ETag, Last-Modified and what caches need, and no body; 412 is a document; HEAD has none', async () => {
  const getObject = async () => {
    const elements = {
      ETag: 'abc',
      'Last-Modified': 'Mon, 06 May 2024 07:08:09 GMT',
      'Cache-Control': 'max-age=5',
      // What no header can carry is left out.
      Expires: 'soon\u2026',
    }
    throw new S3Error('NotModified', { elements })
  }
  const headObject = async () => {
    throw new S3Error('PreconditionFailed')
  }
  await withServing({ overrides: { getObject, headObject } }, async ({ ask }) => {
    const same = await ask('GET', '/bucket/k')
    assert.equal([same.status, same.text], [304, ''])
    assert.is(same.headers.etag, '"abc"')
    assert.is(same.headers['last-modified'], 'Mon, 06 May 2024 07:08:09 GMT')
    assert.is(same.headers['cache-control'], 'max-age=5')
    assert.is(same.headers.expires, undefined)
    assert.ok(same.headers['x-amz-request-id'])
    const failed = await ask('HEAD', '/bucket/k')
    assert.equal([failed.status, failed.text], [412, ''])
  })
})

const refused: [code: string, method: string, target: string, headers?: Record<string, string>][] =
  [
    ['NoSuchKey', 'GET', '/bucket/none'],
    ['NoSuchBucket', 'GET', '/none/none'],
    ['NoSuchVersion', 'GET', '/bucket/k?versionId=abc'],
    ['NoSuchVersion', 'DELETE', '/bucket/k?versionId=abc'],
    ['InvalidArgument', 'GET', '/bucket/k?partNumber=0'],
    ['InvalidArgument', 'GET', '/bucket/k?partNumber='],
    ['InvalidRequest', 'GET', '/bucket/k?partNumber=1', { range: 'bytes=0-1' }],
    ['InvalidRequest', 'GET', '/bucket/k?attributes'],
    ['InvalidArgument', 'GET', '/bucket/k?attributes', { 'x-amz-object-attributes': 'ETag,etag' }],
    ['NotImplemented', 'PUT', '/bucket/k?retention'],
    ['NotImplemented', 'DELETE', '/bucket/k?annotation'],
    ['NotImplemented', 'PUT', '/bucket?website'],
    ['KeyTooLongError', 'PUT', `/bucket/${'k'.repeat(1025)}`],
    ['InvalidURI', 'PUT', '/bucket/%zz'],
    ['MetadataTooLarge', 'PUT', '/bucket/k', { 'x-amz-meta-a': 'x'.repeat(2048) }],
    ['InvalidArgument', 'PUT', '/bucket/k', { 'x-amz-meta-': 'x' }],
    ['InvalidStorageClass', 'PUT', '/bucket/k', { 'x-amz-storage-class': 'CHEAP' }],
    ['InvalidArgument', 'PUT', '/bucket/k', { 'x-amz-acl': 'x' }],
    ['NotImplemented', 'PUT', '/bucket/k', { 'x-amz-server-side-encryption': 'AES256' }],
    ['NotImplemented', 'PUT', '/bucket/k', { 'x-amz-server-side-encryption': 'aws:kms' }],
    ['InvalidArgument', 'GET', '/bucket/k', { 'x-amz-server-side-encryption-customer-key': 'x' }],
    ['InvalidTag', 'PUT', '/bucket/k', { 'x-amz-tagging': 'aws:x=b' }],
    ['InvalidArgument', 'PUT', '/bucket/k', { 'x-amz-grant-full-control': 'id=x' }],
    ['NotImplemented', 'PUT', '/bucket/k', { 'x-amz-object-lock-mode': 'COMPLIANCE' }],
    ['NotImplemented', 'PUT', '/bucket/k', { 'x-amz-write-offset-bytes': '5' }],
    ['NotImplemented', 'PUT', '/bucket/k', { 'If-Unmodified-Since': 'x' }],
    ['NotImplemented', 'DELETE', '/bucket/k', { 'If-None-Match': '"x"' }],
    ['NotImplemented', 'PUT', '/bucket/k', { 'x-amz-if-match-size': '1' }],
    ['InvalidArgument', 'DELETE', '/bucket/k', { 'x-amz-if-match-size': '-1' }],
    ['InvalidArgument', 'DELETE', '/bucket/k', { 'x-amz-if-match-last-modified-time': 'x' }],
  ]
test('refused requests change nothing', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    for (const [code, method, target, headers = {}] of refused) {
      const answer = await ask(method, target, { headers })
      const label = `${method} ${target.slice(0, 30)} ${JSON.stringify(headers).slice(0, 60)}`
      assert.is(element(answer.text, 'Code'), code, label)
    }
    const changes = ['putObject', 'deleteObject', 'deleteBucket']
    assert.equal(
      bridge.calls.filter(({ method }) => changes.includes(method)),
      [],
    )
  })
})

test('NotImplemented names the operation', async () => {
  await withServing({}, async ({ ask }) => {
    const { text, status } = await ask('PUT', '/bucket/k?retention', { body: '<Retention/>' })
    assert.is(status, 501)
    assert.match(text, /PutObjectRetention/)
  })
})

test('DeleteObject is 204, again and again', async () => {
  await withServing({}, async ({ ask }) => {
    for (const query of ['', '', '?versionId=null']) {
      assert.is((await ask('DELETE', `/bucket/k${query}`)).status, 204)
    }
  })
})

test.run()
