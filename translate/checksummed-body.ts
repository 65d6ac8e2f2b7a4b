// A body whose checksum nobody has told: computed as it passes.
import { pipeline, Transform } from 'node:stream'
import type { ChecksumAlgorithm, ObjectBody } from './bridge.ts'
import { createChecksum, defaultChecksumType } from './checksum.ts'
import { S3Error } from './s3-error.ts'
import type { UploadRecord } from './state/records.ts'

/** The same body, whose checksums hold one of that algorithm once its stream has ended. */
export async function checksummedBody(
  body: ObjectBody,
  algorithm: ChecksumAlgorithm,
): Promise<ObjectBody> {
  const checksum = await createChecksum(algorithm)
  let value: string | undefined
  const computing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      value = checksum.digest().toString('base64')
      done()
    },
  })
  const stream = pipeline(body.stream, computing, (error) => {
    // A source that fails before anything was read has nobody else to tell it.
    if (error != null && !computing.destroyed) computing.destroy(error)
  })
  const checksums = () => ({
    ...body.checksums(),
    ...(value !== undefined && { [algorithm]: value }),
  })
  return { ...body, stream, checksums }
}

/**
 * A part's body with the checksum that its upload was begun with. Throws InvalidRequest where the client
 * sends another, or none to an upload whose checksum is made of those of its parts.
 */
export async function checksummedPart(upload: UploadRecord, body: ObjectBody): Promise<ObjectBody> {
  const { checksumAlgorithm: algorithm } = upload
  const declared = body.declaredChecksum
  if (algorithm === undefined || declared === algorithm) return body
  const type = upload.checksumType ?? defaultChecksumType(algorithm)
  const mayCompute = declared === undefined || (declared === 'none' && type === 'FULL_OBJECT')
  if (mayCompute) return await checksummedBody(body, algorithm)
  const actual = declared === 'none' ? 'null' : declared.toLowerCase()
  throw new S3Error('InvalidRequest', {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${actual}`,
  })
}
