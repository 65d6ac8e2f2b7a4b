// Question J0010 to Jottacloud, about API 4.6 and 6.4; API 8, row 6, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 10,
  question: 'Does a moved file keep its older revisions?',
  about: '4.6, 6.4',
  rows: [6],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'With versioning the current file is moved aside before an overwrite (the design, Versions).',
  trials: [{ switches: { movedRevisions: 'drop' }, answer: 'no' }],
  ask: async (place) => {
    await place.put('a', place.fresh())
    await place.put('a', place.fresh())
    place.must(await place.transfer('mv', 'a', 'b'))
    const { isLive, older } = await place.look('b')
    if (!isLive) return unforeseen
    return older.length > 0 ? 'yes' : 'no'
  },
})
