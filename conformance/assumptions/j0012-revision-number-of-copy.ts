// Question J0012 to Jottacloud, about API 4.6 and 6.4; API 8, row 6, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 12,
  question: 'Where do the revision numbers of a copy start?',
  about: '4.6, 6.4',
  rows: [6],
  answers: { 'at 1': 'survived', 'where the original is': 'survived' },
  assumed: 'at 1',
  why: 'Nothing may depend on revision numbers; this says whether anything could.',
  ask: async (place) => {
    await place.put('a', place.fresh())
    await place.put('a', place.fresh())
    place.must(await place.transfer('cp', 'a', 'b'))
    const { number } = await place.look('b')
    if (number === 1) return 'at 1'
    return number === (await place.look('a')).number ? 'where the original is' : unforeseen
  },
})
