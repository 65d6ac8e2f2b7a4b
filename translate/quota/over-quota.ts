// The refusal of a write for which a bucket has no room left.
import { S3Error } from '../s3-error.ts'

/** What is written would not fit: the limit is its operator's wish, and no failure of the server. */
export class OverQuota extends S3Error {
  constructor(bucket: string, limitBytes: number) {
    super('QuotaExceeded', {
      message: `The bucket ${bucket} may hold ${limitBytes} bytes, and this would not fit. Delete something, or have its operator raise the quota; what was deleted counts as free within minutes.`,
      elements: { BucketName: bucket },
    })
  }
}
