import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ListObjectsInput, ListObjectsResult } from '../../translate/bridge.ts'
import { fakeModified } from '../fake-bridge.test-support.ts'
import { element, type Serving, withServing } from '../serving.test-support.ts'

const test = suite('lists of objects')

const names = (text: string) => [...text.matchAll(/<Key>(.*?)<\/Key>/gs)].map((match) => match[1])
const code = async (serving: Serving, query: string) =>
  element((await serving.ask('GET', `/bucket?${query}`)).text, 'Code')

async function withKeys(keys: string[], act: (serving: Serving) => Promise<void>): Promise<void> {
  await withServing({}, async (serving) => {
    for (const key of keys) await serving.ask('PUT', `/bucket/${encodeURIComponent(key)}`)
    await act(serving)
  })
}

test('V2 gives keys, sizes, ETags and dates, and no owner unless asked', async () => {
  await withKeys(['a', 'b<'], async ({ ask }) => {
    const { text, status } = await ask('GET', '/bucket?list-type=2')
    assert.is(status, 200)
    assert.match(text, /<ListBucketResult xmlns="http:\/\/s3.amazonaws.com\/doc\/2006-03-01\/">/)
    assert.equal(names(text), ['a', 'b&lt;'])
    const expected = {
      Name: 'bucket',
      Prefix: '',
      KeyCount: '2',
      MaxKeys: '1000',
      IsTruncated: 'false',
      Size: '0',
      ETag: '&quot;d41d8cd98f00b204e9800998ecf8427e&quot;',
      LastModified: '2024-05-06T07:08:09.000Z',
      StorageClass: 'STANDARD',
      Owner: undefined,
      Delimiter: undefined,
      NextContinuationToken: undefined,
    }
    for (const [name, value] of Object.entries(expected))
      assert.is(element(text, name), value, name)
    const owned = await ask('GET', '/bucket?list-type=2&fetch-owner=true')
    assert.is(element(owned.text, 'DisplayName'), 'root')
  })
})

test('V2 goes on by its token, which keeps to its own list', async () => {
  await withKeys(['p/1', 'p/2', 'p/3', 'q'], async (serving) => {
    const { ask } = serving
    const first = (await ask('GET', '/bucket?list-type=2&prefix=p/&max-keys=2&start-after=p/')).text
    assert.equal(names(first), ['p/1', 'p/2'])
    assert.is(element(first, 'IsTruncated'), 'true')
    assert.is(element(first, 'StartAfter'), 'p/')
    const token = element(first, 'NextContinuationToken') ?? ''
    assert.match(token, /^[\w-]+$/)
    const query = `list-type=2&prefix=p/&max-keys=2&start-after=p/&continuation-token=${token}`
    const second = (await ask('GET', `/bucket?${query}`)).text
    assert.equal(names(second), ['p/3'])
    assert.is(element(second, 'IsTruncated'), 'false')
    assert.is(element(second, 'ContinuationToken'), token)
    const foreign = [
      `continuation-token=${token}`,
      `continuation-token=${token}&prefix=q`,
      `continuation-token=${token}&prefix=p/&delimiter=/`,
      `continuation-token=${token.slice(0, -2)}&prefix=p/`,
      `continuation-token=${token}A&prefix=p/`,
      `continuation-token=A${token.slice(1)}&prefix=p/`,
      'continuation-token=p%2F2&prefix=p/',
    ]
    for (const query of foreign) {
      assert.is(await code(serving, `list-type=2&${query}`), 'InvalidArgument', query)
    }
    const empty = (await ask('GET', '/bucket?list-type=2&continuation-token=&start-after=p/2')).text
    assert.equal(names(empty), ['p/3', 'q'])
    assert.is(element(empty, 'ContinuationToken'), '')
  })
})

test('a token of another bucket, or of the list of buckets, is refused', async () => {
  await withKeys(['p/1', 'p/2'], async (serving) => {
    const { ask } = serving
    await ask('PUT', '/other')
    await ask('PUT', '/other/p%2F2')
    const query = 'list-type=2&prefix=p/&max-keys=1'
    const token = element((await ask('GET', `/bucket?${query}`)).text, 'NextContinuationToken')
    const goingOn = `${query}&continuation-token=${token}`
    assert.equal(names((await ask('GET', `/bucket?${goingOn}`)).text), ['p/2'])
    const other = await ask('GET', `/other?${goingOn}`)
    assert.is(element(other.text, 'Code'), 'InvalidArgument')
    assert.is(
      element((await ask('GET', `/?continuation-token=${token}`)).text, 'Code'),
      'InvalidArgument',
    )
    const ofBuckets = element((await ask('GET', '/?max-buckets=1')).text, 'ContinuationToken')
    assert.type(ofBuckets, 'string')
    assert.is(await code(serving, `list-type=2&continuation-token=${ofBuckets}`), 'InvalidArgument')
    // To version 1 it is a name like any other, and that version's names are no tokens.
    assert.equal(names((await ask('GET', `/bucket?marker=${token}`)).text), [])
    assert.is(await code(serving, 'list-type=2&continuation-token=p/1'), 'InvalidArgument')
  })
})

