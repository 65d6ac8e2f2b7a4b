// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html
import { S3Error } from '../../translate/s3-error.ts'
import { parseStoredBlock } from '../access/bucket-access.ts'
import type { Handler } from '../operation.ts'
import { readBucketText } from './wire/bucket-access.ts'
import { bucketOf } from './wire/target.ts'

export const getPublicAccessBlock: Handler = async (request, services) => {
  const text = await readBucketText(request, services, 'publicAccessBlock')
  if (text === undefined) {
    const elements = { BucketName: bucketOf(request) }
    throw new S3Error('NoSuchPublicAccessBlockConfiguration', { elements })
  }
  const content = parseStoredBlock(text)
  return { status: 200, body: { kind: 'xml', root: 'PublicAccessBlockConfiguration', content } }
}
