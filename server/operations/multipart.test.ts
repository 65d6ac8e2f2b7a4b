import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type {
  Bridge,
  CreateMultipartUploadInput,
  ListMultipartUploadsInput,
  ListMultipartUploadsResult,
} from '../../translate/bridge.ts'
import { rootHolder } from '../access/holder.test-support.ts'
import { rootOwner } from '../access/owner.ts'
import { fakeModified } from '../fake-bridge.test-support.ts'
import type { Identity } from '../operation.ts'
import { element, withServing } from '../serving.test-support.ts'
import { initiatorOf } from './wire/owner.ts'

const test = suite('multipart operations')

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

test('who began an upload is kept with it, in S3s form, and shown with its parts', async () => {
  const key = { accessKeyId: 'KEY', ...rootHolder, displayName: 'laptop' }
  const rootId = rootOwner.id
  const known: [who: Identity | undefined, initiator: { id: string; name: string }][] = [
    [key, { id: 'arn:aws:iam::root:user/laptop', name: 'laptop' }],
    [
      { ...key, displayName: 'root' },
      { id: rootId, name: 'root' },
    ],
    [undefined, { id: '65a011a29cdf8ec533ec3d1ccaae921c', name: 'anonymous' }],
  ]
  for (const [who, initiator] of known) assert.equal(initiatorOf(who), initiator)
  const listParts: Bridge['listParts'] = async () => ({
    ...{ parts: [], nextAfterPartNumber: undefined, storageClass: 'STANDARD' },
    ...{ initiator: initiatorOf(key), checksumAlgorithm: undefined, checksumType: undefined },
  })
  await withServing({ overrides: { listParts } }, async ({ ask, bridge }) => {
    await ask('POST', '/bucket/key?uploads')
    const [created] = bridge.calls.filter(({ method }) => method === 'createMultipartUpload')
    assert.match(JSON.stringify(created?.input), `"initiator":{"id":"${rootId}","name":"root"}`)
    const { text } = await ask('GET', '/bucket/key?uploadId=upload-1')
    assert.match(text, '<Initiator><ID>arn:aws:iam::root:user/laptop</ID><DisplayName>laptop</')
    assert.match(text, `<Owner><ID>${rootId}</ID><DisplayName>root</DisplayName></Owner>`)
  })
})

test('an upload from beginning to end', async () => {
  await withServing({}, async ({ ask, bridge, port }) => {
    const created = await ask('POST', '/bucket/a%20b?uploads', {
      headers: { 'x-amz-checksum-algorithm': 'crc32', 'x-amz-meta-a': '1' },
    })
    assert.is(created.status, 200)
    assert.is(created.headers['x-amz-checksum-algorithm'], 'CRC32')
    assert.is(created.headers['x-amz-checksum-type'], 'COMPOSITE')
    assert.is(element(created.text, 'UploadId'), 'upload-1')
    assert.is(element(created.text, 'Key'), 'a b')
    const part = await ask('PUT', '/bucket/a%20b?partNumber=7&uploadId=upload-1', {
      headers: { 'x-amz-checksum-crc32': 'NhCmhg==' },
      body: 'hello',
    })
    assert.is(part.status, 200)
    assert.is(part.headers.etag, `"${md5('hello')}"`)
    assert.is(part.headers['x-amz-checksum-crc32'], 'NhCmhg==')
    const listed = (await ask('GET', '/bucket/a%20b?uploadId=upload-1')).text
    for (const [name, value] of Object.entries({
      UploadId: 'upload-1',
      PartNumber: '7',
      Size: '5',
      ETag: `&quot;${md5('hello')}&quot;`,
      ChecksumCRC32: 'NhCmhg==',
      IsTruncated: 'false',
      PartNumberMarker: '0',
      LastModified: '2024-05-06T07:08:09.000Z',
    })) {
      assert.is(element(listed, name), value, name)
    }
    const completed = await ask('POST', '/bucket/a%20b?uploadId=upload-1', {
      headers: { 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-mp-object-size': '5' },
      body: `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part>
        <ETag>&quot;${md5('hello')}&quot;</ETag><PartNumber> 7 </PartNumber>
        <ChecksumCRC32>NhCmhg==</ChecksumCRC32></Part></CompleteMultipartUpload>`,
    })
    assert.is(completed.status, 200)
    assert.is(element(completed.text, 'ETag'), `&quot;${md5('all')}-1&quot;`)
    assert.is(element(completed.text, 'Location'), `http://127.0.0.1:${port}/bucket/a%20b`)
    assert.equal(bridge.calls.at(-1)?.input, {
      bucket: 'bucket',
      key: 'a b',
      uploadId: 'upload-1',
      parts: [{ partNumber: 7, etag: md5('hello'), checksums: { CRC32: 'NhCmhg==' } }],
      conditions: {},
      checksums: { CRC32: 'NhCmhg==' },
      sizeBytes: 5,
      checksumType: undefined,
    })
    assert.is((await ask('DELETE', '/bucket/a%20b?uploadId=upload-1')).status, 204)
  })
})

test('part numbers go from 1 to 10000', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    for (const number of ['0', '10001', '-1', 'x', '', '1.0', '1e2']) {
      const { text } = await ask('PUT', `/bucket/k?partNumber=${number}&uploadId=u`, { body: 'x' })
      assert.is(element(text, 'Code'), 'InvalidArgument', number)
    }
    assert.equal(bridge.calls, [])
    for (const number of ['1', '10000']) {
      const { status } = await ask('PUT', `/bucket/k?partNumber=${number}&uploadId=u`, {
        body: 'x',
      })
      assert.is(status, 200)
    }
  })
})

