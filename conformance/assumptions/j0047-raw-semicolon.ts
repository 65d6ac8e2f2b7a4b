// Question J0047 to Jottacloud, about API 1.3; API 8, row 24, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 47,
  question: 'Does a `;` in a path work as it is?',
  about: '1.3',
  rows: [24],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'jotta/path.ts always escapes it.',
  trials: [{ switches: { rawSemicolon: 'not-found' }, answer: 'no' }],
  ask: async (place) => {
    await place.put('a;b', place.fresh())
    if (!(await place.look('a;b')).isLive) return unforeseen
    const { status } = await place.getRaw('a;b')
    if (status === 200) return 'yes'
    return status === 404 || status === 400 ? 'no' : unforeseen
  },
})
