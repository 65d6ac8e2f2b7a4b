import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  head,
  put,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge, ChecksumAlgorithm, Checksums, ObjectBody } from './bridge.ts'
import { checksumAlgorithms, checksumOf, isChecksumTypeOf } from './checksum.ts'

const test = suite('checksums of multipart uploads')
const context = () => contextOf()
const pieces = [freshBytes(5 * 2 ** 20), freshBytes(1000)] as const

const sum = (algorithm: ChecksumAlgorithm, ...bytes: Buffer[]) =>
  checksumOf(
    (async function* () {
      yield* bytes
    })(),
    algorithm,
  )

async function begin(
  bridge: Bridge,
  checksumAlgorithm: ChecksumAlgorithm | undefined,
  checksumType?: Checksums['type'],
) {
  const key = `${checksumAlgorithm}-${checksumType}`
  const input = { bucket, key, metadata: { user: {} }, checksumAlgorithm, checksumType }
  const { uploadId } = await bridge.createMultipartUpload(input, context())
  return { bucket, key, uploadId }
}

/** As a client sends it, with the checksum that it declares. */
async function declared(bytes: Buffer, algorithm: ChecksumAlgorithm | 'none'): Promise<ObjectBody> {
  const values = algorithm === 'none' ? {} : { [algorithm]: await sum(algorithm, bytes) }
  return bodyOf(bytes, { declaredChecksum: algorithm, checksums: () => values })
}

async function upload(
  bridge: Bridge,
  address: Awaited<ReturnType<typeof begin>>,
  algorithm: ChecksumAlgorithm | 'none',
) {
  const parts = []
  for (const [index, bytes] of pieces.entries()) {
    const part = { ...address, partNumber: index + 1, body: await declared(bytes, algorithm) }
    const { etag, checksums } = await bridge.uploadPart(part, context())
    parts.push({ partNumber: index + 1, etag, checksums })
  }
  return { ...address, parts, conditions: {} }
}

test('each algorithm makes the composite or the full checksum that S3 defines', async () => {
  await withWorld({}, async ({ bridge }) => {
    for (const algorithm of checksumAlgorithms) {
      for (const type of ['COMPOSITE', 'FULL_OBJECT'] as const) {
        if (!isChecksumTypeOf(algorithm, type)) continue
        const address = await begin(bridge, algorithm, type)
        const completion = await upload(bridge, address, algorithm)
        const { checksums } = await bridge.completeMultipartUpload(completion, context())
        const partSums = await Promise.all(pieces.map((bytes) => sum(algorithm, bytes)))
        const all = Buffer.concat(partSums.map((value) => Buffer.from(value, 'base64')))
        const value =
          type === 'COMPOSITE' ? `${await sum(algorithm, all)}-2` : await sum(algorithm, ...pieces)
        assert.equal(checksums, { type, values: { [algorithm]: value } }, algorithm)
        assert.equal((await head(bridge, address.key)).checksums, checksums)
        const told = { ...address, parts: { afterPartNumber: 0, maxParts: 9 } }
        const { parts } = await bridge.getObjectAttributes(told, context())
        assert.equal(
          parts.map((part) => part.checksums[algorithm]),
          partSums,
        )
      }
    }
  })
})

test('two of them by hand', async () => {
  await withWorld({}, async ({ bridge }) => {
    const full = await upload(bridge, await begin(bridge, 'CRC32', 'FULL_OBJECT'), 'CRC32')
    const out = Buffer.alloc(4)
    out.writeUInt32BE(crc32(Buffer.concat(pieces)))
    const done = await bridge.completeMultipartUpload(full, context())
    assert.is(done.checksums?.values.CRC32, out.toString('base64'))
    const composite = await upload(bridge, await begin(bridge, 'SHA256'), 'SHA256')
    const digests = pieces.map((bytes) => createHash('sha256').update(bytes).digest())
    const whole = createHash('sha256').update(Buffer.concat(digests)).digest('base64')
    const made = await bridge.completeMultipartUpload(composite, context())
    assert.equal(made.checksums, { type: 'COMPOSITE', values: { SHA256: `${whole}-2` } })
  })
})

