import { Xxh3_64, Xxh3_128, Xxh64 } from '@aws-sdk/checksums/xxh'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ChecksumAlgorithm } from '../translate/bridge.ts'
import {
  checksumAlgorithms,
  checksumSizesBytes,
  createChecksum,
  findChecksumAlgorithm,
} from '../translate/checksum.ts'
import { S3Error } from '../translate/s3-error.ts'
import { parseChecksumDeclaration, parseContentMd5, parseTrailerNames } from './checksum.ts'

const test = suite('checksum')

async function digestOf(
  algorithm: ChecksumAlgorithm,
  pieces: readonly Uint8Array[],
): Promise<string> {
  const checksum = await createChecksum(algorithm)
  for (const piece of pieces) checksum.update(piece)
  return checksum.digest().toString('hex')
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return error instanceof S3Error ? error.code : String(error)
  }
  return 'no error'
}

test('known values', async () => {
  const cases: readonly [algorithm: ChecksumAlgorithm, text: string, hex: string][] = [
    ['CRC32', '', '00000000'],
    ['CRC32', '123456789', 'cbf43926'],
    ['CRC32C', '', '00000000'],
    ['CRC32C', '123456789', 'e3069283'],
    ['CRC32C', '\0'.repeat(32), '8a9136aa'],
    ['CRC64NVME', '', '0000000000000000'],
    ['CRC64NVME', '123456789', 'ae8b14860a799888'],
    ['SHA1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['MD5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
    [
      'SHA512',
      'abc',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
    // From xxHash's own tests and documentation.
    ['XXHASH64', '', 'ef46db3751d8e999'],
    ['XXHASH64', 'abc', '44bc2cf5ad770999'],
    ['XXHASH3', '', '2d06800538d394c2'],
    ['XXHASH3', 'abc', '78af5f94892f3950'],
    ['XXHASH128', '', '99aa06d3014798d86001c324468d497f'],
    ['XXHASH128', 'abc', '06b05ab6733a618578af5f94892f3950'],
    ['SHA256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ]
  for (const [algorithm, text, hex] of cases) {
    assert.is(await digestOf(algorithm, [Buffer.from(text)]), hex, `${algorithm} ${text}`)
  }
  // From AWS's example of a signed trailer.
  const example = await digestOf('CRC32C', [Buffer.alloc(66560, 'a')])
  assert.is(Buffer.from(example, 'hex').toString('base64'), 'sOO8/Q==')
})

test('the CRCs agree with a bit by bit computation, however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
      async (pieces) => {
        const all = Buffer.concat(pieces)
        assert.is(await digestOf('CRC32', pieces), crcByBits(all, 32, 0xedb88320n))
        assert.is(await digestOf('CRC32C', pieces), crcByBits(all, 32, 0x82f63b78n))
        assert.is(await digestOf('CRC64NVME', pieces), crcByBits(all, 64, 0x9a6c9329ac4bc9b5n))
      },
    ),
    { numRuns: 100 },
  )
})

test('the xxHashes agree with those of the AWS SDK, however long and however cut', async () => {
  const peers = { XXHASH64: Xxh64, XXHASH3: Xxh3_64, XXHASH128: Xxh3_128 } as const
  const piece = fc.uint8Array({ maxLength: 700 })
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
      for (const [algorithm, Peer] of Object.entries(peers)) {
        const peer = new Peer()
        for (const bytes of pieces) peer.update(bytes)
        const known = findChecksumAlgorithm(algorithm)
        assert.ok(known !== undefined)
        const expected = Buffer.from(await peer.digest()).toString('hex')
        assert.is(await digestOf(known, pieces), expected, algorithm)
      }
    }),
    { numRuns: 100 },
  )
})

