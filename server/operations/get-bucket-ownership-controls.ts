// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html
import { S3Error } from '../../translate/s3-error.ts'
import { parseStoredOwnership } from '../access/bucket-access.ts'
import type { Handler } from '../operation.ts'
import { readBucketText } from './wire/bucket-access.ts'
import { bucketOf } from './wire/target.ts'

export const getBucketOwnershipControls: Handler = async (request, services) => {
  const text = await readBucketText(request, services, 'ownershipControls')
  if (text === undefined) {
    const elements = { BucketName: bucketOf(request) }
    throw new S3Error('OwnershipControlsNotFoundError', { elements })
  }
  const content = { Rule: { ObjectOwnership: parseStoredOwnership(text) } }
  return { status: 200, body: { kind: 'xml', root: 'OwnershipControls', content } }
}
