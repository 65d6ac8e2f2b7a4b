// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html
import { parseStoredAcl, privateAcl } from '../access/acl.ts'
import type { Handler } from '../operation.ts'
import { renderAcl } from './wire/acl.ts'
import { bucketAccessOf } from './wire/bucket-access.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

/** Where ACLs are off, what counts: the owner has everything. */
export const getObjectAcl: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  const input = { ...address, conditions: {}, range: undefined, ...request.access.reads }
  const { object } = await bridge.headObject(input, request.context)
  const { owner, reach } = bucketAccessOf(request)
  const isKept = object.acl !== undefined && reach.acls === 'on'
  return renderAcl(isKept ? parseStoredAcl(object.acl) : privateAcl(owner), owner)
}
