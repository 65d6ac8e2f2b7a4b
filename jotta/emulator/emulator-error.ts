// Every refusal of the emulator, and how the service words it (API 7.3): XML on the jfs host, JSON on
// the api host, plain text from the front end before either is reached.
import { randomInt } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { element, xmlDeclaration } from './xml.ts'

export const hostname = 'dn-901'

const statusText: Readonly<Record<number, string>> = {
  420: 'Incomplete Upload',
  421: 'Corrupt Upload',
  460: 'Quota Exceeded',
}

export class EmulatorError extends Error {
  override readonly name = 'EmulatorError'
  readonly status: number
  /** Last part of the Java class name; none for the front end's plain-text refusals. */
  readonly exception: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    exception: string | undefined,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.status = status
    this.exception = exception
    this.headers = headers
  }
}

export function notFound(exception: string, path: string): EmulatorError {
  return new EmulatorError(404, exception, `${path} does not exist`)
}

export function conflict(message: string): EmulatorError {
  return new EmulatorError(409, 'ConflictException', message)
}

export function invalidArgument(message: string): EmulatorError {
  return new EmulatorError(400, 'InvalidArgumentException', message)
}

export function badRequest(): EmulatorError {
  return new EmulatorError(400, undefined, 'Bad request')
}

export function renderXmlError(error: EmulatorError): string {
  const text = `${javaClass(error)}${error.message}`
  return (
    `${xmlDeclaration}<error>${element('code', error.status)}${element('message', text)}` +
    `${element('reason', reasonOf(error.status))}<cause></cause>` +
    `${element('hostname', hostname)}${element('x-id', traceId())}</error>`
  )
}

export function renderJsonError(error: EmulatorError): string {
  return JSON.stringify({
    code: error.status,
    message: `${error.exception === undefined ? '' : `${error.exception}: `}${error.message}`,
    cause: null,
    error_id: error.exception ?? reasonOf(error.status),
    'x-id': traceId(),
  })
}

function reasonOf(status: number): string {
  return statusText[status] ?? STATUS_CODES[status] ?? 'Unknown'
}

function javaClass(error: EmulatorError): string {
  if (error.exception === undefined) return ''
  const spring = error.exception.startsWith('TransientDataAccess')
  const home = spring ? 'org.springframework.dao' : 'no.jotta.backup.errors'
  return `${home}.${error.exception}: `
}

function traceId(): string {
  return String(randomInt(100_000_000, 1_000_000_000))
}
