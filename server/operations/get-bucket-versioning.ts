// Versioning cannot be enabled yet, so the answer is S3's for a bucket where it never was: no status.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
import type { Handler } from '../operation.ts'
import { bucketOf } from './wire/target.ts'

export const getBucketVersioning: Handler = async (request, { bridge }) => {
  await bridge.headBucket(bucketOf(request), request.context)
  return { status: 200, body: { kind: 'xml', root: 'VersioningConfiguration', content: '' } }
}
