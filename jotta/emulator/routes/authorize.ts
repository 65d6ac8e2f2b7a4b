// The page that a person's browser is sent to (API 2.3). Who sees it is already known: there is one
// account and no password; the person agrees or not, and the browser takes the answer to the client.
import type { Call, Context, Reply } from '../context.ts'
import { findClient, registeredRedirect } from '../realms.ts'
import { readText } from './body.ts'
import { realmOf } from './openid-paths.ts'

export async function authorize(context: Context, call: Call): Promise<Reply> {
  const { query, method } = call
  const realm = realmOf(call.rawPath)
  const clientId = query.get('client_id') ?? ''
  const client = findClient(realm, clientId)
  // To an address that nobody registered, nothing is sent: not even an error.
  if (client?.login !== 'code') return page(400, 'Client not found.')
  const redirectUri = query.get('redirect_uri') ?? ''
  if (!isRegistered(context, redirectUri)) return page(400, 'Invalid parameter: redirect_uri')
  const back = (answer: Readonly<Record<string, string>>) => redirect(redirectUri, query, answer)

  if (query.get('response_type') !== 'code') return back({ error: 'unsupported_response_type' })
  const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (!scopes.every((scope) => client.scopes.includes(scope))) {
    return back({ error: 'invalid_scope', error_description: 'Invalid scopes' })
  }
  const challenge = query.get('code_challenge')
  if (challenge !== null && !isS256(query, challenge)) {
    return back({ error: 'invalid_request', error_description: 'Invalid code_challenge' })
  }
  const isForm = context.switches.authorizationPage === 'form'
  if (isForm && method !== 'POST') return page(200, `${clientId} wants to log in.`, agreement)
  const answer = isForm ? new URLSearchParams(await readText(call)).get('answer') : 'agree'
  if (answer !== 'agree') return back({ error: 'access_denied' })
  const terms = { realm, client: clientId, redirectUri, challenge }
  return back({ code: context.identity.mintCode(terms) })
}

function isRegistered({ switches }: Context, redirectUri: string): boolean {
  const url = URL.parse(redirectUri)
  if (url === null) return false
  const port = switches.redirectPorts === 'any' ? url.port : registeredRedirect.port
  return redirectUri === `http://${registeredRedirect.hostname}:${port}/`
}

/** 32 bytes in base64url (RFC 7636, 4.2). */
function isS256(query: URLSearchParams, challenge: string): boolean {
  return query.get('code_challenge_method') === 'S256' && /^[\w-]{43}$/.test(challenge)
}

function redirect(
  redirectUri: string,
  query: URLSearchParams,
  answer: Readonly<Record<string, string>>,
): Reply {
  const url = new URL(redirectUri)
  const state = query.get('state')
  if (state !== null) url.searchParams.set('state', state)
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
  return { status: 302, headers: { location: url.href, 'cache-control': 'no-store' }, body: '' }
}

/** Posts to the address it came from, so that the query is asked again. */
const agreement = `<form method="post">
<button name="answer" value="agree">Log in</button>
<button name="answer" value="deny">Cancel</button>
</form>`

/** `text` is one of ours or the name of a known client: nothing that needs escaping. */
function page(status: number, text: string, more = ''): Reply {
  const headers = { 'content-type': 'text/html; charset=UTF-8', 'cache-control': 'no-store' }
  const html = `<!doctype html>\n<title>Local Jottacloud</title>\n<p>${text}</p>\n${more}\n`
  return { status, headers, body: html }
}
