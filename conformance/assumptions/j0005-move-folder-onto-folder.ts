// Question J0005 to Jottacloud, about API 6.4; API 8, row 3, has it as unknown.
import { liveNames } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 5,
  question: 'What becomes of a live folder that another is moved onto?',
  about: '6.4',
  rows: [3],
  answers: {
    'the move is refused': 'survived',
    'it is replaced': 'survived',
    'both are merged': 'survived',
  },
  assumed: 'the move is refused',
  why: 'jotta/client.ts says never to do it; whoever moves folders has to look first, and can lose the race.',
  trials: [{ switches: { moveFolderOntoFolder: 'trash-existing' }, answer: 'it is replaced' }],
  ask: async (place) => {
    await place.put('from/a', place.fresh())
    await place.put('to/b', place.fresh())
    if (!isOk(await place.transfer('mvDir', 'from', 'to'))) return 'the move is refused'
    const names = liveNames((await place.list('to')).files)
    if (!names.includes('a')) return unforeseen
    return names.includes('b') ? 'both are merged' : 'it is replaced'
  },
})
