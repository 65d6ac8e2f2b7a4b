// Question J0059 to Jottacloud, about API 6.4.
import { lookOf } from './support/look.ts'
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 59,
  question: 'Is a copy onto a file in the trash live?',
  about: '6.4',
  answers: {
    'no, and the reply says so': 'survived',
    yes: 'survived',
    'no, and the reply hides it': 'broken',
    'it is refused': 'survived',
  },
  assumed: 'no, and the reply says so',
  why: 'jotta/copy-move.ts repairs a copy whose reply is marked deleted; unmarked, the object would be gone.',
  trials: [{ switches: { copyOntoTombstone: 'revives' }, answer: 'yes' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', content)
    await place.put('b', place.fresh())
    place.must(await place.post('b', '?dl=true'))
    const reply = await place.transfer('cp', 'a', 'b')
    if (!isOk(reply)) return 'it is refused'
    const after = await place.look('b')
    if (after.md5 !== md5Of(content)) return unforeseen
    if (!after.isDeleted) return 'yes'
    return lookOf(reply).isDeleted ? 'no, and the reply says so' : 'no, and the reply hides it'
  },
})
