import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  bytesOf,
  codeOf,
  contextOf,
  freshBytes,
  put,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge } from './bridge.ts'

const test = suite('object parts')

const partBytes = [freshBytes(5 * 2 ** 20), freshBytes(5 * 2 ** 20 + 1), freshBytes(10)] as const

/** With gaps in the numbers, and a checksum on the second part. */
async function upload(bridge: Bridge, key: string): Promise<string> {
  const context = contextOf()
  const { uploadId } = await bridge.createMultipartUpload(
    {
      ...{ bucket, key, metadata: { user: {} } },
      ...{ checksumAlgorithm: undefined, checksumType: undefined },
    },
    context,
  )
  const address = { bucket, key, uploadId }
  const parts = []
  for (const [index, bytes] of partBytes.entries()) {
    const partNumber = index * 2 + 1
    const checksums = () => (index === 1 ? { SHA1: 'sha1' } : {})
    const body = bodyOf(bytes, { checksums })
    const { etag } = await bridge.uploadPart({ ...address, partNumber, body }, context)
    parts.push({ partNumber, etag, checksums: {} })
  }
  const completed = { ...address, parts, conditions: {} }
  return (await bridge.completeMultipartUpload(completed, context)).etag
}

const read = (bridge: Bridge, key: string, partNumber: number) =>
  bridge.getObject({ bucket, key, conditions: {}, range: undefined, partNumber }, contextOf())

test('parts are read by their place, with their checksums', async () => {
  await withWorld({}, async ({ bridge }) => {
    const etag = await upload(bridge, 'big')
    let start = 0
    for (const [index, bytes] of partBytes.entries()) {
      const found = await read(bridge, 'big', index + 1)
      const endInclusive = start + bytes.length - 1
      assert.equal([found.range, found.object.etag], [{ start, endInclusive }, etag])
      assert.equal(found.partChecksums, index === 1 ? { SHA1: 'sha1' } : {})
      assert.ok((await bytesOf(found.stream)).equals(bytes))
      start += bytes.length
    }
    for (const number of [4, 5, 10_000]) {
      assert.is(await codeOf(read(bridge, 'big', number)), 'InvalidPartNumber')
    }
    const wrong = { bucket, key: 'big', conditions: { ifMatch: ['x'] }, range: undefined }
    const head = bridge.headObject({ ...wrong, partNumber: 2 }, contextOf())
    assert.is(await codeOf(head), 'PreconditionFailed')
  })
})

test('part 1 of what has no parts is the whole', async () => {
  await withWorld({}, async ({ bridge }) => {
    await put(bridge, 'plain', 'content')
    const found = await read(bridge, 'plain', 1)
    assert.equal([found.range, found.partChecksums], [{ start: 0, endInclusive: 6 }, undefined])
    assert.is((await bytesOf(found.stream)).toString(), 'content')
    assert.is(await codeOf(read(bridge, 'plain', 2)), 'InvalidPartNumber')
    await put(bridge, 'empty', '')
    const empty = await read(bridge, 'empty', 1)
    assert.equal([empty.range, (await bytesOf(empty.stream)).length], [undefined, 0])
  })
})

test('parts are told in pages, and forgotten with the object that they made', async () => {
  await withWorld({}, async ({ bridge }) => {
    await upload(bridge, 'big')
    const page = async (afterPartNumber: number, maxParts: number) => {
      const parts = { afterPartNumber, maxParts }
      const told = await bridge.getObjectAttributes({ bucket, key: 'big', parts }, contextOf())
      return [told.parts.map(({ sizeBytes }) => sizeBytes), told.nextAfterPartNumber]
    }
    const sizes = partBytes.map((bytes) => bytes.length)
    assert.equal(await page(0, 1000), [sizes, undefined])
    assert.equal(await page(0, 2), [sizes.slice(0, 2), 2])
    assert.equal(await page(2, 2), [sizes.slice(2), undefined])
    assert.equal(await page(0, 0), [[], 0])
    assert.equal(await page(3, 5), [[], undefined])
    const none = { bucket, key: 'big', parts: undefined }
    assert.equal((await bridge.getObjectAttributes(none, contextOf())).parts, [])
    const missing = { bucket, key: 'none', parts: undefined }
    const told = bridge.getObjectAttributes(missing, contextOf())
    assert.is(await codeOf(told), 'NoSuchKey')
    await put(bridge, 'big', 'small')
    assert.equal(await page(0, 1000), [[], undefined])
  })
})

test.run()
