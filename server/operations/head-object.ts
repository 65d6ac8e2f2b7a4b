// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
import type { Handler } from '../operation.ts'
import { readConditions } from './wire/conditions.ts'
import { describeObject, readRange, refusePartNumber } from './wire/object-response.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const headObject: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  refusePartNumber(request.query)
  const conditions = readConditions(request.headers)
  const range = readRange(request.headers)
  const result = await bridge.headObject({ ...address, conditions, range }, request.context)
  const { status, headers } = describeObject(request, result.object, result.range)
  return { status, headers }
}
