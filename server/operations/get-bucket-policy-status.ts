// Public by its policy or by its ACL, as far as the public access block lets either count.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html
import { isPublicAcl } from '../access/acl.ts'
import type { Handler } from '../operation.ts'
import { bucketAccessOf } from './wire/bucket-access.ts'
import { bucketOf } from './wire/target.ts'

export const getBucketPolicyStatus: Handler = async (request, { bridge }) => {
  await bridge.headBucket(bucketOf(request), request.context)
  const { isPolicyPublic, block, acl, reach } = bucketAccessOf(request)
  const byPolicy = isPolicyPublic && !block.RestrictPublicBuckets
  const byAcl = isPublicAcl(acl) && reach.acls === 'on' && reach.publicGrants === 'honoured'
  const content = { IsPublic: byPolicy || byAcl ? 'true' : 'false' }
  return { status: 200, body: { kind: 'xml', root: 'PolicyStatus', content } }
}
