// Question J0035 to Jottacloud, about API 2.3.
import { endpointsOf, visit } from './support/login-endpoint.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 35,
  question: 'Does the service send a browser back to any port of this machine?',
  about: '2.3',
  answers: { 'only to the registered one': 'survived', 'to any': 'survived' },
  assumed: 'only to the registered one',
  why: 'jotta/login-redirect.ts listens on the registered port; when any will do, another program on it is no trouble.',
  trials: [{ switches: { redirectPorts: 'any' }, answer: 'to any' }],
  ask: async (place) => {
    const { authUrl } = await endpointsOf(place)
    const registered = await visit(place, authUrl, {})
    if (registered === 'refused') return unforeseen
    const other = await visit(place, authUrl, { redirect_uri: 'http://localhost:53683/' })
    return other === 'let in' ? 'to any' : 'only to the registered one'
  },
})
