// Question J0061 to Jottacloud, about API 5.5.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 61,
  question: 'Is new content live that was uploaded onto a file in the trash?',
  about: '5.5',
  answers: { yes: 'survived', 'no, it stays in the trash': 'survived', 'it is refused': 'broken' },
  assumed: 'yes',
  why: 'A PUT after a DELETE; jotta/upload.ts looks, and revives by hash what is not live.',
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', place.fresh())
    place.must(await place.post('a', '?dl=true'))
    if (!isOk(await place.tryPut('a', content))) return 'it is refused'
    const { isLive, md5, number } = await place.look('a')
    place.note(`  revision ${number}`)
    if (md5 !== md5Of(content)) return unforeseen
    return isLive ? 'yes' : 'no, it stays in the trash'
  },
})
