// Question J0002 to Jottacloud, about API 7.1; API 8, row 1, has it as unknown.
import { liveNames } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 2,
  question: 'Is a file refused where a folder of its name is?',
  about: '7.1',
  rows: [1],
  answers: { refused: 'survived', 'side by side': 'survived', 'the folder is gone': 'broken' },
  assumed: 'refused',
  why: 'As J0001, the other way round: a folder that vanished would take every key below it along.',
  trials: [{ switches: { sameNames: 'allow' }, answer: 'side by side' }],
  ask: async (place) => {
    await place.put('a/b', place.fresh())
    const onto = await place.tryPut('a', place.fresh())
    if (!isOk(onto)) return 'refused'
    const { files, folders } = await place.list()
    if (!liveNames(files).includes('a')) return unforeseen
    return liveNames(folders).includes('a') ? 'side by side' : 'the folder is gone'
  },
})