test('V1 goes on by its marker, and names the next one only with a delimiter', async () => {
  await withKeys(['a', 'b', 'c'], async ({ ask }) => {
    const plain = (await ask('GET', '/bucket?max-keys=2')).text
    assert.equal(names(plain), ['a', 'b'])
    assert.is(element(plain, 'IsTruncated'), 'true')
    assert.is(element(plain, 'NextMarker'), undefined)
    assert.is(element(plain, 'Marker'), '')
    assert.is(element(plain, 'DisplayName'), 'root')
    assert.is(element(plain, 'KeyCount'), undefined)
    const delimited = (await ask('GET', '/bucket?max-keys=2&delimiter=/')).text
    assert.is(element(delimited, 'NextMarker'), 'b')
    assert.equal(names((await ask('GET', '/bucket?marker=b')).text), ['c'])
  })
})

test('limits', async () => {
  await withKeys(['a', 'b'], async (serving) => {
    for (const version of ['', 'list-type=2&']) {
      const none = (await serving.ask('GET', `/bucket?${version}max-keys=0`)).text
      assert.equal(names(none), [])
      assert.is(element(none, 'IsTruncated'), 'false')
      assert.is(element(none, 'MaxKeys'), '0')
      const many = (await serving.ask('GET', `/bucket?${version}max-keys=2147483647`)).text
      assert.is(element(many, 'MaxKeys'), '1000')
      for (const wrong of ['-1', 'x', '1.5', '2147483648', '99999999999', '+1', ' 1', '0x1']) {
        const query = `${version}max-keys=${encodeURIComponent(wrong)}`
        assert.is(await code(serving, query), 'InvalidArgument', query)
      }
      assert.is(await code(serving, `${version}encoding-type=base64`), 'InvalidArgument')
    }
    const missing = await serving.ask('GET', '/missing?max-keys=0')
    assert.is(element(missing.text, 'Code'), 'NoSuchBucket')
  })
})

const listed = {
  sizeBytes: 1,
  modified: fakeModified,
  etag: 'e',
  storageClass: 'STANDARD_IA',
  checksums: { type: 'FULL_OBJECT', values: { SHA1: 'x=' } },
} as const

test('with encoding-type=url every name is encoded, and a blank is never a plus', async () => {
  const inputs: ListObjectsInput[] = []
  const listObjects = async (input: ListObjectsInput): Promise<ListObjectsResult> => {
    inputs.push(input)
    const key = "p +%(é)'*!~/\u0001"
    return {
      entries: [
        { kind: 'object', key, ...listed },
        { kind: 'prefix', prefix: 'p x/' },
      ],
      nextAfter: 'p x/',
    }
  }
  await withServing({ overrides: { listObjects } }, async ({ ask }) => {
    const common = 'encoding-type=url&prefix=p%20&delimiter=%C3%A6'
    const v1 = (await ask('GET', `/bucket?${common}&marker=%2B%20`)).text
    const v2 = (await ask('GET', `/bucket?list-type=2&${common}&start-after=%2B%20`)).text
    for (const text of [v1, v2]) {
      assert.equal(names(text), ['p%20%2B%25%28%C3%A9%29%27%2A%21~/%01'])
      assert.is(element(text, 'Prefix'), 'p%20')
      assert.is(element(text, 'Delimiter'), '%C3%A6')
      assert.is(element(text, 'EncodingType'), 'url')
      assert.is(element(text, 'StorageClass'), 'STANDARD_IA')
      assert.is(element(text, 'ChecksumAlgorithm'), 'SHA1')
      assert.is(element(text, 'ChecksumType'), 'FULL_OBJECT')
      assert.match(text, '<CommonPrefixes><Prefix>p%20x/</Prefix></CommonPrefixes>')
    }
    assert.is(element(v1, 'Marker'), '%2B%20')
    assert.is(element(v1, 'NextMarker'), 'p%20x/')
    assert.is(element(v2, 'StartAfter'), '%2B%20')
    const expected = { bucket: 'bucket', prefix: 'p ', delimiter: 'æ', after: '+ ', maxKeys: 1000 }
    assert.equal(inputs, [
      { ...expected, reader: 'KEY' },
      { ...expected, cursor: undefined },
    ])
    const raw = (await ask('GET', '/bucket?delimiter=')).text
    assert.equal(names(raw), ['p +%(é)&apos;*!~/&#x1;'])
    assert.is(element(raw, 'Delimiter'), undefined)
  })
})

test.run()
