// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
import { privateAcl } from '../access/acl.ts'
import type { Handler } from '../operation.ts'
import { renderAcl } from './wire/acl.ts'
import { bucketAccessOf } from './wire/bucket-access.ts'
import { bucketOf } from './wire/target.ts'

/** Where ACLs are off, what counts: the owner has everything. */
export const getBucketAcl: Handler = async (request, { bridge }) => {
  await bridge.headBucket(bucketOf(request), request.context)
  const { acl, owner, reach } = bucketAccessOf(request)
  return renderAcl(reach.acls === 'on' ? acl : privateAcl(owner), owner)
}
