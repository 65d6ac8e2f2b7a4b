// Replies that are not success -> JottaError. API 7.3: XML from JFS, JSON from the other hosts, plain
// text from the front end.
import { z } from 'zod'
import { JottaError, type JottaErrorKind } from './jotta-error.ts'
import { parseXml, textOf } from './xml-stream.ts'

export type ErrorReply = {
  readonly status: number
  /** The beginning of the body. */
  readonly text: string
  readonly retryAfterMs: number | undefined
}

const TEXT_MAX_CHARS = 300

const jsonError = z.object({
  message: z.string().optional(),
  cause: z.unknown().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
})

/**
 * `subject` is what failed, such as `GET /jfs/…`. What must not be read, in `secrets`, is taken out
 * of the text.
 */
export function jottaErrorOf(
  subject: string,
  reply: ErrorReply,
  secrets: readonly string[],
): JottaError {
  const said = printable(describe(reply.text), secrets)
  const kind = kindOf(reply.status, said)
  return new JottaError(kind, `${subject}: ${reply.status}${said === '' ? '' : ` ${said}`}`, {
    status: reply.status,
    retryAfterMs: reply.retryAfterMs,
  })
}

function kindOf(status: number, said: string): JottaErrorKind {
  if (said.includes('UniqueFileException')) return 'conflict'
  if (said.includes('CorruptUploadOpenApiException')) return 'corrupt'
  // However often one asks, unlike other 500s (API 4.2).
  if (said.includes('TransientDataAccess') && /packet/i.test(said)) return 'unlistable'
  switch (status) {
    case 400:
      return said.includes('UsernameNotFoundException') ? 'protocol' : 'invalid-name'
    case 401:
      return 'unauthorized'
    case 403:
      // A full or locked account is said to answer so in places (API 8, row 13).
      return /quota|capacity|insufficient|write.?locked/i.test(said) ? 'quota' : 'forbidden'
    case 404:
      return 'not-found'
    case 409:
      return 'conflict'
    // The path is too long for whatever is in front of the service.
    case 414:
    case 431:
      return 'invalid-name'
    case 416:
      return 'range'
    case 420:
      return 'unavailable'
    case 421:
      return 'corrupt'
    case 429:
      return 'throttled'
    case 402:
    case 460:
    case 507:
      return 'quota'
    default:
      return status >= 500 ? 'unavailable' : 'protocol'
  }
}

function describe(text: string): string {
  return describeXml(text) ?? describeJson(text) ?? text
}

function describeXml(text: string): string | undefined {
  if (!text.trimStart().startsWith('<')) return undefined
  try {
    const error = parseXml(text, '')
    if (error.name !== 'error') return undefined
    const said = [textOf(error, 'message'), textOf(error, 'cause')].filter(Boolean).join(': ')
    return said === '' ? textOf(error, 'reason') : said
  } catch {
    // Not XML after all, or cut at the limit: its text is shown as it is.
    return undefined
  }
}

function describeJson(text: string): string | undefined {
  try {
    const error = jsonError.safeParse(JSON.parse(text))
    if (!error.success) return undefined
    const { message, cause, error: code, error_description: description } = error.data
    const said = [code, description, message, typeof cause === 'string' ? cause : undefined]
    return said.filter(Boolean).join(': ') || undefined
  } catch {
    // Not JSON: its text is shown as it is.
    return undefined
  }
}

function printable(text: string, secrets: readonly string[]): string {
  let said = text
  for (const secret of secrets) if (secret !== '') said = said.replaceAll(secret, '[secret]')
  return said
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, TEXT_MAX_CHARS)
}
