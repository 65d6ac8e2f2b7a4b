// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
import { z } from 'zod'
import { quoteEtag, unquoteEtag } from '../../translate/etag.ts'
import { partNumberMax } from '../../translate/limits.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler, S3Request } from '../operation.ts'
import { parseXml } from '../xml.ts'
import {
  checksumElements,
  checksumSchema,
  readChecksumElements,
  readChecksumType,
  readExpectedChecksums,
} from './wire/checksums.ts'
import { writeConditions } from './wire/conditions.ts'
import { expirationHeader } from './wire/lifecycle-headers.ts'
import { locationOf } from './wire/location.ts'
import { objectOf, uploadIdOf } from './wire/target.ts'

const bodyMaxBytes = 4 * 1024 * 1024

const schema = z.strictObject({
  Part: z
    .array(
      z.strictObject({
        PartNumber: z
          .string()
          .regex(/^\s*[0-9]{1,5}\s*$/)
          .transform(Number)
          .pipe(z.number().min(1).max(partNumberMax)),
        ETag: z.string().min(1),
        ...checksumSchema,
      }),
    )
    .min(1)
    .max(partNumberMax),
})

/** The order of the parts, their ETags and sizes are the Bridge's to judge. */
export const completeMultipartUpload: Handler = async (request, services) => {
  const address = { ...objectOf(request), uploadId: uploadIdOf(request) }
  const conditions = writeConditions(request.headers)
  const sizeBytes = readObjectSize(request)
  const checksums = readExpectedChecksums(request.headers)
  const checksumType = readChecksumType(request.headers)
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'of-object' })
  // A part has its own element, number, ETag and at most one checksum, each opened and closed.
  const maxTags = partNumberMax * 8 + 100
  // Its quotes, and the padding of a checksum.
  const maxReferences = partNumberMax * 4
  const limits = { maxTags, maxReferences }
  const shape = { root: 'CompleteMultipartUpload', arrays: ['Part'], schema, ...limits }
  const parts = parseXml(text, shape).Part.map((part) => ({
    partNumber: part.PartNumber,
    etag: unquoteEtag(part.ETag),
    checksums: readChecksumElements(part),
  }))
  const input = { ...address, parts, conditions, checksums, checksumType, sizeBytes }
  const completing = services.bridge.completeMultipartUpload(input, {
    ...request.context,
    patience: 'unlimited',
  })
  const result = completing.then(async ({ stored, ...completed }) => ({
    root: 'CompleteMultipartUploadResult',
    content: {
      Location: locationOf(request, address),
      Bucket: address.bucket,
      Key: address.key,
      ETag: quoteEtag(completed.etag),
      ...checksumElements(completed.checksums),
    },
    ...(stored && {
      headers: await expirationHeader(services, address.bucket, {
        ...stored,
        key: address.key,
        ageFrom: services.now(),
      }),
    }),
  }))
  return { status: 200, body: { kind: 'slow-xml', result } }
}

/** Of the whole object, as the client counted it. Throws InvalidRequest for what is no size. */
function readObjectSize({ headers }: S3Request): number | undefined {
  const text = headers['x-amz-mp-object-size']?.toString()
  if (text === undefined) return undefined
  const sizeBytes = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes
  throw new S3Error('InvalidRequest', { message: 'x-amz-mp-object-size is not a size in bytes.' })
}
