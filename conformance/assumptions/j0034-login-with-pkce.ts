// Question J0034 to Jottacloud, about API 2.3.
import { createHash, randomUUID } from 'node:crypto'
import { endpointsOf, visit } from './support/login-endpoint.ts'
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 34,
  question: 'Does the page for logging in accept the parameters of PKCE?',
  about: '2.3',
  answers: { yes: 'survived', no: 'broken', 'it lets nobody in': 'broken' },
  assumed: 'yes',
  why: 'jotta/login-browser.ts always sends them. Asked without logging in.',
  ask: async (place) => {
    const { authUrl } = await endpointsOf(place)
    if ((await visit(place, authUrl, {})) === 'refused') return 'it lets nobody in'
    const challenge = createHash('sha256').update(randomUUID()).digest('base64url')
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    return (await visit(place, authUrl, pkce)) === 'let in' ? 'yes' : 'no'
  },
})
