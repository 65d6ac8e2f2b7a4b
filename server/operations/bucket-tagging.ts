// Tags of a bucket: for its owner's own book-keeping, they change nothing.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
import { z } from 'zod'
import type { Tag } from '../../translate/bridge.ts'
import type { KeptConfiguration } from '../../translate/bucket-configuration.ts'
import { bucketTagsMax } from '../../translate/limits.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler } from '../operation.ts'
import {
  findConfiguration,
  keepConfiguration,
  removesConfiguration,
} from './wire/bucket-configuration.ts'
import { readTagging, taggingContent } from './wire/tags.ts'
import { bucketOf } from './wire/target.ts'

export const bucketTagLimit = { max: bucketTagsMax, of: 'Bucket' } as const

export const bucketTags: KeptConfiguration<readonly Tag[]> = {
  name: 'tagging',
  schema: z.array(z.strictObject({ key: z.string(), value: z.string() })),
}

export const getBucketTagging: Handler = async (request, services) => {
  const tags = await findConfiguration(request, services, bucketTags)
  if (tags === undefined || tags.length === 0) {
    throw new S3Error('NoSuchTagSet', { elements: { BucketName: bucketOf(request) } })
  }
  return { status: 200, body: { kind: 'xml', root: 'Tagging', content: taggingContent(tags) } }
}

export const putBucketTagging: Handler = async (request, services) => {
  const tags = await readTagging(request.payload, bucketTagLimit)
  await keepConfiguration(request, services, bucketTags, tags)
  return { status: 200 }
}

export const deleteBucketTagging: Handler = removesConfiguration(bucketTags)
