// Question J0020 to Jottacloud, about API 7.1; API 8, row 9, has it as unknown.
import { liveNames } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 20,
  question: 'Are `é` as one character and as two one name?',
  about: '7.1',
  rows: [9],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'Two keys to S3; the bridge refuses the second where Jottacloud takes them for one.',
  trials: [{ switches: { nameMatching: 'ascii' }, answer: 'no' }],
  ask: async (place) => {
    await place.put('\u00e9.txt', place.fresh())
    await place.put('e\u0301.txt', place.fresh())
    const names = liveNames((await place.list()).files)
    return names.length === 1 ? 'yes' : names.length === 2 ? 'no' : unforeseen
  },
})
