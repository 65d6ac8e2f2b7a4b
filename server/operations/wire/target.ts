// The bucket, key and version that a request of a known operation is about.
import assert from 'node:assert/strict'
import type { ObjectAddress } from '../../../translate/bridge.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import type { S3Request } from '../../operation.ts'

/** The table has seen to it that the request names a bucket. */
export function bucketOf(request: S3Request): string {
  assert(request.address.bucket !== undefined, 'no bucket in the address')
  return request.address.bucket
}

/** The table has seen to it that the request names a key. */
export function objectOf(request: S3Request): ObjectAddress {
  assert(request.address.key !== undefined, 'no key in the address')
  return { bucket: bucketOf(request), key: request.address.key }
}

/** Not of every request: only where the row asks for `uploadId`. */
export function uploadIdOf(request: S3Request): string {
  const uploadId = request.query.get('uploadId')
  assert(uploadId !== undefined, 'no uploadId in the query')
  return uploadId
}

/**
 * Throws NoSuchVersion for any version but `null`, which is the name of an object's only version in a
 * bucket that never enabled versioning.
 */
export function refuseOtherVersions(key: string, versionId: string | undefined): void {
  if (versionId === undefined || versionId === 'null') return
  throw new S3Error('NoSuchVersion', { elements: { Key: key, VersionId: versionId } })
}
