// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
import type { Handler } from '../operation.ts'
import { readConditions } from './wire/conditions.ts'
import { expirationHeader } from './wire/lifecycle-headers.ts'
import { describeObject, readExtent, readOverrides } from './wire/object-response.ts'
import { objectOf, refuseOtherVersions } from './wire/target.ts'

export const getObject: Handler = async (request, services) => {
  const { bridge } = services
  const address = objectOf(request)
  refuseOtherVersions(address.key, request.query.get('versionId'))
  readOverrides(request.query)
  const conditions = readConditions(request.headers)
  const input = { ...address, conditions, ...readExtent(request), ...request.access.reads }
  const result = await bridge.getObject(input, request.context)
  const { stream } = result
  try {
    const { status, sizeBytes, headers } = describeObject(request, result)
    const expiration = await expirationHeader(services, address.bucket, result.object)
    const body = { kind: 'stream', stream, sizeBytes } as const
    return { status, headers: { ...headers, ...expiration }, body }
  } catch (error) {
    stream.destroy()
    throw error
  }
}
