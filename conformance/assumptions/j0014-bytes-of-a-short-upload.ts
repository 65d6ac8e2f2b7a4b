// Question J0014 to Jottacloud, about API 5.2; API 8, row 7, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 14,
  question: 'Are the bytes of an upload that ended early kept for the next try?',
  about: '5.2',
  rows: [7],
  answers: {
    'yes, after a 420': 'survived',
    'yes, after another status': 'broken',
    no: 'survived',
  },
  assumed: 'yes, after a 420',
  why: 'jotta/upload.ts goes on where a cut left off; only 420 tells it that a send was merely short.',
  trials: [{ switches: { partialExpiryMs: 0 }, answer: 'no' }],
  ask: async (place) => {
    const content = place.fresh()
    const allocation = place.must(await place.allocate('a', content))
    const short = await place.send(allocation, content, { lengthBytes: 16 })
    if (isOk(short)) return unforeseen
    const again = place.must(await place.allocate('a', content))
    if (again.json.resume_pos === 0) return 'no'
    if (again.json.resume_pos !== 16) return unforeseen
    place.must(await place.send(again, content, { from: 16 }))
    if ((await place.look('a')).md5 !== md5Of(content)) return unforeseen
    return short.status === 420 ? 'yes, after a 420' : 'yes, after another status'
  },
})
