// Tags cannot be set yet, so every object has none. aws-cli asks before it copies in parts.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html
import type { Handler } from '../operation.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const getObjectTagging: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  await bridge.headObject({ ...address, conditions: {}, range: undefined }, request.context)
  return { status: 200, body: { kind: 'xml', root: 'Tagging', content: { TagSet: '' } } }
}
