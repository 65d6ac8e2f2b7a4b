// Question J0018 to Jottacloud, about API 7.1; API 8, row 9, has it as unknown.
import { liveNames } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 18,
  question: 'Are `a` and `A` one name?',
  about: '7.1',
  rows: [9],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'Keys that differ by case only are refused (translate/commit-write.ts); if they are two names that is needless.',
  trials: [{ switches: { nameMatching: 'exact' }, answer: 'no' }],
  ask: async (place) => {
    await place.put('a.txt', place.fresh())
    await place.put('A.txt', place.fresh())
    const names = liveNames((await place.list()).files)
    return names.length === 1 ? 'yes' : names.length === 2 ? 'no' : unforeseen
  },
})
