// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
import type { Handler } from '../operation.ts'
import { bucketOf } from './wire/target.ts'

export const headBucket: Handler = async (request, { bridge, region }) => {
  await bridge.headBucket(bucketOf(request), request.context)
  return { status: 200, headers: { 'x-amz-bucket-region': region } }
}
