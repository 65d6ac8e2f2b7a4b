// Query parameters and headers that are numbers or one word of a list.
import { S3Error } from '../../../translate/s3-error.ts'
import type { Query } from '../../operation.ts'

const integerMax = 2_147_483_647

/**
 * A count or position from the query; absent or empty gives `ifAbsent`. Throws InvalidArgument for
 * what is no integer from `min` to 2^31 - 1; larger than `cap` becomes `cap`.
 */
export function readInteger(
  query: Query,
  name: string,
  range: { readonly min: number; readonly cap: number; readonly ifAbsent: number },
): number {
  const text = query.get(name)
  if (text === undefined || text === '') return range.ifAbsent
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN
  // Written so that NaN fails.
  if (!(value >= range.min && value <= integerMax)) {
    throw invalidArgument(
      name,
      text,
      `${name} must be an integer from ${range.min} to ${integerMax}.`,
    )
  }
  return Math.min(value, range.cap)
}

export function invalidArgument(name: string, value: string, message: string): S3Error {
  return new S3Error('InvalidArgument', {
    message,
    elements: { ArgumentName: name, ArgumentValue: value },
  })
}

/** Names a header whose wish cannot be granted, as AWS does for what a bucket type does not offer. */
export function notImplementedHeader(header: string, message?: string): S3Error {
  return new S3Error('NotImplemented', {
    message: message ?? `The header ${header} asks for something that this server does not offer.`,
    elements: { Header: header },
  })
}
