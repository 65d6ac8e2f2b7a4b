// Question J0062 to Jottacloud, about API 6.2; API 8, row 1, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 62,
  question: 'Can a file be stored where a folder in the trash has been?',
  about: '6.2',
  rows: [1],
  answers: { yes: 'survived', no: 'broken' },
  assumed: 'yes',
  why: 'Folders that deletes empty go to the trash, and `a` must then be free for a key (translate/empty-folders.ts).',
  ask: async (place) => {
    await place.put('a/b', place.fresh())
    place.must(await place.post('a', '?dlDir=true'))
    const content = place.fresh()
    if (!isOk(await place.tryPut('a', content))) return 'no'
    const after = await place.look('a')
    return after.isLive && after.md5 === md5Of(content) ? 'yes' : unforeseen
  },
})
