// Question J0004 to Jottacloud, about API 6.4; API 8, row 2, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 4,
  question: 'What becomes of a live file that another is copied onto?',
  about: '6.4',
  rows: [2],
  answers: {
    'it gets a next revision': 'survived',
    'it is replaced': 'survived',
    'the copy is refused': 'survived',
  },
  assumed: 'it gets a next revision',
  why: 'CopyObject onto a key that is there: by hash first, by cp when that fails (translate/copy-object.ts).',
  ask: async (place) => {
    const content = place.fresh()
    await place.put('from', content)
    await place.put('to', place.fresh())
    const before = await place.look('to')
    if (!isOk(await place.transfer('cp', 'from', 'to'))) return 'the copy is refused'
    const after = await place.look('to')
    place.note(`  revision ${before.number} became ${after.number}`)
    if (!after.isLive || after.md5 !== md5Of(content)) return unforeseen
    return after.uuid === before.uuid ? 'it gets a next revision' : 'it is replaced'
  },
})
