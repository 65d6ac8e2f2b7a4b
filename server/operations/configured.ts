// The rows of what can be set on a bucket as a whole, and is carried out.
import { corsConfiguration } from '../cors.ts'
import { getBucketCors } from './get-bucket-cors.ts'
import { putBucketCors } from './put-bucket-cors.ts'
import { bucketRow, type Row } from './row.ts'
import { removesConfiguration } from './wire/bucket-configuration.ts'

export const configured = {
  GetBucketCors: bucketRow('GET', 'cors', getBucketCors),
  PutBucketCors: bucketRow('PUT', 'cors', putBucketCors),
  DeleteBucketCors: bucketRow('DELETE', 'cors', removesConfiguration(corsConfiguration)),
} as const satisfies Record<string, Row>
