// Versions are not offered yet. Enabled would promise to keep what is written over; Suspended is refused as
// well, for deletes in such a bucket leave delete markers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
import { z } from 'zod'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { bucketOf } from './wire/target.ts'

const bodyMaxBytes = 16 * 1024

const schema = z
  .strictObject({
    Status: z.enum(['Enabled', 'Suspended']).optional(),
    MfaDelete: z.enum(['Enabled', 'Disabled']).optional(),
  })
  .or(z.literal('').transform(() => ({ Status: undefined, MfaDelete: undefined })))

export const putBucketVersioning: Handler = async (request, { bridge }) => {
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  const wanted = parseXml(text, { root: 'VersioningConfiguration', arrays: [], schema })
  await bridge.headBucket(bucketOf(request), request.context)
  if (wanted.MfaDelete === 'Enabled' || request.headers['x-amz-mfa'] !== undefined) {
    throw new S3Error('NotImplemented', { message: 'MFA delete is not offered by this server.' })
  }
  if (wanted.Status === undefined) throw new S3Error('IllegalVersioningConfigurationException')
  throw new S3Error('NotImplemented', {
    message: `Versioning is not offered by this server yet, so it cannot be set to ${wanted.Status}. A bucket that never had it is as it is on AWS.`,
  })
}
