// Question J0019 to Jottacloud, about API 7.1; API 8, row 9, has it as unknown.
import { liveNames } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 19,
  question: 'Are `ä` and `Ä` one name?',
  about: '7.1',
  rows: [9],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'As J0018; key locks fold names generously so that either is right.',
  trials: [
    { switches: { nameMatching: 'ascii' }, answer: 'no' },
    { switches: { nameMatching: 'exact' }, answer: 'no' },
  ],
  ask: async (place) => {
    await place.put('\u00e4.txt', place.fresh())
    await place.put('\u00c4.txt', place.fresh())
    const names = liveNames((await place.list()).files)
    return names.length === 1 ? 'yes' : names.length === 2 ? 'no' : unforeseen
  },
})