const part = '<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>'
const refused: [code: string, body: string, headers?: Record<string, string>][] = [
  ['MalformedXML', ''],
  ['MalformedXML', '<CompleteMultipartUpload/>'],
  ['MalformedXML', '<CompleteMultipartUpload></CompleteMultipartUpload>'],
  ['MalformedXML', `<Other>${part}</Other>`],
  ['MalformedXML', `<CompleteMultipartUpload>${part.replace('1', '0')}</CompleteMultipartUpload>`],
  [
    'MalformedXML',
    `<CompleteMultipartUpload>${part.replace('1', '10001')}</CompleteMultipartUpload>`,
  ],
  [
    'MalformedXML',
    `<CompleteMultipartUpload>${part.replace('1', '1e1')}</CompleteMultipartUpload>`,
  ],
  [
    'MalformedXML',
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>',
  ],
  ['MalformedXML', `<CompleteMultipartUpload>${part.repeat(10_001)}</CompleteMultipartUpload>`],
  ['MaxMessageLengthExceeded', `<CompleteMultipartUpload>${' '.repeat(4 * 1024 * 1024)}`],
  [
    'InvalidRequest',
    `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`,
    { 'x-amz-mp-object-size': 'x' },
  ],
  [
    'BadDigest',
    `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`,
    { 'x-amz-checksum-crc32': 'x' },
  ],
  [
    'NotImplemented',
    `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`,
    { 'if-modified-since': 'x' },
  ],
]
test('refused completions complete nothing, ten thousand parts are taken', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    for (const [code, body, headers = {}] of refused) {
      const { text } = await ask('POST', '/bucket/k?uploadId=u', { body, headers })
      assert.is(element(text, 'Code'), code, body.slice(0, 100))
    }
    assert.equal(bridge.calls, [])
    const body = `<CompleteMultipartUpload>${part.repeat(10_000)}</CompleteMultipartUpload>`
    const { text } = await ask('POST', '/bucket/k?uploadId=u', { body })
    assert.match(element(text, 'ETag') ?? '', /-10000&quot;$/)
  })
})

const checksumCases: [algorithm: string | undefined, type: string | undefined, expected: string][] =
  [
    [undefined, undefined, 'undefined undefined'],
    ['CRC64NVME', undefined, 'CRC64NVME FULL_OBJECT'],
    ['SHA256', undefined, 'SHA256 COMPOSITE'],
    ['CRC32C', 'FULL_OBJECT', 'CRC32C FULL_OBJECT'],
    ['SHA1', 'FULL_OBJECT', 'InvalidRequest'],
    ['CRC64NVME', 'COMPOSITE', 'InvalidRequest'],
    ['CRC32', 'PARTIAL', 'InvalidRequest'],
    [undefined, 'FULL_OBJECT', 'InvalidRequest'],
    ['MD4', undefined, 'InvalidRequest'],
    ['XXHASH64', undefined, 'XXHASH64 COMPOSITE'],
    ['sha512', 'COMPOSITE', 'SHA512 COMPOSITE'],
    ['XXHASH3', 'FULL_OBJECT', 'InvalidRequest'],
    ['MD5', undefined, 'MD5 COMPOSITE'],
  ]
test('an upload knows the kind of its checksum', async () => {
  const inputs: CreateMultipartUploadInput[] = []
  const createMultipartUpload = async (input: CreateMultipartUploadInput) => {
    inputs.push(input)
    return { uploadId: 'u' }
  }
  await withServing({ overrides: { createMultipartUpload } }, async ({ ask }) => {
    for (const [algorithm, type, expected] of checksumCases) {
      const headers = {
        ...(algorithm !== undefined && { 'x-amz-checksum-algorithm': algorithm }),
        ...(type !== undefined && { 'x-amz-checksum-type': type }),
      }
      const { text } = await ask('POST', '/bucket/k?uploads', { headers })
      const input = inputs.at(-1)
      const actual = element(text, 'Code') ?? `${input?.checksumAlgorithm} ${input?.checksumType}`
      assert.is(actual, expected)
    }
  })
})

