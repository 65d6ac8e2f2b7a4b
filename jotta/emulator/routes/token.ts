// The OpenID Connect provider: discovery; password, authorization code and refresh grants (API 2.1-2.3).
import { type Call, type Context, jsonReply, type Reply } from '../context.ts'
import type { Asker, TokenSet } from '../identity.ts'
import { findClient } from '../realms.ts'
import { readText } from './body.ts'
import { realmOf, realmPath } from './openid-paths.ts'

export function discovery({ baseUrl, rawPath }: Call): Reply {
  const issuer = `${baseUrl}${realmPath(realmOf(rawPath))}`
  const protocol = `${issuer}/protocol/openid-connect`
  return jsonReply({
    issuer,
    authorization_endpoint: `${protocol}/auth`,
    token_endpoint: `${protocol}/token`,
    userinfo_endpoint: `${protocol}/userinfo`,
    grant_types_supported: ['authorization_code', 'password', 'refresh_token'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  })
}

export async function token(context: Context, call: Call): Promise<Reply> {
  const form = new URLSearchParams(await readText(call))
  const realm = realmOf(call.rawPath)
  // Who does not identify itself uses nothing up (API 9.3, 1).
  const client = clientOf(context, call, form)
  const kind = client === undefined ? undefined : findClient(realm, client)?.login
  if (client === undefined || kind === undefined) {
    return refusal(401, 'invalid_client', 'Invalid client or Invalid client credentials')
  }
  const asker = { realm, client, issuer: `${call.baseUrl}${realmPath(realm)}` }
  switch (form.get('grant_type')) {
    case 'password':
      if (kind !== 'token') break
      return passwordGrant(context, form, asker)
    case 'authorization_code':
      if (kind !== 'code') break
      return codeGrant(context, form, asker)
    case 'refresh_token':
      return refreshGrant(context, form, asker)
    case null:
      return refusal(400, 'invalid_request', 'Missing form parameter: grant_type')
    default:
      return refusal(400, 'unsupported_grant_type', 'Unsupported grant_type')
  }
  return refusal(400, 'unauthorized_client', 'Client not allowed for this grant')
}

/** HTTP Basic with an empty password, or `client_id` in the body. */
function clientOf({ switches }: Context, call: Call, form: URLSearchParams): string | undefined {
  const { authorization = '' } = call.request.headers
  if (!/^Basic\b/i.test(authorization)) return form.get('client_id') ?? undefined
  if (switches.basicClientAuthentication === 'refuse') return undefined
  const [, encoded = ''] = /^Basic +(\S+)$/i.exec(authorization) ?? []
  const [client, password] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return password === '' ? client : undefined
}

function passwordGrant(context: Context, form: URLSearchParams, asker: Asker): Reply {
  const tokens = context.identity.login(
    form.get('username') ?? '',
    form.get('password') ?? '',
    asker,
  )
  if (tokens === undefined) return refusal(401, 'invalid_grant', 'Invalid user credentials')
  return granted(context, tokens)
}

function codeGrant(context: Context, form: URLSearchParams, asker: Asker): Reply {
  const code = form.get('code')
  if (code === null) return refusal(400, 'invalid_request', 'Missing parameter: code')
  const redirectUri = form.get('redirect_uri') ?? ''
  const verifier = form.get('code_verifier')
  const tokens = context.identity.redeemCode(code, { redirectUri, verifier }, asker)
  if (tokens === undefined) return refusal(400, 'invalid_grant', 'Code not valid')
  return granted(context, tokens)
}

function refreshGrant(context: Context, form: URLSearchParams, asker: Asker): Reply {
  const refreshToken = form.get('refresh_token')
  if (refreshToken === null) return refusal(400, 'invalid_request', 'No refresh token')
  const tokens = context.identity.refresh(refreshToken, asker)
  if (tokens === undefined) return refusal(400, 'invalid_grant', 'Stale token')
  return granted(context, tokens)
}

export function granted({ switches }: Context, tokens: TokenSet): Reply {
  return jsonReply({
    access_token: tokens.accessToken,
    expires_in: switches.accessTokenTtlSeconds,
    // Offline tokens do not expire by themselves.
    refresh_expires_in: 0,
    refresh_token: tokens.refreshToken,
    token_type: 'Bearer',
    id_token: tokens.accessToken,
    'not-before-policy': 0,
    session_state: tokens.sessionId,
    scope: 'openid offline_access',
  })
}

export function refusal(status: number, error: string, description: string): Reply {
  return jsonReply({ error, error_description: description }, status)
}
