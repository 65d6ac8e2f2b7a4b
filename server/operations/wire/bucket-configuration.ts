// What is kept of a bucket as its operations read and write it: always after a look at whether the bucket
// is there.
import { type KeptConfiguration, readKept } from '../../../translate/bucket-configuration.ts'
import type { Handler, S3Request, Services } from '../../operation.ts'
import { bucketOf } from './target.ts'

/** `undefined` when it is not set. Throws NoSuchBucket. */
export async function findConfiguration<T>(
  request: S3Request,
  { bridge }: Services,
  kept: KeptConfiguration<T>,
): Promise<T | undefined> {
  const bucket = bucketOf(request)
  await bridge.headBucket(bucket, request.context)
  return readKept(await bridge.bucketConfigurations(bucket), kept)
}

/** Throws NoSuchBucket. */
export async function keepConfiguration<T>(
  request: S3Request,
  { bridge }: Services,
  { name }: KeptConfiguration<T>,
  value: T,
): Promise<void> {
  const text = JSON.stringify(value)
  await bridge.setBucketConfiguration({ bucket: bucketOf(request), name, text }, request.context)
}

/** The handler that removes one; that it was never set is no error. */
export function removesConfiguration({ name }: KeptConfiguration<unknown>): Handler {
  return async (request, { bridge }) => {
    const input = { bucket: bucketOf(request), name, text: undefined }
    await bridge.setBucketConfiguration(input, request.context)
    return { status: 204 }
  }
}
