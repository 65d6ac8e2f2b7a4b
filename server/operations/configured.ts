// The rows of what can be set on a bucket as a whole, and is carried out.
import { corsConfiguration } from '../cors.ts'
import { getBucketEncryption, putBucketEncryption } from './bucket-encryption.ts'
import {
  deleteBucketLifecycle,
  getBucketLifecycle,
  putBucketLifecycle,
} from './bucket-lifecycle.ts'
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from './bucket-tagging.ts'
import { getBucketCors } from './get-bucket-cors.ts'
import { removesNothing } from './not-configured.ts'
import { putBucketCors } from './put-bucket-cors.ts'
import { bucketRow, type Row } from './row.ts'
import { removesConfiguration } from './wire/bucket-configuration.ts'

export const configured = {
  GetBucketCors: bucketRow('GET', 'cors', getBucketCors),
  PutBucketCors: bucketRow('PUT', 'cors', putBucketCors),
  DeleteBucketCors: bucketRow('DELETE', 'cors', removesConfiguration(corsConfiguration)),
  GetBucketEncryption: bucketRow('GET', 'encryption', getBucketEncryption),
  PutBucketEncryption: bucketRow('PUT', 'encryption', putBucketEncryption),
  DeleteBucketEncryption: bucketRow('DELETE', 'encryption', removesNothing),
  GetBucketLifecycleConfiguration: bucketRow('GET', 'lifecycle', getBucketLifecycle),
  PutBucketLifecycleConfiguration: bucketRow('PUT', 'lifecycle', putBucketLifecycle),
  DeleteBucketLifecycle: bucketRow('DELETE', 'lifecycle', deleteBucketLifecycle),
  GetBucketTagging: bucketRow('GET', 'tagging', getBucketTagging),
  PutBucketTagging: bucketRow('PUT', 'tagging', putBucketTagging),
  DeleteBucketTagging: bucketRow('DELETE', 'tagging', deleteBucketTagging),
} as const satisfies Record<string, Row>
