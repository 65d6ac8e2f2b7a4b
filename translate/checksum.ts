// S3's checksum algorithms, computed while bytes pass, and what the checksum of a multipart upload is.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createXXHash3, createXXHash64, createXXHash128, type IHasher } from 'hash-wasm'
import type { ChecksumAlgorithm, Checksums } from './bridge.ts'
import { createCrc32c, createCrc64Nvme } from './crc.ts'

export type Checksum = {
  update(bytes: Uint8Array): void
  /** Once, at the end. */
  digest(): Buffer
}

const creators: Record<ChecksumAlgorithm, () => Checksum | Promise<Checksum>> = {
  CRC32: createCrc32,
  CRC32C: createCrc32c,
  CRC64NVME: createCrc64Nvme,
  MD5: () => createHash('md5'),
  SHA1: () => createHash('sha1'),
  SHA256: () => createHash('sha256'),
  SHA512: () => createHash('sha512'),
  XXHASH3: async () => fromHasher(await createXXHash3()),
  XXHASH64: async () => fromHasher(await createXXHash64()),
  XXHASH128: async () => fromHasher(await createXXHash128()),
}

/** Of the values, which are written as base64. */
export const checksumSizesBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  MD5: 16,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  XXHASH3: 8,
  XXHASH64: 8,
  XXHASH128: 16,
}

export const checksumAlgorithms = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'MD5',
  'SHA1',
  'SHA256',
  'SHA512',
  'XXHASH3',
  'XXHASH64',
  'XXHASH128',
] as const satisfies readonly ChecksumAlgorithm[]

/** Some algorithms have to be loaded first. */
export async function createChecksum(algorithm: ChecksumAlgorithm): Promise<Checksum> {
  return await creators[algorithm]()
}

/** Reads a stream to its end; gives the checksum of its bytes in base64. */
export async function checksumOf(
  stream: AsyncIterable<Uint8Array>,
  algorithm: ChecksumAlgorithm,
): Promise<string> {
  const checksum = await createChecksum(algorithm)
  for await (const chunk of stream) checksum.update(chunk)
  return checksum.digest().toString('base64')
}

/** The algorithm of that name, in whatever case. */
export function findChecksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const word = name.toUpperCase()
  return checksumAlgorithms.find((known) => known === word)
}

/** The combinations that S3 knows for multipart uploads: only of CRCs is there one of the full object. */
export function isChecksumTypeOf(algorithm: ChecksumAlgorithm, type: Checksums['type']): boolean {
  return type === 'COMPOSITE' ? algorithm !== 'CRC64NVME' : algorithm.startsWith('CRC')
}

/** The type that a multipart upload has when it names an algorithm and no type. */
export function defaultChecksumType(algorithm: ChecksumAlgorithm): Checksums['type'] {
  return algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
}

/** `checksum(checksums)-N` of the parts' values (base64) in order; `undefined` when a part has none. */
export async function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly Checksums['values'][],
): Promise<string | undefined> {
  const checksum = await createChecksum(algorithm)
  for (const values of parts) {
    const value = values[algorithm]
    if (value === undefined) return undefined
    checksum.update(Buffer.from(value, 'base64'))
  }
  return `${checksum.digest().toString('base64')}-${parts.length}`
}

/** In canonical byte order, as xxHash writes its values. */
function fromHasher(hasher: IHasher): Checksum {
  hasher.init()
  return {
    update(bytes) {
      hasher.update(bytes)
    },
    digest: () => Buffer.from(hasher.digest('binary')),
  }
}

function createCrc32(): Checksum {
  let value = 0
  return {
    update(bytes) {
      value = crc32(bytes, value)
    },
    digest() {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(value)
      return out
    },
  }
}