test('two computations at once do not disturb each other', async () => {
  for (const algorithm of checksumAlgorithms) {
    const [one, other] = [await createChecksum(algorithm), await createChecksum(algorithm)]
    for (const letter of 'abc') {
      one.update(Buffer.from(letter))
      other.update(Buffer.from(letter.toUpperCase()))
    }
    const expected = await digestOf(algorithm, [Buffer.from('abc')])
    assert.is(one.digest().toString('hex'), expected, algorithm)
    assert.is.not(other.digest().toString('hex'), expected, algorithm)
  }
})

test('a value has the size that its algorithm is known by', async () => {
  for (const algorithm of checksumAlgorithms) {
    const { length } = await digestOf(algorithm, [])
    assert.is(length / 2, checksumSizesBytes[algorithm], algorithm)
  }
})

function crcByBits(bytes: Buffer, width: number, polynomial: bigint): string {
  const ones = (1n << BigInt(width)) - 1n
  let crc = ones
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ ((crc & 1n) * polynomial)
  }
  return (crc ^ ones).toString(16).padStart(width / 4, '0')
}

test('one checksum is declared by a header or announced as a trailer', async () => {
  const parse = (headers: Record<string, string>) =>
    parseChecksumDeclaration(headers, parseTrailerNames(headers))
  assert.is(
    parse({ 'x-amz-checksum-mode': 'ENABLED', 'x-amz-checksum-type': 'FULL_OBJECT' }),
    undefined,
  )
  for (const algorithm of checksumAlgorithms) {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`
    const value = (await createChecksum(algorithm)).digest().toString('base64')
    assert.equal(parse({ [name]: value }), { algorithm, from: 'header', value })
    assert.equal(
      parse({
        'x-amz-trailer': ` ${name.toUpperCase()} `,
        'x-amz-sdk-checksum-algorithm': algorithm,
      }),
      {
        algorithm,
        from: 'trailer',
        trailerName: name,
      },
    )
  }
})

test('declarations that do not hold together are refused', () => {
  const crc32 = { 'x-amz-checksum-crc32': 'AAAAAA==' }
  const cases: readonly [headers: Record<string, string>, code: string][] = [
    [{ ...crc32, 'x-amz-checksum-crc32c': 'AAAAAA==' }, 'InvalidRequest'],
    [{ ...crc32, 'x-amz-trailer': 'x-amz-checksum-crc32' }, 'InvalidRequest'],
    [{ 'x-amz-trailer': 'x-amz-checksum-crc32,x-amz-checksum-sha1' }, 'InvalidRequest'],
    [{ 'x-amz-trailer': 'x-amz-meta-a' }, 'InvalidRequest'],
    [{ 'x-amz-trailer': 'x-amz-checksum-type' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-crc32': '' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-crc32': 'AAAA' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-crc32': 'AAAAAA' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-crc32': 'AAAAAB==' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-crc32': 'AAAAAA==, AAAAAA==' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-crc64nvme': 'AAAAAA==' }, 'InvalidRequest'],
    [{ 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'InvalidRequest'],
    [{ ...crc32, 'x-amz-sdk-checksum-algorithm': 'SHA1' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-xxhash64': 'AAAAAA==' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-xxhash32': 'AAAAAA==' }, 'InvalidRequest'],
    [{ 'x-amz-trailer': 'x-amz-checksum-sha3' }, 'InvalidRequest'],
  ]
  for (const [headers, code] of cases) {
    assert.is(
      codeOf(() => parseChecksumDeclaration(headers, parseTrailerNames(headers))),
      code,
      JSON.stringify(headers),
    )
  }
})

test('Content-MD5 is base64 of 16 bytes', () => {
  assert.is(parseContentMd5({}), undefined)
  assert.is(
    parseContentMd5({ 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }),
    'd41d8cd98f00b204e9800998ecf8427e',
  )
  for (const value of [
    '',
    'YWJj',
    'd41d8cd98f00b204e9800998ecf8427e',
    '1B2M2Y8AsgTpgAmY7PhCfg',
    '*',
  ]) {
    assert.is(
      codeOf(() => parseContentMd5({ 'content-md5': value })),
      'InvalidDigest',
      value,
    )
  }
})

test.run()
