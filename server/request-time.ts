// When a request says that it was signed. Pure.
import type { IncomingHttpHeaders } from 'node:http'
import { S3Error } from '../translate/s3-error.ts'

export type RequestTime = {
  readonly date: Date
  /** The same in ISO 8601 basic form, as it is signed: `20130524T000000Z`. */
  readonly timestamp: string
}

/**
 * From x-amz-date, or from Date where that is missing. Throws AccessDenied as AWS does when neither
 * is there or the one that counts is malformed, or what `toError` makes.
 */
export function parseRequestTime(
  headers: IncomingHttpHeaders,
  toError: () => S3Error = missingDate,
): RequestTime {
  const amzDate = headers['x-amz-date']
  const time =
    amzDate === undefined ? parseDate(headers.date ?? '') : toTime(parseBasic(String(amzDate)))
  if (time === undefined) throw toError()
  return time
}

/** A date as HTTP writes it, with a few zones besides GMT, or in ISO 8601 basic form. */
export function parseDate(text: string): RequestTime | undefined {
  return toTime(parseHttpDate(text))
}

/** Nothing was signed before 1970: to AWS, that is no date at all. */
function toTime(date: Date | undefined): RequestTime | undefined {
  if (date === undefined || date.getTime() < 0) return undefined
  return { date, timestamp: date.toISOString().replace(/[:-]|\.\d{3}/g, '') }
}

/** `2013-05-24T00:00:00Z`, as errors show times. */
export function renderSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z')
}

function parseHttpDate(text: string): Date | undefined {
  const isHttpDate =
    /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]0000)$/.test(text)
  if (!isHttpDate) return parseBasic(text)
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function parseBasic(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  // The 31st of February is a date to no one but the parser, which moves it into March.
  const isReal = !Number.isNaN(date.getTime()) && date.toISOString().slice(8, 10) === day
  return isReal ? date : undefined
}

function missingDate(): S3Error {
  return new S3Error('AccessDenied', {
    message: 'A signed request needs a valid Date or x-amz-date header.',
  })
}
