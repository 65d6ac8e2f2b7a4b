// Question J0074 to Jottacloud, about API 4.3.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 74,
  question: 'In which case is an MD5 shown that was sent in capitals?',
  about: '4.3',
  answers: { 'as sent': 'survived', 'in small letters': 'survived', 'it is refused': 'survived' },
  assumed: 'as sent',
  why: 'The bridge sends small letters and compares without case (jotta/parse-reply.ts).',
  ask: async (place) => {
    const content = place.fresh()
    const capitals = md5Of(content).toUpperCase()
    if (!isOk(await place.tryPut('a', content, { md5: capitals }))) return 'it is refused'
    const { md5 } = await place.look('a')
    if (md5 === capitals) return 'as sent'
    return md5 === md5Of(content) ? 'in small letters' : unforeseen
  },
})
