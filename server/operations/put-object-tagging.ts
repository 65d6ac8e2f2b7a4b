// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html
import { objectTagsMax } from '../../translate/limits.ts'
import type { Handler } from '../operation.ts'
import { readTagging } from './wire/tags.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const putObjectTagging: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  const tags = await readTagging(request.payload, { max: objectTagsMax, of: 'Object' })
  request.access.checkTags(tags)
  await bridge.putObjectTagging({ ...address, tags }, request.context)
  return { status: 200 }
}
