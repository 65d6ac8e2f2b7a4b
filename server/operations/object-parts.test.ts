import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bridge, ObjectInfo } from '../../translate/bridge.ts'
import { fakeModified } from '../fake-bridge.test-support.ts'
import { element, withServing } from '../serving.test-support.ts'

const test = suite('parts of objects')

const object: ObjectInfo = {
  ...{ key: 'k', sizeBytes: 10, modified: fakeModified, etag: 'e-2', metadata: { user: {} } },
  ...{ ageFrom: fakeModified, tags: [], storageClass: 'GLACIER', acl: undefined, partCount: 2 },
  checksums: { type: 'COMPOSITE', values: { CRC32: 'AAAAAA==-2' } },
}
const range = { start: 4, endInclusive: 9 }
const partChecksums = { CRC32: 'BBBBBB==' }

test('one part is answered as a range, with its own checksum and the number of parts', async () => {
  const inputs: unknown[] = []
  const getObject: Bridge['getObject'] = async (input) => {
    inputs.push(input)
    return { object, range, partChecksums, stream: Readable.from([Buffer.from('456789')]) }
  }
  await withServing({ overrides: { getObject } }, async ({ ask }) => {
    const headers = { 'x-amz-checksum-mode': 'ENABLED' }
    const { status, text, headers: got } = await ask('GET', '/bucket/k?partNumber=2', { headers })
    assert.equal([status, text], [206, '456789'])
    for (const [name, value] of Object.entries({
      'content-range': 'bytes 4-9/10',
      'content-length': '6',
      etag: '"e-2"',
      'x-amz-mp-parts-count': '2',
      'x-amz-checksum-crc32': 'BBBBBB==',
      'x-amz-checksum-type': 'COMPOSITE',
      'x-amz-storage-class': 'GLACIER',
    })) {
      assert.is(got[name], value, name)
    }
    const input = { bucket: 'bucket', key: 'k', conditions: {}, range: undefined, partNumber: 2 }
    assert.equal(inputs, [input])
  })
})

test('a plain range has no checksum and no number of parts', async () => {
  const headObject: Bridge['headObject'] = async () => ({ object, range })
  await withServing({ overrides: { headObject } }, async ({ ask }) => {
    const headers = { 'x-amz-checksum-mode': 'ENABLED', range: 'bytes=4-' }
    const got = await ask('HEAD', '/bucket/k', { headers })
    assert.is(got.status, 206)
    assert.is(got.headers['x-amz-checksum-crc32'], undefined)
    assert.is(got.headers['x-amz-mp-parts-count'], undefined)
  })
})

test('attributes are those asked for, with parts in pages', async () => {
  const inputs: unknown[] = []
  const getObjectAttributes: Bridge['getObjectAttributes'] = async (input) => {
    inputs.push(input)
    const part = { partNumber: 1, start: 0, sizeBytes: 4, checksums: { CRC32: 'CCCCCC==' } }
    return { object, parts: [part], nextAfterPartNumber: 1 }
  }
  await withServing({ overrides: { getObjectAttributes } }, async ({ ask }) => {
    const attributes = (wanted: string, more = {}) =>
      ask('GET', '/bucket/k?attributes', {
        headers: { 'x-amz-object-attributes': wanted, ...more },
      })
    const all = 'ETag, Checksum,ObjectParts,StorageClass,ObjectSize'
    const { text, headers } = await attributes(all, { 'x-amz-max-parts': '1' })
    for (const [name, value] of Object.entries({
      ETag: 'e-2',
      ChecksumCRC32: 'AAAAAA==-2',
      ChecksumType: 'COMPOSITE',
      PartsCount: '2',
      PartNumberMarker: '0',
      NextPartNumberMarker: '1',
      MaxParts: '1',
      IsTruncated: 'true',
      Size: '4',
      StorageClass: 'GLACIER',
      ObjectSize: '10',
    })) {
      assert.is(element(text, name), value, name)
    }
    assert.match(text, '<ChecksumCRC32>CCCCCC==</ChecksumCRC32></Part>')
    assert.is(headers['last-modified'], 'Mon, 06 May 2024 07:08:09 GMT')
    const { text: size } = await attributes('ObjectSize')
    assert.match(size, /<GetObjectAttributesResponse[^>]*><ObjectSize>10<\/ObjectSize><\/GetObj/)
    const page = { afterPartNumber: 0, maxParts: 1 }
    assert.equal(inputs, [
      { bucket: 'bucket', key: 'k', parts: page },
      { bucket: 'bucket', key: 'k', parts: undefined },
    ])
    for (const name of ['x-amz-max-parts', 'x-amz-part-number-marker']) {
      const refused = await attributes(all, { [name]: '-1' })
      assert.is(element(refused.text, 'Code'), 'InvalidArgument')
    }
  })
})

test.run()