test('parts are listed page by page', async () => {
  await withServing({}, async ({ ask }) => {
    for (const number of [1, 2, 3]) {
      await ask('PUT', `/bucket/k?partNumber=${number}&uploadId=u`, { body: 'x' })
    }
    const first = (await ask('GET', '/bucket/k?uploadId=u&max-parts=2')).text
    assert.is(element(first, 'IsTruncated'), 'true')
    assert.is(element(first, 'NextPartNumberMarker'), '2')
    const second = (await ask('GET', '/bucket/k?uploadId=u&part-number-marker=2')).text
    assert.is(element(second, 'PartNumber'), '3')
    const none = (await ask('GET', '/bucket/k?uploadId=u&max-parts=0')).text
    assert.equal([element(none, 'PartNumber'), element(none, 'IsTruncated')], [undefined, 'false'])
    for (const query of ['max-parts=-1', 'part-number-marker=x']) {
      const { text } = await ask('GET', `/bucket/k?uploadId=u&${query}`)
      assert.is(element(text, 'Code'), 'InvalidArgument')
    }
  })
})

test('uploads are listed with markers, prefixes and encoding; none are an empty list', async () => {
  const inputs: ListMultipartUploadsInput[] = []
  const listMultipartUploads = async (
    input: ListMultipartUploadsInput,
  ): Promise<ListMultipartUploadsResult> => {
    inputs.push(input)
    const upload = {
      ...({ kind: 'upload', key: 'k é', uploadId: 'u', initiated: fakeModified } as const),
      storageClass: 'GLACIER',
      initiator: undefined,
    }
    const laptop = { id: 'arn:aws:iam::anna:user/laptop', name: 'laptop' }
    return {
      entries: [
        { ...upload, checksumAlgorithm: 'CRC32', checksumType: 'FULL_OBJECT' },
        {
          ...{ ...upload, key: 'l', initiator: laptop },
          ...{ checksumAlgorithm: undefined, checksumType: undefined },
        },
        { kind: 'prefix', prefix: 'p q/' },
      ],
      nextMarkers: { keyMarker: 'p q/', uploadIdMarker: 'u' },
    }
  }
  await withServing({ overrides: { listMultipartUploads } }, async ({ ask }) => {
    const query = 'prefix=&delimiter=/&key-marker=a%20b&upload-id-marker=m&max-uploads=5000'
    const { text } = await ask('GET', `/bucket?uploads&encoding-type=url&${query}`)
    for (const [name, value] of Object.entries({
      KeyMarker: 'a%20b',
      UploadIdMarker: 'm',
      NextKeyMarker: 'p%20q/',
      NextUploadIdMarker: 'u',
      MaxUploads: '1000',
      IsTruncated: 'true',
      Key: 'k%20%C3%A9',
      Initiated: '2024-05-06T07:08:09.000Z',
      ChecksumAlgorithm: 'CRC32',
      StorageClass: 'GLACIER',
      Delimiter: '/',
    })) {
      assert.is(element(text, name), value, name)
    }
    assert.match(text, '<CommonPrefixes><Prefix>p%20q/</Prefix></CommonPrefixes>')
    const { id, name } = rootOwner
    const owner = `<ID>${id}</ID><DisplayName>${name}</DisplayName>`
    const known = '<ID>arn:aws:iam::anna:user/laptop</ID><DisplayName>laptop</DisplayName>'
    for (const [initiator, why] of [
      [owner, 'of an upload from before it was kept'],
      [known, 'of one that says who began it'],
    ]) {
      assert.match(text, `<Initiator>${initiator}</Initiator><Owner>${owner}</Owner>`, why)
    }
    await ask('GET', '/bucket?uploads&upload-id-marker=m')
    assert.equal(
      inputs.map((input) => input.uploadIdMarker),
      ['m', ''],
    )
  })
  await withServing({}, async ({ ask }) => {
    for (const query of ['uploads', 'uploads&max-uploads=0']) {
      const { status, text } = await ask('GET', `/bucket?${query}`)
      assert.equal([status, element(text, 'IsTruncated')], [200, 'false'])
    }
    assert.is((await ask('GET', '/missing?uploads&max-uploads=0')).status, 404)
  })
})

test.run()
