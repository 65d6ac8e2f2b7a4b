// The canonical request against two other makers of it: the SDK's signer and, where it can, aws4.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import aws4 from 'aws4'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { splitTarget } from './address.ts'
import { renderCanonicalRequest } from './canonical-request.ts'
import { encodePercent } from './percent.ts'
import { parseQuery } from './query.ts'

const test = suite('canonical request')

/** What the SDK wants of a SHA-256. */
class Sha256 {
  private readonly hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac(
            'sha256',
            typeof secret === 'string'
              ? secret
              : ArrayBuffer.isView(secret)
                ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
                : new Uint8Array(secret),
          )
  }
  update(bytes: Uint8Array): void {
    this.hash.update(bytes)
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }
  reset(): void {}
}

const credentials = { accessKeyId: 'AK', secretAccessKey: 'SECRET' }
const signingDate = new Date('2013-05-24T00:00:00Z')

/** Signs our canonical request as aws4 does, to compare with a signature. */
function signatureOf(canonicalRequest: string, region: string): string {
  const signer = new aws4.RequestSigner(
    { service: 's3', region, headers: { Host: 'h' } },
    credentials,
  )
  signer.datetime = '20130524T000000Z'
  signer.canonicalString = () => canonicalRequest
  return signer.signature()
}

type Sample = {
  readonly method: string
  readonly key: string
  readonly query: Record<string, string | string[]>
  readonly headers: Record<string, string>
}

async function compareWithSdk(sample: Sample): Promise<void> {
  const path = `/${sample.key.split('/').map(encodePercent).join('/')}`
  const signer = new SignatureV4({
    service: 's3',
    region: 'eu-north-1',
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: true,
  })
  const signed = await signer.sign(
    {
      method: sample.method,
      protocol: 'http:',
      hostname: 'h',
      path,
      query: sample.query,
      headers: { ...sample.headers, host: 'h:9000', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    },
    { signingDate },
  )
  const [, signedHeaders = '', signature = ''] =
    /SignedHeaders=([^,]+), Signature=(.+)$/.exec(signed.headers.authorization ?? '') ?? []
  const rawQuery = Object.entries(sample.query)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const))
    .map(([name, value]) => `${encodePercent(name)}=${encodePercent(value)}`)
    .join('&')
  const ours = renderCanonicalRequest({
    method: sample.method,
    rawPath: path,
    queryPairs: parseQuery(rawQuery).pairs,
    // As on the wire, where a string is its UTF-8 bytes.
    rawHeaders: Object.entries(signed.headers).flatMap(([name, value]) => [
      name.toUpperCase(),
      Buffer.from(value).toString('latin1'),
    ]),
    signedHeaders: signedHeaders.split(';'),
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  assert.is(signatureOf(ours, 'eu-north-1'), signature, ours)
}

test('odd paths, queries and headers sign as the SDK signs them', async () => {
  const keys = [
    'b/a',
    'b/a b+c%2F',
    'b//x//',
    'b/./../x',
    "b/!'()*~-._",
    'b/é/😀',
    'b/@:;=,$&#?[]',
    'b/\0\n',
    'b/%25',
  ]
  const queries: Record<string, string | string[]>[] = [
    {},
    { acl: '' },
    { prefix: 'a b+c/é', 'max-keys': '2', Marker: "~*'()!" },
    { a: ['2', '10', '1'], 'a-b': 'x', 'a.b': 'y', a0: 'z' },
    { 'response-content-disposition': 'attachment; filename="a b.txt"' },
    { 'X-Amz-Acl': 'p', 'x-amz-acl': 'q' },
  ]
  const headerSets: Record<string, string>[] = [
    {},
    { range: 'bytes=0-9', 'content-type': '  text/plain;   charset=utf-8 ' },
    { 'x-amz-meta-name': 'Ærø  – ☃', 'x-amz-meta-empty': '' },
    { 'if-match': '"abc"', 'content-md5': 'XrY7u+Ae7tCTyyK7j1rNww==', date: 'x' },
  ]
  for (const key of keys) {
    for (const query of queries) {
      for (const headers of headerSets) {
        await compareWithSdk({ method: 'PUT', key, query, headers })
      }
    }
  }
})

test('random keys and queries sign as the SDK signs them', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      fc.dictionary(
        text.filter((name) => name !== '' && name !== '__proto__' && !/^x-amz-/i.test(name)),
        fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
        { maxKeys: 4 },
      ),
      async (key, query) => {
        await compareWithSdk({ method: 'GET', key, query: { ...query }, headers: {} })
      },
    ),
    { numRuns: 150 },
  )
})

test('ordinary requests read as aws4 writes them', () => {
  const targets = ['/', '/b/a%20b//c?prefix=x%2Fy&acl&max-keys=2', "/b/%2B!'()*?uploads", '/b/é']
  for (const target of targets) {
    const headers = {
      host: 'h',
      range: 'bytes=0-9',
      'user-agent': 'a  b',
      expect: '100-continue',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-date': '20130524T000000Z',
    }
    const signer = new aws4.RequestSigner(
      Object.assign(
        { service: 's3', region: 'us-east-1', method: 'GET', path: target, headers },
        { extraHeadersToInclude: { range: true, 'user-agent': true, expect: true } },
      ),
      credentials,
    )
    const { rawPath, rawQuery } = splitTarget(Buffer.from(target).toString('latin1'))
    const ours = renderCanonicalRequest({
      method: 'GET',
      rawPath,
      queryPairs: parseQuery(rawQuery).pairs,
      rawHeaders: Object.entries(headers).flat(),
      signedHeaders: Object.keys(headers),
      payloadHash: 'UNSIGNED-PAYLOAD',
    })
    assert.is(ours, signer.canonicalString(), target)
  }
})

test('every spelling of a path signs alike, and no two keys do', () => {
  const pathOf = (rawPath: string) =>
    renderCanonicalRequest({
      method: 'GET',
      rawPath,
      queryPairs: [],
      rawHeaders: [],
      signedHeaders: [],
      payloadHash: '',
    }).split('\n')[1]
  assert.is(pathOf('/b/a%2fb%7E~+'), '/b/a/b~~%2B')
  assert.is(pathOf('/b/a/b%7e%7E%2b'), '/b/a/b~~%2B')
  assert.is(pathOf('/b/a%20b'), '/b/a%20b')
  assert.is(pathOf('/b//../.'), '/b//../.')
})

test('repeated headers are joined, and bytes that are not UTF-8 are taken one by one', () => {
  const canonical = renderCanonicalRequest({
    method: 'GET',
    rawPath: '/',
    queryPairs: [],
    rawHeaders: ['X-Amz-Meta-A', ' 1  2 ', 'x-amz-meta-a', '3', 'X-Amz-Meta-B', 'caf\u00e9'],
    signedHeaders: ['x-amz-meta-b', 'x-amz-meta-a', 'x-amz-meta-c'],
    payloadHash: 'p',
  })
  assert.is(
    canonical,
    'GET\n/\n\nx-amz-meta-a:1 2,3\nx-amz-meta-b:café\nx-amz-meta-c:\n\nx-amz-meta-a;x-amz-meta-b;x-amz-meta-c\np',
  )
})

test.run()
