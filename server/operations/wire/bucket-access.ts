// What the handlers of a bucket's access settings begin with.
import assert from 'node:assert/strict'
import type { BucketConfigurationName } from '../../../translate/bridge.ts'
import type { BucketAccess } from '../../access/bucket-access.ts'
import type { S3Request, Services } from '../../operation.ts'

/** The stage before has read it for every request that names a bucket. */
export function bucketAccessOf({ access }: S3Request): BucketAccess {
  assert(access.bucket !== undefined, 'no bucket in the address')
  return access.bucket
}

/** `text` of `undefined` removes it. Throws NoSuchBucket. */
export async function writeBucketText(
  request: S3Request,
  { bridge }: Services,
  name: BucketConfigurationName,
  text: string | undefined,
): Promise<void> {
  const { bucket } = bucketAccessOf(request)
  await bridge.setBucketConfiguration({ bucket, name, text }, request.context)
}
