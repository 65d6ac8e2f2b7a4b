// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
import type { Handler } from '../operation.ts'
import { readConditions } from './wire/conditions.ts'
import { expirationHeader } from './wire/lifecycle-headers.ts'
import { describeObject, readExtent } from './wire/object-response.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const headObject: Handler = async (request, services) => {
  const { bridge } = services
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  const conditions = readConditions(request.headers)
  const input = { ...address, conditions, ...readExtent(request), ...request.access.reads }
  const result = await bridge.headObject(input, request.context)
  const { status, headers } = describeObject(request, result)
  const expiration = await expirationHeader(services, address.bucket, result.object)
  return { status, headers: { ...headers, ...expiration } }
}
