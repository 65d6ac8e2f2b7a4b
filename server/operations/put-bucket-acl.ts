// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
import { isPrivateAcl, renderStoredAcl } from '../access/acl.ts'
import type { Handler } from '../operation.ts'
import { readAclRequest } from './wire/acl.ts'
import { bucketAccessOf, writeBucketText } from './wire/bucket-access.ts'

export const putBucketAcl: Handler = async (request, services) => {
  const access = bucketAccessOf(request)
  const acl = await readAclRequest(request, access, services)
  const text = isPrivateAcl(acl, access.owner) ? undefined : renderStoredAcl(acl)
  await writeBucketText(request, services, 'acl', text)
  return { status: 200 }
}
