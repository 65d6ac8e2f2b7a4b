// Query parameters and headers that are numbers or one word of a list.
import { partNumberMax, partNumberMin } from '../../../translate/limits.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import type { Query } from '../../operation.ts'

const integerMax = 2_147_483_647

type IntegerRange = {
  readonly min: number
  /** The largest that is taken; 2^31 - 1 when left out. */
  readonly max?: number
  readonly cap: number
  readonly ifAbsent: number
}

/**
 * A count or position from the query; absent or empty gives `ifAbsent`. Throws InvalidArgument for
 * what is no integer from `min` to `max`; larger than `cap` becomes `cap`.
 */
export function readInteger(query: Query, name: string, range: IntegerRange): number {
  return readIntegerText(name, query.get(name), range)
}

/** The same of any text, such as a header's. */
export function readIntegerText(
  name: string,
  text: string | undefined,
  range: IntegerRange,
): number {
  if (text === undefined || text === '') return range.ifAbsent
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN
  const { max = integerMax } = range
  // Written so that NaN fails.
  if (!(value >= range.min && value <= max)) {
    throw invalidArgument(name, text, `${name} must be an integer from ${range.min} to ${max}.`)
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

/** Throws InvalidArgument. */
export function parsePartNumber(text: string): number {
  const partNumber = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (partNumber >= partNumberMin && partNumber <= partNumberMax) return partNumber
  const message = `Part number must be an integer between ${partNumberMin} and ${partNumberMax}.`
  throw invalidArgument('partNumber', text, message)
}
