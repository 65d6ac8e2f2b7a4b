// From a personal login token, which works once, to a token file. API 2.1.
import { z } from 'zod'
import type { CallOptions } from './client.ts'
import type { Http } from './http.ts'
import type { JottaError } from './jotta-error.ts'
import { discover } from './login-discovery.ts'
import { keepLogin, type LoginPlace } from './login-keep.ts'
import { loginRequired, type TokenSet } from './token-file.ts'
import { firstTokensOf, isRefusal, requestGrant, secretForm } from './token-grant.ts'
import { isPrivateUrl } from './url-rule.ts'

export type LoginOptions = LoginPlace & {
  /** As the user copied it; blanks around and line breaks inside do not matter. */
  readonly loginToken: string
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

/**
 * Spends the login token and writes the token file. Throws JottaError `login-required` when the token
 * is garbled, used up or refused; its text never quotes the token.
 */
export async function loginWithToken(
  options: LoginOptions,
): Promise<{ readonly username: string }> {
  const login = decodeLoginToken(options.loginToken)
  // The lock first: a token that works once is not spent before its fruit can be kept.
  await keepLogin(options, async (http, nowMs) => {
    const tokenUrl =
      options.tokenUrl ?? (await discover(http, login.wellKnownLink, options)).tokenUrl
    return await spend(http, tokenUrl, login, options, nowMs)
  })
  return { username: login.username }
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

async function spend(
  http: Http,
  tokenUrl: string,
  login: LoginToken,
  options: LoginPlace & CallOptions,
  nowMs: () => number,
): Promise<TokenSet> {
  const { account, clientId = CLIENT_ID, clientSecret } = options
  const form = {
    grant_type: 'password',
    client_id: clientId,
    ...secretForm(clientSecret),
    username: login.username,
    password: login.authToken,
    scope: 'openid offline_access',
  }
  const granted = await requestGrant(http, tokenUrl, form, options).catch((error: unknown) => {
    const reason = 'the login token is refused; each works once'
    throw isRefusal(error) ? loginRequired(reason, { account }) : error
  })
  return firstTokensOf(granted, { tokenUrl, clientId, clientSecret }, nowMs())
}

function garbled(): JottaError {
  return loginRequired('the text given is not a personal login token')
}
