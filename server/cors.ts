// Cross-origin rules of a bucket: which of them a browser's request falls under, and the headers that say
// so. Pure; nothing here decides whether a request is let in.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
import { z } from 'zod'
import type { KeptConfiguration } from '../translate/bucket-configuration.ts'

export const corsMethods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'] as const

const ruleSchema = z.strictObject({
  id: z.string().optional(),
  /** Each may hold one `*`, which stands for any characters. */
  origins: z.array(z.string()),
  methods: z.array(z.enum(corsMethods)),
  /** As the origins, without regard to case. */
  headers: z.array(z.string()),
  exposedHeaders: z.array(z.string()),
  maxAgeSeconds: z.number().int().nonnegative().optional(),
})

export type CorsRule = z.infer<typeof ruleSchema>

export const corsConfiguration: KeptConfiguration<readonly CorsRule[]> = {
  name: 'cors',
  schema: z.array(ruleSchema),
}

/** What a request says of itself. */
export type CrossOriginRequest = {
  readonly origin: string
  readonly method: string
  /** Header names that a preflight asks for. */
  readonly headers: readonly string[]
}

/** The answer's headers by the first rule that allows the request; `undefined` when none does. */
export function corsHeaders(
  rules: readonly CorsRule[],
  request: CrossOriginRequest,
): Record<string, string> | undefined {
  for (const rule of rules) {
    const allowed = rule.origins.find((pattern) => matches(pattern, request.origin))
    if (allowed === undefined || !rule.methods.some((method) => method === request.method)) continue
    if (!request.headers.every((name) => allowsHeader(rule, name))) continue
    return headersOf(rule, request, allowed === '*')
  }
  return undefined
}

/** `a, B ,c` as names; an empty one is none. */
export function parseHeaderNames(list: string | undefined): string[] {
  const names = (list ?? '').split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => name !== '')
}

function headersOf(
  rule: CorsRule,
  request: CrossOriginRequest,
  isAnyOrigin: boolean,
): Record<string, string> {
  const headers: Record<string, string> = {
    'Access-Control-Allow-Origin': isAnyOrigin ? '*' : request.origin,
    'Access-Control-Allow-Methods': rule.methods.join(', '),
    // A cache must not give one origin's answer to another.
    Vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  }
  // With `*` browsers refuse credentials.
  if (!isAnyOrigin) headers['Access-Control-Allow-Credentials'] = 'true'
  if (request.headers.length > 0) {
    headers['Access-Control-Allow-Headers'] = request.headers.join(', ')
  }
  if (rule.exposedHeaders.length > 0) {
    headers['Access-Control-Expose-Headers'] = rule.exposedHeaders.join(', ')
  }
  if (rule.maxAgeSeconds !== undefined) {
    headers['Access-Control-Max-Age'] = String(rule.maxAgeSeconds)
  }
  return headers
}

function allowsHeader(rule: CorsRule, name: string): boolean {
  return rule.headers.some((pattern) => matches(pattern.toLowerCase(), name))
}

function matches(pattern: string, text: string): boolean {
  const at = pattern.indexOf('*')
  if (at === -1) return pattern === text
  const [start, end] = [pattern.slice(0, at), pattern.slice(at + 1)]
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end)
}
