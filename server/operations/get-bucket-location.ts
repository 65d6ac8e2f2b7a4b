// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
import type { Handler } from '../operation.ts'
import { bucketOf } from './wire/target.ts'

export const getBucketLocation: Handler = async (request, { bridge, region }) => {
  await bridge.headBucket(bucketOf(request), request.context)
  // The first region has no name in this place.
  const content = region === 'us-east-1' ? '' : region
  return { status: 200, body: { kind: 'xml', root: 'LocationConstraint', content } }
}
