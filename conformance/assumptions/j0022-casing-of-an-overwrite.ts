// Question J0022 to Jottacloud, about API 7.1; API 8, row 9, has it as unknown.
import { liveNames } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 22,
  question: 'Which casing has a file that was overwritten under another one?',
  about: '7.1',
  rows: [9],
  answers: {
    'the old one': 'survived',
    'the new one': 'survived',
    'they are two files': 'survived',
  },
  assumed: 'the old one',
  why: 'translate/commit-write.ts compares where content landed with where it was meant to go.',
  trials: [{ switches: { nameMatching: 'exact' }, answer: 'they are two files' }],
  ask: async (place) => {
    await place.put('a.txt', place.fresh())
    await place.put('A.TXT', place.fresh())
    const names = liveNames((await place.list()).files)
    if (names.length === 2) return 'they are two files'
    if (names[0] === 'a.txt') return 'the old one'
    return names[0] === 'A.TXT' ? 'the new one' : unforeseen
  },
})
