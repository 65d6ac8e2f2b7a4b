// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html
import type { Handler } from '../operation.ts'
import { byKey, taggingContent } from './wire/tags.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const getObjectTagging: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  const tags = await bridge.getObjectTagging(address, request.context)
  return {
    status: 200,
    body: { kind: 'xml', root: 'Tagging', content: taggingContent(byKey(tags)) },
  }
}
