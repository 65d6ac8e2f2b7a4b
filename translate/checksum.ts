// S3's checksum algorithms, computed while bytes pass, and what the checksum of a multipart upload is.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ChecksumAlgorithm, Checksums } from './bridge.ts'
import { createCrc32c, createCrc64Nvme } from './crc.ts'

export type Checksum = {
  update(bytes: Uint8Array): void
  /** Once, at the end. */
  digest(): Buffer
}

const creators: Record<ChecksumAlgorithm, () => Checksum> = {
  CRC32: createCrc32,
  CRC32C: createCrc32c,
  CRC64NVME: createCrc64Nvme,
  SHA1: () => createHash('sha1'),
  SHA256: () => createHash('sha256'),
}

export const checksumAlgorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  return creators[algorithm]()
}

/** The type that a multipart upload has when it names an algorithm and no type. */
export function defaultChecksumType(algorithm: ChecksumAlgorithm): Checksums['type'] {
  return algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
}

/** `checksum(checksums)-N` of the parts' values (base64) in order; `undefined` when a part has none. */
export function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly Checksums['values'][],
): string | undefined {
  const checksum = createChecksum(algorithm)
  for (const values of parts) {
    const value = values[algorithm]
    if (value === undefined) return undefined
    checksum.update(Buffer.from(value, 'base64'))
  }
  return `${checksum.digest().toString('base64')}-${parts.length}`
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
