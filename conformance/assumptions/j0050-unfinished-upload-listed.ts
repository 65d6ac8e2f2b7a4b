// Question J0050 to Jottacloud, about API 4.4; API 8, row 25, has it as unknown.
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 50,
  question: 'Is a file listed of which only an upload has begun?',
  about: '4.4',
  rows: [25],
  answers: {
    'yes, with its state': 'survived',
    'yes, without a revision': 'survived',
    no: 'survived',
    'as if it were complete': 'broken',
  },
  assumed: 'yes, with its state',
  why: 'A failed PUT must not show (promise 2): translate/folder-walk.ts passes over what is not complete.',
  trials: [{ switches: { unfinishedUploads: 'hide' }, answer: 'yes, without a revision' }],
  ask: async (place) => {
    place.must(await place.allocate('a', place.fresh()))
    const found = (await place.list()).files.find(({ name }) => name === 'a')
    if (found === undefined) return 'no'
    if (found.isComplete) return 'as if it were complete'
    return found.latest === 'INCOMPLETE' ? 'yes, with its state' : 'yes, without a revision'
  },
})
