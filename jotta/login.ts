// From a personal login token, which works once, to a token file. API 2.1.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { CallOptions } from './client.ts'
import { type Http, realEnvironment } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { readJson } from './json-reply.ts'
import {
  createTokenHttp,
  isRefusal,
  requestGrant,
  type TokenSourceOptions,
  tokenSetOf,
} from './token.ts'
import { loginRequired, withTokenLock, writeTokenFile } from './token-file.ts'
import { isPrivateUrl } from './url-rule.ts'

export type LoginOptions = TokenSourceOptions & {
  /** As the user copied it; blanks around and line breaks inside do not matter. */
  readonly loginToken: string
  readonly signal: AbortSignal
}

export type LoginToken = {
  readonly username: string
  readonly wellKnownLink: string
  readonly authToken: string
}

/** Device sessions are named by it: "Jottacloud CLI" in the owner's list (API 2.3). */
const CLIENT_ID = 'jottacli'

const loginTokenFields = z.object({
  username: z.string().min(1),
  well_known_link: z.string().refine(isPrivateUrl),
  auth_token: z.string().min(1),
})

const discovery = z.object({ token_endpoint: z.string().refine(isPrivateUrl) })

/**
 * Spends the login token and writes the token file. Throws JottaError `login-required` when the token
 * is garbled, used up or refused; its text never quotes the token.
 */
export async function loginWithToken(
  options: LoginOptions,
): Promise<{ readonly username: string }> {
  const login = decodeLoginToken(options.loginToken)
  const http = createTokenHttp(options.http)
  const environment = { ...realEnvironment, ...options.http?.environment }
  try {
    await mkdir(path.dirname(options.tokenFile), { recursive: true, mode: 0o700 })
    // The lock first: a token that works once is not spent before its fruit can be kept.
    await withTokenLock(options.tokenFile, { ...environment, signal: options.signal }, async () => {
      const tokenUrl = options.tokenUrl ?? (await discover(http, login, options))
      const tokens = await spend(http, tokenUrl, login, options, environment.now)
      await writeTokenFile(options.tokenFile, tokens)
    })
    return { username: login.username }
  } finally {
    await http.close()
  }
}

/** Throws JottaError `login-required` when the text is no login token. Takes either base64 alphabet. */
export function decodeLoginToken(text: string): LoginToken {
  const encoded = text.replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) throw garbled()
  let fields: unknown
  try {
    // Buffer reads both alphabets, padded or not.
    const bytes = Buffer.from(encoded, 'base64')
    fields = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Without a cause: its text would quote the token.
    throw garbled()
  }
  const login = loginTokenFields.safeParse(fields)
  if (!login.success) throw garbled()
  return {
    username: login.data.username,
    wellKnownLink: login.data.well_known_link,
    authToken: login.data.auth_token,
  }
}

async function discover(http: Http, login: LoginToken, options: CallOptions): Promise<string> {
  const request = {
    method: 'GET',
    url: login.wellKnownLink,
    auth: 'none',
    repeat: 'transient',
  } as const
  const found = await http.call(request, options, (reply) => readJson(reply, discovery))
  return found.token_endpoint
}

async function spend(
  http: Http,
  tokenUrl: string,
  login: LoginToken,
  options: CallOptions,
  now: () => number,
) {
  const form = {
    grant_type: 'password',
    client_id: CLIENT_ID,
    username: login.username,
    password: login.authToken,
    scope: 'openid offline_access',
  }
  const granted = await requestGrant(http, tokenUrl, form, options).catch((error: unknown) => {
    throw isRefusal(error) ? loginRequired('the login token is refused; each works once') : error
  })
  if (granted.refresh_token === undefined) {
    throw new JottaError('protocol', 'the login service gave no refresh token')
  }
  const origin = { tokenUrl, clientId: CLIENT_ID, refreshToken: granted.refresh_token }
  return tokenSetOf(granted, origin, now())
}

function garbled(): JottaError {
  return loginRequired('the text given is not a personal login token')
}
