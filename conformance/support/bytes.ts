// Content for tests: reproducible, incompressible, and of any size without holding it.
import { createCipheriv, createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const chunkBytes = 1024 * 1024

/** Pseudo-random bytes that depend on the seed alone. */
export function* randomBytes(sizeBytes: number, seed: string): Generator<Buffer> {
  const key = createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(chunkBytes)
  for (let left = sizeBytes; left > 0; left -= chunkBytes) {
    yield cipher.update(zeros.subarray(0, Math.min(left, chunkBytes)))
  }
}

export function randomBuffer(sizeBytes: number, seed: string): Buffer {
  return Buffer.concat([...randomBytes(sizeBytes, seed)])
}

export async function writeRandomFile(
  path: string,
  sizeBytes: number,
  seed: string,
): Promise<void> {
  await pipeline(Readable.from(randomBytes(sizeBytes, seed)), createWriteStream(path))
}

export function md5OfBuffer(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

export async function md5OfFile(path: string | Buffer): Promise<string> {
  return await md5OfStream(createReadStream(path))
}

export async function md5OfStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('md5')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}
