// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
import { renderStoredAcl } from '../access/acl.ts'
import type { Handler } from '../operation.ts'
import { readAclRequest } from './wire/acl.ts'
import { bucketAccessOf } from './wire/bucket-access.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const putObjectAcl: Handler = async (request, services) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  const acl = await readAclRequest(request, bucketAccessOf(request), services)
  const input = { ...address, acl: renderStoredAcl(acl) }
  await services.bridge.putObjectAcl(input, request.context)
  return { status: 200 }
}
