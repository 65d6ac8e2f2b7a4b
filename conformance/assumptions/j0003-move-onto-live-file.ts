// Question J0003 to Jottacloud, about API 6.4; API 8, row 2, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 3,
  question: 'What becomes of a live file that another is moved onto?',
  about: '6.4',
  rows: [2],
  answers: {
    'it gets a next revision': 'survived',
    'it is replaced': 'survived',
    'the move is refused': 'survived',
  },
  assumed: 'it gets a next revision',
  why: 'jotta/copy-move.ts never moves onto a live file; versions will have to know.',
  trials: [{ switches: { moveOntoLiveFile: 'refuse' }, answer: 'the move is refused' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('from', content)
    await place.put('to', place.fresh())
    const before = await place.look('to')
    if (!isOk(await place.transfer('mv', 'from', 'to'))) return 'the move is refused'
    const after = await place.look('to')
    if (!after.isLive || after.md5 !== md5Of(content)) return unforeseen
    return after.uuid === before.uuid ? 'it gets a next revision' : 'it is replaced'
  },
})
