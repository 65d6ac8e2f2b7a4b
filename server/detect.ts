// Which operation a request asks for: method, resource, sub-resources and one header, against the
// table. Pure. What no row takes is refused here; nothing ever falls through to a more general row.
import { S3Error } from '../translate/s3-error.ts'
import type { S3Request } from './operation.ts'
import { type OperationName, operations } from './operations/index.ts'
import { plainParameters, type Resource, type Row, subresources } from './operations/row.ts'

export type Detected = { readonly operation: OperationName; readonly row: Row }

/**
 * The most specific row that takes all sub-resources of the request. Throws MethodNotAllowed,
 * InvalidArgument, or NotImplemented for a parameter that could be a sub-resource unknown to us.
 */
export function detect(
  request: Pick<S3Request, 'method' | 'address' | 'query' | 'headers'>,
): Detected {
  const resource = resourceOf(request.address)
  const names = request.query.names()
  const present = [...new Set(names.filter((name) => subresources.has(name)))]
  const foreign = names.find((name) => isUnknownSubresource(name, request.query.get(name)))
  if (foreign !== undefined) {
    throw new S3Error('NotImplemented', {
      message: `This server does not know the sub-resource "${foreign}".`,
      elements: { ResourceType: foreign },
    })
  }
  let best: Detected | undefined
  let bestWeight = -1
  for (const [name, row] of Object.entries(operations)) {
    if (!isOperationName(name) || !takes(row, resource, present, request)) continue
    const weight = weightOf(row)
    if (weight > bestWeight) {
      best = { operation: name, row }
      bestWeight = weight
    }
  }
  if (best === undefined) throw refusal(request.method, resource, present)
  return best
}

/** How specific a row is; rows that can take the same request never weigh the same (a test). */
export function weightOf(row: Row): number {
  return (row.query?.length ?? 0) + (row.header === undefined ? 0 : 1)
}

export function resourceOf(address: S3Request['address']): Resource {
  if (address.bucket === undefined) return 'service'
  return address.key === undefined ? 'bucket' : 'object'
}

/** Whether a row takes a request with exactly these sub-resources. */
export function takes(
  row: Row,
  resource: Resource,
  present: readonly string[],
  request: Pick<S3Request, 'method' | 'query' | 'headers'>,
): boolean {
  if (row.method !== request.method || row.resource !== resource) return false
  if (row.header !== undefined && request.headers[row.header] === undefined) return false
  const wanted = row.query ?? []
  for (const parameter of wanted) {
    const equals = parameter.indexOf('=')
    const holds =
      equals === -1
        ? request.query.has(parameter)
        : request.query.get(parameter.slice(0, equals)) === parameter.slice(equals + 1)
    if (!holds) return false
  }
  return present.every((name) => wanted.includes(name) || row.also?.includes(name) === true)
}

/**
 * `?name` without a value that no list knows: a sub-resource newer than this table or of another
 * server's making. Parameters with a value are ignored, as S3 does.
 */
function isUnknownSubresource(name: string, value: string | undefined): boolean {
  if (value !== '' || name === '') return false
  if (subresources.has(name) || plainParameters.has(name)) return false
  const lowerCase = name.toLowerCase()
  return !lowerCase.startsWith('x-amz-') && !lowerCase.startsWith('response-')
}

function refusal(method: string, resource: Resource, present: readonly string[]): S3Error {
  const [only, other] = present
  if (only === undefined) {
    return new S3Error('MethodNotAllowed', {
      elements: { Method: method, ResourceType: resource.toUpperCase() },
    })
  }
  if (other !== undefined) {
    const elements = { ArgumentName: 'ResourceType', ArgumentValue: only }
    const message = `These query parameters do not go together here: ${present.join(', ')}.`
    return new S3Error('InvalidArgument', { message, elements })
  }
  if (only === 'versionId' || only === 'partNumber' || only === 'uploadId') {
    const elements = { ArgumentName: only }
    const message = `This operation does not take the query parameter ${only} alone.`
    return new S3Error('InvalidArgument', { message, elements })
  }
  return new S3Error('MethodNotAllowed', {
    elements: { Method: method, ResourceType: only.toUpperCase() },
  })
}

function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}
