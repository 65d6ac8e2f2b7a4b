// The token endpoint: what is sent to it, what comes back, and which answers are final (API 2.1-2.3, 2.5).
import { z } from 'zod'
import type { CallOptions } from './client.ts'
import { createHttp, type Http, type HttpOptions } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { readJson } from './json-reply.ts'
import type { TokenSet } from './token-file.ts'

export type TokenHttpOptions = Pick<HttpOptions, 'timeouts' | 'retry' | 'environment' | 'onSent'>

const token = z.string().regex(/^[\x21-\x7e]+$/)

/** A reply that grants tokens. */
export const grantReply = z.object({
  access_token: token,
  refresh_token: token.optional(),
  expires_in: z.number().positive().max(31_536_000).default(3600),
})

export type Grant = z.infer<typeof grantReply>

/** What stays the same while tokens change: where they come from and for whom. */
export type Origin = Omit<TokenSet, 'version' | 'accessToken' | 'obtainedAtMs' | 'expiresAtMs'>

/** Fields of a form that must not come back in an error. */
const secretFields = [
  'refresh_token',
  'password',
  'code',
  'code_verifier',
  'client_secret',
] as const

/** Connections are not kept: minutes or an hour lie between two requests. */
export function createTokenHttp(
  options: TokenHttpOptions & Pick<HttpOptions, 'tokens'> = {},
): Http {
  // Silence is met twice, and that in less time than a refresh may take.
  const retry = { maxTries: 4, budgetMs: 25_000, maxRetryAfterMs: 10_000, ...options.retry }
  const timeouts = { headMs: 20_000, bodyIdleMs: 20_000, ...options.timeouts }
  return createHttp({ ...options, retry, timeouts, keepAlive: 'close' })
}

/**
 * Asks the token endpoint. A refusal is JottaError with status 400 or 401 (`isRefusal`).
 *
 * Repeated after failures in transit although it may have been carried out: the tokens of a reply that
 * was lost are lost either way, and if there was none, this is the only way on.
 */
export async function requestGrant(
  http: Http,
  tokenUrl: string,
  form: Readonly<Record<string, string>>,
  options: CallOptions,
): Promise<Grant> {
  const request = {
    method: 'POST',
    url: tokenUrl,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
    auth: 'none',
    repeat: 'transient',
    secrets: secretFields.map((name) => form[name] ?? ''),
  } as const
  try {
    return await http.call(request, options, (reply) => readJson(reply, grantReply))
  } catch (error) {
    const isOdd = error instanceof JottaError && error.kind === 'invalid-name'
    if (!isOdd || isRefusal(error)) throw error
    throw new JottaError('protocol', error.message, { status: error.status })
  }
}

/** The form that renews a login. The legacy service knows its grants in upper case only. */
export function refreshForm(old: Origin): Readonly<Record<string, string>> {
  return {
    grant_type: old.style === 'legacy' ? 'REFRESH_TOKEN' : 'refresh_token',
    refresh_token: old.refreshToken,
    client_id: old.clientId,
    ...secretForm(old.clientSecret),
  }
}

/** Public clients have no secret and send none. */
export function secretForm(clientSecret: string | undefined): Readonly<Record<string, string>> {
  return clientSecret === undefined ? {} : { client_secret: clientSecret }
}

/** The token endpoint will not accept what was shown to it, now or later. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof JottaError)) return false
  return error.status === 401 || (error.status === 400 && error.message.includes('invalid_grant'))
}

/** Keeps the old refresh token when the reply has none (RFC 6749, 6). */
export function tokenSetOf(granted: Grant, origin: Origin, nowMs: number): TokenSet {
  return {
    ...origin,
    version: 1,
    refreshToken: granted.refresh_token ?? origin.refreshToken,
    accessToken: granted.access_token,
    obtainedAtMs: nowMs,
    expiresAtMs: nowMs + granted.expires_in * 1000,
  }
}

/** The tokens of a login, which is worth keeping only with a refresh token. */
export function firstTokensOf(
  granted: Grant,
  origin: Omit<Origin, 'refreshToken'>,
  nowMs: number,
): TokenSet {
  const { refresh_token: refreshToken } = granted
  if (refreshToken === undefined) {
    throw new JottaError('protocol', 'the login service gave no refresh token')
  }
  return tokenSetOf(granted, { ...origin, refreshToken }, nowMs)
}
