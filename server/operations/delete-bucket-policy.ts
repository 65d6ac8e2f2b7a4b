// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
import type { Handler } from '../operation.ts'
import { writeBucketText } from './wire/bucket-access.ts'

export const deleteBucketPolicy: Handler = async (request, services) => {
  await writeBucketText(request, services, 'policy', undefined)
  return { status: 204 }
}
