// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
import type { Handler } from '../operation.ts'
import { readConditions } from './wire/conditions.ts'
import { describeObject, readExtent, readOverrides } from './wire/object-response.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const getObject: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  readOverrides(request.query)
  const conditions = readConditions(request.headers)
  const input = { ...address, conditions, ...readExtent(request), ...request.access.reads }
  const result = await bridge.getObject(input, request.context)
  const { status, sizeBytes, headers } = describeObject(request, result)
  return { status, headers, body: { kind: 'stream', stream: result.stream, sizeBytes } }
}
