// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html
import type { Handler } from '../operation.ts'
import { writeBucketText } from './wire/bucket-access.ts'

export const deletePublicAccessBlock: Handler = async (request, services) => {
  await writeBucketText(request, services, 'publicAccessBlock', undefined)
  return { status: 204 }
}
