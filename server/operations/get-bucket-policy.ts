// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
import { Readable } from 'node:stream'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler } from '../operation.ts'
import { bucketOf } from './wire/target.ts'

/** The text as it was put. */
export const getBucketPolicy: Handler = async (request, { bridge }) => {
  const bucket = bucketOf(request)
  await bridge.headBucket(bucket, request.context)
  const text = (await bridge.bucketConfigurations(bucket)).get('policy')
  if (text === undefined) {
    throw new S3Error('NoSuchBucketPolicy', { elements: { BucketName: bucket } })
  }
  const bytes = Buffer.from(text)
  const stream = Readable.from([bytes])
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) },
    body: { kind: 'stream', stream, sizeBytes: bytes.length },
  }
}
