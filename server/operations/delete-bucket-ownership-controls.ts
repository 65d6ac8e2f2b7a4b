// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html
import type { Handler } from '../operation.ts'
import { writeBucketText } from './wire/bucket-access.ts'

export const deleteBucketOwnershipControls: Handler = async (request, services) => {
  await writeBucketText(request, services, 'ownershipControls', undefined)
  return { status: 204 }
}
