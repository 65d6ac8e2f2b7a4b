// Question J0044 to Jottacloud, about API 5.3; API 8, row 20, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 44,
  question: 'Is content still known when the only file that had it was removed for good?',
  about: '5.3',
  rows: [20],
  answers: { no: 'survived', yes: 'survived' },
  assumed: 'no',
  why: 'What was found by hash may be gone a moment later; an upload is always ready (translate/copy-object.ts).',
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', content)
    place.must(await place.post('a', '?rm=true'))
    const reply = await place.cphash('b', content)
    if (reply.status === 404) return 'no'
    return isOk(reply) ? 'yes' : unforeseen
  },
})
