// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html
import type { Handler } from '../operation.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const deleteObjectTagging: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  await bridge.deleteObjectTagging(address, request.context)
  return { status: 204 }
}
