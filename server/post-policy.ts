// The policy of a form: a JSON document, signed by whoever made the form, that says what may be sent with
// it and until when. Parsed strictly, since what is misunderstood here is let in. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
import { z } from 'zod'
import { checksumAlgorithms } from '../translate/checksum.ts'
import { S3Error } from '../translate/s3-error.ts'

type Operator = 'eq' | 'starts-with'

export type PostPolicy = {
  readonly expiration: Date
  /** `field` in lower case, without the `$`. */
  readonly conditions: readonly { operator: Operator; field: string; value: string }[]
  /** Of the file, in bytes; every content-length-range of the document holds. */
  readonly fileSize: { readonly minBytes: number; readonly maxBytes: number }
}

/**
 * Fields that make the claim itself need no condition, nor does a checksum: all it can do is to refuse a
 * file that is another one.
 */
const notCovered: ReadonlySet<string> = new Set([
  ...checksumAlgorithms.map((name) => `x-amz-checksum-${name.toLowerCase()}`),
  'awsaccesskeyid',
  'file',
  'policy',
  'signature',
  'x-amz-signature',
])

const sizeBytes = z
  .union([z.number(), z.string().regex(/^\d{1,16}$/)])
  .transform(Number)
  .pipe(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER))
const documentSchema = z.strictObject({
  expiration: z.string(),
  conditions: z.array(z.unknown()),
})

/**
 * `encoded` is the base64 text of the form's field. Throws InvalidPolicyDocument for what is not base64,
 * not UTF-8, not JSON or not a policy.
 */
export function parsePostPolicy(encoded: string): PostPolicy {
  const document = documentSchema.safeParse(parseJson(decodeBase64(encoded)))
  if (!document.success) {
    const [issue] = document.error.issues
    throw invalid(`Invalid Policy: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  }
  const { expiration, conditions: raw } = document.data
  const conditions: PostPolicy['conditions'][number][] = []
  const fileSize = { minBytes: 0, maxBytes: Number.MAX_SAFE_INTEGER }
  for (const condition of raw) {
    const parsed = parseCondition(condition)
    if ('field' in parsed) {
      conditions.push(parsed)
    } else {
      fileSize.minBytes = Math.max(fileSize.minBytes, parsed.minBytes)
      fileSize.maxBytes = Math.min(fileSize.maxBytes, parsed.maxBytes)
    }
  }
  return { expiration: parseExpiration(expiration), conditions, fileSize }
}

/**
 * Throws AccessDenied when the time has come, when a condition does not hold, and for a field that none
 * is about. `fields` are those of the form by lower-case name, `bucket` among them.
 */
export function checkPostPolicy(
  policy: PostPolicy,
  fields: ReadonlyMap<string, string>,
  now: Date,
): void {
  if (policy.expiration.getTime() <= now.getTime()) throw denied('Policy expired.')
  const covered = new Set(policy.conditions.map(({ field }) => field))
  for (const condition of policy.conditions) {
    if (holds(condition, fields.get(condition.field) ?? '')) continue
    const { operator, field, value } = condition
    throw denied(`Policy Condition failed: ${JSON.stringify([operator, `$${field}`, value])}`)
  }
  const extra = [...fields.keys()].filter((name) => !covered.has(name) && !notCovered.has(name))
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
}

function holds(
  { operator, field, value }: PostPolicy['conditions'][number],
  actual: string,
): boolean {
  if (operator === 'eq') return actual === value
  if (field !== 'content-type') return actual.startsWith(value)
  // A list of types: each has to begin so.
  return actual.split(',').every((type) => type.trim().startsWith(value))
}

function parseCondition(
  condition: unknown,
): PostPolicy['conditions'][number] | { minBytes: number; maxBytes: number } {
  if (Array.isArray(condition)) return parseOperation(condition)
  if (typeof condition !== 'object' || condition === null) {
    throw invalid('Invalid Condition: it must be an object or a list.')
  }
  const [only, ...more] = Object.entries(condition)
  if (only === undefined || more.length > 0) {
    throw invalid('Invalid Simple-Condition: it must have exactly one property.')
  }
  const [name, value] = only
  if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.')
  return { operator: 'eq', field: name.toLowerCase(), value }
}

function parseOperation(condition: readonly unknown[]): ReturnType<typeof parseCondition> {
  const [first, second, third] = condition
  const operator = typeof first === 'string' ? first.toLowerCase() : ''
  if (operator === 'content-length-range') {
    const [min, max] = [sizeBytes.safeParse(second), sizeBytes.safeParse(third)]
    if (condition.length !== 3 || !min.success || !max.success || min.data > max.data) {
      throw invalid('Invalid Condition: content-length-range takes the least and the most bytes.')
    }
    return { minBytes: min.data, maxBytes: max.data }
  }
  if (operator !== 'eq' && operator !== 'starts-with') {
    throw invalid(
      'Invalid Condition: the operation must be eq, starts-with or content-length-range.',
    )
  }
  const isForm = typeof second === 'string' && typeof third === 'string' && condition.length === 3
  if (!isForm || !/^\$./s.test(second)) {
    throw invalid(`Invalid Condition: ${operator} takes a field name behind a $ and a text.`)
  }
  return { operator, field: second.slice(1).toLowerCase(), value: third }
}

function parseExpiration(text: string): Date {
  const date = new Date(text)
  const isForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text)
  if (isForm && !Number.isNaN(date.getTime())) return date
  throw invalid(`Invalid Policy: the expiration must be a time such as 2030-12-01T12:00:00.000Z.`)
}

function parseJson(text: string): unknown {
  // Two escapes that AWS knows besides JSON's. Every pair is looked at, so `\\$` stays what it is.
  const json = text.replace(/\\([\s\S])/g, (pair, escaped: string) =>
    escaped === '$' ? '$' : escaped === 'v' ? '\\u000b' : pair,
  )
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw invalid('Invalid Policy: Invalid JSON.', cause)
  }
}

function decodeBase64(encoded: string): string {
  // Some senders break the lines.
  const compact = encoded.replace(/[\r\n]+/g, '')
  const bytes = Buffer.from(compact, 'base64')
  if (bytes.toString('base64') !== compact) throw invalid('Invalid Policy: it is not base64.')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw invalid('Invalid Policy: it is not UTF-8 text.', cause)
  }
}

function invalid(message: string, cause?: unknown): S3Error {
  return new S3Error('InvalidPolicyDocument', { message, cause })
}

function denied(why: string): S3Error {
  return new S3Error('AccessDenied', { message: `Invalid according to Policy: ${why}` })
}
