// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
import type { Handler } from '../operation.ts'
import { deleteConditions } from './wire/conditions.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const deleteObject: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  const conditions = deleteConditions(request.headers)
  const input = { ...address, ...(conditions !== undefined && { conditions }) }
  await bridge.deleteObject(input, request.context)
  return { status: 204 }
}
