import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { parseTarget } from './address.ts'
import { encodePercent } from './percent.ts'

const test = suite('address')

const domains = ['s3.example.org', 'example.org']

function parse(rawTarget: string, host?: string) {
  return parseTarget({ rawTarget, host, domains })
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return error instanceof S3Error ? error.code : String(error)
  }
  return 'no error'
}

test('in path style the first segment is the bucket and the rest, literally, the key', () => {
  const cases: readonly [target: string, address: { bucket?: string; key?: string }][] = [
    ['/', {}],
    ['/?x=1', {}],
    ['/bucket', { bucket: 'bucket' }],
    ['/bucket/', { bucket: 'bucket' }],
    ['/bucket?list-type=2', { bucket: 'bucket' }],
    ['/bucket/key', { bucket: 'bucket', key: 'key' }],
    ['/bucket/a/b/', { bucket: 'bucket', key: 'a/b/' }],
    ['/bucket//', { bucket: 'bucket', key: '/' }],
    ['/bucket//a//b', { bucket: 'bucket', key: '/a//b' }],
    ['/bucket/../x/./y', { bucket: 'bucket', key: '../x/./y' }],
    ['/bucket/%2e%2e/x', { bucket: 'bucket', key: '../x' }],
    ['/bucket/a+b', { bucket: 'bucket', key: 'a+b' }],
    ['/bucket/a%2Bb%20c', { bucket: 'bucket', key: 'a+b c' }],
    ['/bucket/a%2Fb', { bucket: 'bucket', key: 'a/b' }],
    ['/bucket%2Fa', { bucket: 'bucket', key: 'a' }],
    ['/bucket/a%3Fb?c', { bucket: 'bucket', key: 'a?b' }],
    ['/bucket/a%00b', { bucket: 'bucket', key: 'a\0b' }],
    ['/bucket/%25', { bucket: 'bucket', key: '%' }],
    ['/bucket/%C3%A9', { bucket: 'bucket', key: 'é' }],
    // The same two bytes, unescaped, as Node gives them.
    ['/bucket/\u00c3\u00a9', { bucket: 'bucket', key: 'é' }],
    ['/bucket/urn:oid:7', { bucket: 'bucket', key: 'urn:oid:7' }],
    ['http://host.test/bucket/key?x', { bucket: 'bucket', key: 'key' }],
    ['HTTPS://host.test', {}],
    ['http://host.test?x=1', {}],
  ]
  for (const [target, address] of cases) {
    assert.equal(parse(target).address, address, target)
    assert.is(parse(target).style, 'path')
  }
})

test('a host below a domain names the bucket', () => {
  const cases: readonly [host: string, target: string, bucket: string | undefined, key?: string][] =
    [
      ['photos.example.org', '/a', 'photos', 'a'],
      ['photos.example.org', '/', 'photos'],
      ['photos.example.org', '/?uploads', 'photos'],
      ['photos.example.org', '//a/', 'photos', '/a/'],
      ['PHOTOS.Example.ORG:9000', '/a', 'photos', 'a'],
      ['my.dotted.bucket.s3.example.org', '/a', 'my.dotted.bucket', 'a'],
      ['photos.example.org.:80', '/a', 'photos', 'a'],
      // Not hosts of a bucket: path style.
      ['example.org', '/b/k', 'b', 'k'],
      ['s3.example.org:9000', '/b/k', 'b', 'k'],
      ['other.test', '/b/k', 'b', 'k'],
      ['notexample.org', '/b/k', 'b', 'k'],
      ['127.0.0.1:9000', '/b/k', 'b', 'k'],
      ['[::1]:9000', '/b/k', 'b', 'k'],
      ['[::1]', '/b/k', 'b', 'k'],
      ['[fe80::1%25eth0]:9000', '/b/k', 'b', 'k'],
      ['S3.Example.Org.:9000', '/b/k', 'b', 'k'],
      ['example.org.', '/b/k', 'b', 'k'],
      ['cdn.customer.test', '/b/k', 'b', 'k'],
      ['example.org.evil.test', '/b/k', 'b', 'k'],
      ['photos.example.org:', '/a', 'photos', 'a'],
    ]
  for (const [host, target, bucket, key] of cases) {
    const address = key === undefined ? { bucket } : { bucket, key }
    assert.equal(parse(target, host).address, address, `${host} ${target}`)
  }
  assert.is(parse('/a', 'photos.example.org').style, 'virtual-host')
})

test('the raw path and the query are given as they came', () => {
  const target = parse('/b/a%20b//c?x=%31&y')
  assert.is(target.rawPath, '/b/a%20b//c')
  assert.equal(target.query.pairs, [
    ['x', '1'],
    ['y', ''],
  ])
})

test('targets that name nothing are refused', () => {
  const cases: readonly [target: string, code: string, host?: string][] = [
    ['*', 'InvalidURI'],
    ['', 'InvalidURI'],
    ['bucket/key', 'InvalidURI'],
    ['host.test:443', 'InvalidURI'],
    ['http:///bucket', 'InvalidURI'],
    ['http://user@host.test/bucket', 'InvalidURI'],
    ['ftp://host.test/bucket', 'InvalidURI'],
    ['http://host.test/b', 'InvalidURI', 'other.test'],
    ['/b/%', 'InvalidURI'],
    ['/b/%G1', 'InvalidURI'],
    ['/b/%FF', 'InvalidURI'],
    ['/b/%ED%A0%80', 'InvalidURI'],
    ['/b/\u00ff', 'InvalidURI'],
    ['/b?x=%', 'InvalidURI'],
    [`/b/k?${'x'.repeat(17_000)}`, 'InvalidURI'],
    ['//key', 'InvalidBucketName'],
    ['/a', 'InvalidBucketName', '.example.org'],
  ]
  for (const [target, code, host] of cases) {
    assert.is(
      codeOf(() => parse(target, host)),
      code,
      target.slice(0, 40),
    )
  }
})

test('a key may have 1024 bytes of UTF-8 and no more', () => {
  assert.is(parse(`/b/${'%C3%A9'.repeat(512)}`).address.key?.length, 512)
  assert.is(
    codeOf(() => parse(`/b/${'%C3%A9'.repeat(512)}a`)),
    'KeyTooLongError',
  )
})

test('every key comes back from its escaped form', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), async (key) => {
      assert.is(parse(`/bucket/${encodePercent(key)}`).address.key, key)
    }),
    { numRuns: 300 },
  )
})

test.run()
