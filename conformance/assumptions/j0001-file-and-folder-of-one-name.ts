// Question J0001 to Jottacloud, about API 7.1; API 8, row 1, has it as unknown.
import { liveNames } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 1,
  question: 'Is a file refused below a file, as if that were a folder?',
  about: '7.1',
  rows: [1],
  answers: { refused: 'survived', 'side by side': 'survived', 'the file is gone': 'broken' },
  assumed: 'refused',
  why: 'Keys `a` and `a/b` are kept apart by translate/parent-folders.ts; a file that vanished would break promise 3.',
  trials: [{ switches: { sameNames: 'allow' }, answer: 'side by side' }],
  ask: async (place) => {
    await place.put('a', place.fresh())
    const below = await place.tryPut('a/b', place.fresh())
    if (!isOk(below)) return 'refused'
    const { files, folders } = await place.list()
    if (!liveNames(folders).includes('a')) return unforeseen
    return liveNames(files).includes('a') ? 'side by side' : 'the file is gone'
  },
})
