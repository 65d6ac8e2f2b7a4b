// The login with user name and password of before 2025 (API 2.5), for a person that the options name.
// Without one it answers everybody as the services of today do.
import type { Call, Context, Reply } from '../context.ts'
import type { LegacyLogin } from '../options.ts'
import { readText } from './body.ts'
import { granted, refusal } from './token.ts'

/** Parameters of a login come in the query, those of a refresh in query or body. */
export async function legacyToken(context: Context, call: Call): Promise<Reply> {
  const form = new URLSearchParams(await readText(call))
  const given = (name: string) => call.query.get(name) ?? form.get(name)
  const { legacyLogin: person, identity } = context
  const isClient =
    given('client_id') === person?.clientId && given('client_secret') === person?.clientSecret
  if (person === undefined || !isClient) {
    return refusal(401, 'invalid_client', 'Bad client credentials')
  }
  const asker = { realm: 'legacy', client: person.clientId, issuer: call.baseUrl }
  // Upper case, else 400.
  switch (given('grant_type')) {
    case 'PASSWORD': {
      const refused = refusePerson(person, call)
      return refused ?? granted(context, identity.loginByPassword(asker))
    }
    case 'REFRESH_TOKEN': {
      const tokens = identity.refresh(given('refresh_token') ?? '', asker)
      return tokens === undefined
        ? refusal(400, 'invalid_grant', 'Stale token')
        : granted(context, tokens)
    }
    default:
      return refusal(400, 'unsupported_grant_type', 'Unsupported grant_type')
  }
}

function refusePerson(person: LegacyLogin, { query, request }: Call): Reply | undefined {
  if (query.get('username') !== person.username || query.get('password') !== person.password) {
    return refusal(401, 'invalid_grant', 'Bad credentials')
  }
  const { oneTimeCode } = person
  if (oneTimeCode === undefined || request.headers['x-jottacloud-otp'] === oneTimeCode) return
  const reply = refusal(401, 'invalid_grant', 'A one-time code is required')
  return { ...reply, headers: { ...reply.headers, 'x-jottacloud-otp': 'required; SMS' } }
}
