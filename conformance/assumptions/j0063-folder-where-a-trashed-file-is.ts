// Question J0063 to Jottacloud, about API 6.2; API 8, row 1, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 63,
  question: 'Can a folder be made where a file in the trash has been?',
  about: '6.2',
  rows: [1],
  answers: { yes: 'survived', no: 'broken' },
  assumed: 'yes',
  why: 'As J0062: key `a` deleted, then key `a/b` stored.',
  ask: async (place) => {
    await place.put('a', place.fresh())
    place.must(await place.post('a', '?dl=true'))
    const content = place.fresh()
    if (!isOk(await place.tryPut('a/b', content))) return 'no'
    const after = await place.look('a/b')
    return after.isLive && after.md5 === md5Of(content) ? 'yes' : unforeseen
  },
})
