// Question J0017 to Jottacloud, about API 5.2.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 17,
  question: 'Is content refused that has not the MD5 that was announced?',
  about: '5.2',
  answers: {
    'with 421': 'survived',
    'with another status': 'broken',
    no: 'broken',
    'it costs the old content': 'broken',
  },
  assumed: 'with 421',
  why: 'Promises 1 and 2: what is confirmed is what was sent, and a failed PUT changes nothing.',
  ask: async (place) => {
    const [old, announced] = [place.fresh(), place.fresh()]
    await place.put('a', old)
    const allocation = place.must(await place.allocate('a', announced))
    const reply = await place.send(allocation, place.fresh(announced.length))
    const after = await place.look('a')
    if (isOk(reply)) return after.isLive ? 'no' : unforeseen
    if (!after.isLive || after.md5 !== md5Of(old)) return 'it costs the old content'
    return reply.status === 421 ? 'with 421' : 'with another status'
  },
})
