// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html
import { S3Error } from '../../translate/s3-error.ts'
import { ownershipConfiguration } from '../access/bucket-access.ts'
import type { Handler } from '../operation.ts'
import { findConfiguration } from './wire/bucket-configuration.ts'
import { bucketOf } from './wire/target.ts'

export const getBucketOwnershipControls: Handler = async (request, services) => {
  const ownership = await findConfiguration(request, services, ownershipConfiguration)
  if (ownership === undefined) {
    const elements = { BucketName: bucketOf(request) }
    throw new S3Error('OwnershipControlsNotFoundError', { elements })
  }
  const content = { Rule: { ObjectOwnership: ownership } }
  return { status: 200, body: { kind: 'xml', root: 'OwnershipControls', content } }
}
