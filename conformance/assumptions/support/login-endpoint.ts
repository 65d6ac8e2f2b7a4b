// The login service as anyone can ask it: never with the account's own token.
import type { Headers, Place } from './place.ts'
import { SetUpFailed } from './place.ts'
import type { Reply } from './reply.ts'

/** Throws SetUpFailed where there is no discovery document. */
export async function endpointsOf(
  place: Place,
): Promise<{ readonly tokenUrl: string; readonly authUrl: string }> {
  const { wellKnownUrl } = place.client.service
  if (wellKnownUrl === undefined) throw new SetUpFailed('this login has no discovery document')
  const reply = place.must(await place.ask({ method: 'GET', url: wellKnownUrl, auth: 'none' }))
  const { token_endpoint: tokenUrl, authorization_endpoint: authUrl } = reply.json
  if (typeof tokenUrl === 'string' && typeof authUrl === 'string') return { tokenUrl, authUrl }
  throw new SetUpFailed('the discovery document names no endpoints')
}

export async function postForm(
  place: Place,
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: Headers = {},
): Promise<Reply> {
  const body = new URLSearchParams(fields).toString()
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers }
  return await place.ask({ method: 'POST', url, headers: form, body, auth: 'none' })
}

export const registeredRedirect = 'http://localhost:53682/'

/** What the page for logging in answers to a browser that comes so (API 2.3). */
export async function visit(
  place: Place,
  authUrl: string,
  changes: Readonly<Record<string, string>>,
): Promise<'let in' | 'refused'> {
  const { browserClient } = place.client.service
  const parameters = {
    response_type: 'code',
    client_id: browserClient,
    redirect_uri: registeredRedirect,
    scope:
      browserClient === 'desktop' ? 'openid jotta-default offline_access' : 'openid offline_access',
    state: 'a-state-that-nobody-waits-for',
    ...changes,
  }
  const url = `${authUrl}?${new URLSearchParams(parameters)}`
  const { status, headers } = await place.ask({ method: 'GET', url, auth: 'none' })
  if (status === 200) return 'let in'
  if (status < 300 || status > 399) return 'refused'
  // Back to the client before anybody has logged in can only be an error; elsewhere is a page.
  const location = headers.location ?? ''
  place.note(`  sent to ${URL.parse(location, url)?.origin ?? 'nowhere'}`)
  return location.startsWith(parameters.redirect_uri) && /[?&]error=/.test(location)
    ? 'refused'
    : 'let in'
}
