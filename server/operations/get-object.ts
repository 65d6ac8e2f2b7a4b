// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
import type { Handler } from '../operation.ts'
import { readConditions } from './wire/conditions.ts'
import {
  describeObject,
  readOverrides,
  readRange,
  refusePartNumber,
} from './wire/object-response.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const getObject: Handler = async (request, { bridge }) => {
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  refusePartNumber(request.query)
  readOverrides(request.query)
  const conditions = readConditions(request.headers)
  const range = readRange(request.headers)
  const result = await bridge.getObject({ ...address, conditions, range }, request.context)
  const { status, sizeBytes, headers } = describeObject(request, result.object, result.range)
  return { status, headers, body: { kind: 'stream', stream: result.stream, sizeBytes } }
}
