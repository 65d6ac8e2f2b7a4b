// Question J0032 to Jottacloud, about API 2.2; API 8, row 14, has it as unknown.
import { formOfLoginToken } from './support/emulated-service.ts'
import { endpointsOf, postForm } from './support/login-endpoint.ts'
import { SetUpFailed } from './support/place.ts'
import { defineQuestion } from './support/question.ts'
import { isOk, type Reply } from './support/reply.ts'

export const question = defineQuestion({
  number: 32,
  question: 'What happens to a login whose refresh token is used twice?',
  about: '2.2',
  rows: [14],
  answers: {
    'it ends': 'survived',
    'only the second use is refused': 'survived',
    nothing: 'survived',
  },
  assumed: 'it ends',
  why: 'Why one process at a time refreshes, and writes the new token down before it uses it (jotta/token.ts).',
  notLive: 'It would end your login.',
  trials: [{ switches: { refreshTokenReuse: 'allow' }, answer: 'nothing' }],
  ask: async (place) => {
    const { loginToken } = place.client.service
    if (loginToken === undefined) throw new SetUpFailed('there is no login to lose')
    const { tokenUrl } = await endpointsOf(place)
    const login = Object.fromEntries(formOfLoginToken(loginToken()))
    const first = String(place.must(await postForm(place, tokenUrl, login)).json.refresh_token)
    const refresh = async (token: string): Promise<Reply> => {
      const client = { client_id: 'jottacli', grant_type: 'refresh_token' }
      return await postForm(place, tokenUrl, { ...client, refresh_token: token })
    }
    const second = String(place.must(await refresh(first)).json.refresh_token)
    if (isOk(await refresh(first))) return 'nothing'
    return isOk(await refresh(second)) ? 'only the second use is refused' : 'it ends'
  },
})
