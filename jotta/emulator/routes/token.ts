// The OpenID Connect provider: discovery, password and refresh grants (API 2.1, 2.2).
import { type Call, type Context, jsonReply, type Reply } from '../context.ts'
import { realm, type TokenSet } from '../identity.ts'
import { readText } from './body.ts'

export const realmPath = `/auth/realms/${realm}`

const clientIds = ['jottacli']

export function discovery({ baseUrl }: Call): Reply {
  const issuer = `${baseUrl}${realmPath}`
  const protocol = `${issuer}/protocol/openid-connect`
  return jsonReply({
    issuer,
    authorization_endpoint: `${protocol}/auth`,
    token_endpoint: `${protocol}/token`,
    userinfo_endpoint: `${protocol}/userinfo`,
    grant_types_supported: ['password', 'refresh_token'],
    response_types_supported: ['code'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  })
}

export async function token(context: Context, call: Call): Promise<Reply> {
  const form = new URLSearchParams(await readText(call))
  // Who does not identify itself uses nothing up (API 9.3, 1).
  const client = clientOf(context, call, form)
  if (client === undefined || !clientIds.includes(client)) {
    return refusal(401, 'invalid_client', 'Invalid client or Invalid client credentials')
  }
  const issuer = `${call.baseUrl}${realmPath}`
  switch (form.get('grant_type')) {
    case 'password':
      return passwordGrant(context, form, issuer)
    case 'refresh_token':
      return refreshGrant(context, form, issuer)
    case null:
      return refusal(400, 'invalid_request', 'Missing form parameter: grant_type')
    default:
      return refusal(400, 'unsupported_grant_type', 'Unsupported grant_type')
  }
}

/** HTTP Basic with an empty password, or `client_id` in the body. */
function clientOf({ switches }: Context, call: Call, form: URLSearchParams): string | undefined {
  const { authorization } = call.request.headers
  if (authorization === undefined) return form.get('client_id') ?? undefined
  if (switches.basicClientAuthentication === 'refuse') return undefined
  const [, encoded = ''] = /^Basic +(\S+)$/i.exec(authorization) ?? []
  const [client, password] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return password === '' ? client : undefined
}

function passwordGrant(context: Context, form: URLSearchParams, issuer: string): Reply {
  const tokens = context.identity.login(
    form.get('username') ?? '',
    form.get('password') ?? '',
    issuer,
  )
  if (tokens === undefined) return refusal(401, 'invalid_grant', 'Invalid user credentials')
  return granted(context, tokens)
}

function refreshGrant(context: Context, form: URLSearchParams, issuer: string): Reply {
  const refreshToken = form.get('refresh_token')
  if (refreshToken === null) return refusal(400, 'invalid_request', 'No refresh token')
  const tokens = context.identity.refresh(refreshToken, issuer)
  if (tokens === undefined) return refusal(400, 'invalid_grant', 'Stale token')
  return granted(context, tokens)
}

function granted({ switches }: Context, tokens: TokenSet): Reply {
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

function refusal(status: number, error: string, description: string): Reply {
  return jsonReply({ error, error_description: description }, status)
}