test('a part with another checksum, or none where it is needed, is refused unread', async () => {
  await withWorld({}, async ({ bridge, spoolDirectory }) => {
    const cases = [
      ['SHA1', 'COMPOSITE', 'none', /expected checksum Type: sha1, actual checksum Type: null/],
      ['SHA1', 'COMPOSITE', 'CRC32', /expected checksum Type: sha1, actual checksum Type: crc32/],
      ['CRC32', 'FULL_OBJECT', 'SHA1', /expected checksum Type: crc32, actual .*: sha1/],
    ] as const
    for (const [algorithm, type, sent, message] of cases) {
      const address = await begin(bridge, algorithm, type)
      const body = await declared(pieces[1], sent)
      const failure = await failureOf(
        bridge.uploadPart({ ...address, partNumber: 1, body }, context()),
      )
      assert.match(failure?.message ?? '', message)
      assert.is(body.stream.readableDidRead, false)
    }
    assert.equal(await readdir(spoolDirectory), [])
  })
})

test('what the client does not say of a full checksum is computed, as for copied parts', async () => {
  await withWorld({}, async ({ bridge }) => {
    const address = await begin(bridge, 'CRC64NVME', 'FULL_OBJECT')
    const silent = await upload(bridge, address, 'none')
    for (const [index, part] of silent.parts.entries()) {
      const bytes = pieces[index] ?? Buffer.alloc(0)
      assert.equal(part.checksums, { CRC64NVME: await sum('CRC64NVME', bytes) })
    }
    await put(bridge, 'source', pieces[1])
    const composite = await begin(bridge, 'SHA512')
    const copied = await bridge.uploadPartCopy(
      {
        ...{ ...composite, partNumber: 1, source: { bucket, key: 'source' } },
        ...{ sourceConditions: {}, sourceRange: { start: 10, endInclusive: 19 } },
      },
      context(),
    )
    const range = pieces[1].subarray(10, 20)
    assert.equal(copied.checksums, { SHA512: await sum('SHA512', range) })
  })
})

test('a completion that knows better is refused, and can be tried again', async () => {
  await withWorld({}, async ({ bridge }) => {
    const address = await begin(bridge, 'SHA1', 'COMPOSITE')
    const right = await upload(bridge, address, 'SHA1')
    const [first, second] = right.parts
    assert.ok(first !== undefined && second !== undefined)
    const bare = { ...second, checksums: {} }
    const wrong = { ...second, checksums: { SHA1: await sum('SHA1') } }
    const partSums = right.parts.map(({ checksums }) => Buffer.from(checksums.SHA1 ?? '', 'base64'))
    const value = await sum('SHA1', ...partSums)
    const cases = [
      [{ parts: [first, bare] }, 'InvalidRequest'],
      [{ parts: [first, wrong] }, 'InvalidPart'],
      [{ checksumType: 'FULL_OBJECT' }, 'InvalidRequest'],
      [{ checksums: { SHA1: `${value}-3` } }, 'BadDigest'],
      [{ checksums: { SHA1: await sum('SHA1') } }, 'BadDigest'],
      [{ checksums: { CRC32: `${await sum('CRC32')}-2` } }, 'BadDigest'],
    ] as const
    for (const [more, code] of cases) {
      const completing = bridge.completeMultipartUpload({ ...right, ...more }, context())
      assert.is(await codeOf(completing), code)
    }
    for (const text of [`${value}-2`, value, await sum('SHA1', ...pieces)]) {
      const again = await begin(bridge, 'SHA1', 'COMPOSITE')
      const parts = await upload(bridge, again, 'SHA1')
      const wanted = { ...parts, checksums: { SHA1: text }, checksumType: 'COMPOSITE' } as const
      const { checksums } = await bridge.completeMultipartUpload(wanted, context())
      assert.is(checksums?.values.SHA1, `${value}-2`)
    }
    assert.is(await codeOf(bridge.completeMultipartUpload(right, context())), 'no error')
  })
})

test.run()
