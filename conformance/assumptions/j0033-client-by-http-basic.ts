// Question J0033 to Jottacloud, about API 2.2.
import { endpointsOf, postForm } from './support/login-endpoint.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 33,
  question: 'Does the token endpoint know a client by HTTP Basic?',
  about: '2.2',
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'rclone tries that first; the bridge names its client in the body. Asked with a refresh token that is none.',
  trials: [{ switches: { basicClientAuthentication: 'refuse' }, answer: 'no' }],
  ask: async (place) => {
    const { tokenUrl } = await endpointsOf(place)
    const { browserClient } = place.client.service
    const nothing = { grant_type: 'refresh_token', refresh_token: 'none' }
    const inBody = await postForm(place, tokenUrl, { ...nothing, client_id: browserClient })
    if (inBody.json.error !== 'invalid_grant') return unforeseen
    const basic = `Basic ${Buffer.from(`${browserClient}:`).toString('base64')}`
    const reply = await postForm(place, tokenUrl, nothing, { authorization: basic })
    if (reply.json.error === 'invalid_grant') return 'yes'
    return /client/.test(String(reply.json.error)) ? 'no' : unforeseen
  },
})
