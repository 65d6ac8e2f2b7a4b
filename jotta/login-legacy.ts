// From user name, password and one-time code to a token file: the login of before 2025, which no known
// service accepts any more. API 2.5. Not here: device registration, which would make the client id and
// secret that this asks for; it needs a credential that we do not have.
import { z } from 'zod'
import type { CallOptions } from './client.ts'
import type { Http } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { readJson } from './json-reply.ts'
import { checkPlace, keepLogin, type LoginPlace } from './login-keep.ts'
import { loginRequired, type TokenSet } from './token-file.ts'
import { createTokenHttp, firstTokensOf, type Grant, grantReply } from './token-grant.ts'

export type LegacyLoginOptions = LoginPlace & {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly username: string
  readonly password: string
  /** Called when the service has sent a code to the person's phone. Six digits. */
  readonly askOneTimeCode: () => Promise<string>
}

const CODE_TRIES_MAX = 3

/** As much of a refusal as is shown. */
const refusalReply = z.object({
  error: z.string().optional().catch(undefined),
  error_description: z.string().optional().catch(undefined),
})

/** Throws JottaError `login-required` when user name, password or code are refused. */
export async function loginWithPassword(options: LegacyLoginOptions): Promise<void> {
  await checkPlace(options)
  const http = createTokenHttp(options.http)
  let granted: Grant
  try {
    granted = await obtain(http, options)
  } finally {
    await http.close()
  }
  const { tokenUrl, clientId, clientSecret } = options
  const origin = { tokenUrl, clientId, clientSecret, style: 'legacy' } as const
  const tokens = async (_: Http, nowMs: () => number): Promise<TokenSet> =>
    firstTokensOf(granted, origin, nowMs())
  await keepLogin(options, tokens)
}

async function obtain(http: Http, options: LegacyLoginOptions): Promise<Grant> {
  let code: string | undefined
  for (let tries = 0; tries <= CODE_TRIES_MAX; tries += 1) {
    const answer = await request(http, options, code)
    if (answer !== 'code-required') return answer
    if (tries < CODE_TRIES_MAX) code = await askForCode(options)
  }
  throw refused('the one-time code is refused', options)
}

async function askForCode(options: LegacyLoginOptions): Promise<string> {
  const code = (await options.askOneTimeCode()).trim()
  if (/^\d{6}$/.test(code)) return code
  throw refused('a one-time code has six digits', options)
}

/** Not repeated: each call may send the person another code. */
async function request(
  http: Http,
  options: LegacyLoginOptions,
  code: string | undefined,
): Promise<Grant | 'code-required'> {
  const url = new URL(options.tokenUrl)
  const parameters = {
    grant_type: 'PASSWORD',
    username: options.username,
    password: options.password,
    client_id: options.clientId,
    client_secret: options.clientSecret,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const sent = {
    method: 'POST',
    url: url.href,
    headers: code === undefined ? {} : { 'x-jottacloud-otp': code },
    auth: 'none',
    repeat: 'never',
    answers: [400, 401, 403],
    secrets: [options.password, options.clientSecret, code ?? ''],
  } as const
  const call: CallOptions = { signal: options.signal }
  return await http.call(sent, call, async (reply) => {
    if (reply.status < 300) return await readJson(reply, grantReply)
    if (/^required\b/i.test(reply.header('x-jottacloud-otp') ?? '')) return 'code-required'
    throw refused(`the service refuses this login (${await describeRefusal(reply)})`, options)
  })
}

async function describeRefusal(reply: Parameters<typeof readJson>[0]): Promise<string> {
  try {
    const { error } = await readJson(reply, refusalReply)
    if (error !== undefined && /^\w{1,64}$/.test(error)) return `${reply.status} ${error}`
  } catch (cause) {
    // What is no JSON has no word to show, and the status says enough.
    if (!(cause instanceof JottaError)) throw cause
  }
  return String(reply.status)
}

function refused(reason: string, { account }: LegacyLoginOptions): JottaError {
  return loginRequired(reason, { account, style: 'legacy' })
}
