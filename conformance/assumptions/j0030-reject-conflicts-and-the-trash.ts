// Question J0030 to Jottacloud, about API 5.1 and 6.2; API 8, row 12, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 30,
  question: 'Does REJECT_CONFLICTS take a file in the trash for one that is there?',
  about: '5.1, 6.2',
  rows: [12],
  answers: { no: 'survived', yes: 'survived' },
  assumed: 'no',
  why: 'A PUT with If-None-Match: * after a delete must succeed: jotta/upload.ts looks, and then goes on without it.',
  ask: async (place) => {
    await place.put('a', place.fresh())
    place.must(await place.post('a', '?dl=true'))
    const content = place.fresh()
    if (!isOk(await place.tryPut('a', content, { conflict_handler: 'REJECT_CONFLICTS' })))
      return 'yes'
    const after = await place.look('a')
    return after.isLive && after.md5 === md5Of(content) ? 'no' : unforeseen
  },
})
