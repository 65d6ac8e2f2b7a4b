// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
import type { Handler } from '../operation.ts'
import { bucketOf } from './wire/target.ts'

export const deleteBucket: Handler = async (request, { bridge }) => {
  await bridge.deleteBucket(bucketOf(request), request.context)
  return { status: 204 }
}
