// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html
import { S3Error } from '../../translate/s3-error.ts'
import { publicAccessConfiguration } from '../access/bucket-access.ts'
import type { Handler } from '../operation.ts'
import { findConfiguration } from './wire/bucket-configuration.ts'
import { bucketOf } from './wire/target.ts'

export const getPublicAccessBlock: Handler = async (request, services) => {
  const content = await findConfiguration(request, services, publicAccessConfiguration)
  if (content === undefined) {
    const elements = { BucketName: bucketOf(request) }
    throw new S3Error('NoSuchPublicAccessBlockConfiguration', { elements })
  }
  return { status: 200, body: { kind: 'xml', root: 'PublicAccessBlockConfiguration', content } }
}
