// Question J0015 to Jottacloud, about API 5.2; API 8, row 7, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 15,
  question: 'Can an upload begin anew although bytes of it are kept?',
  about: '5.2',
  rows: [7],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'After a 421 on a resumed upload jotta/upload.ts sends everything once more; if that is refused the PUT fails.',
  ask: async (place) => {
    const content = place.fresh()
    const first = place.must(await place.allocate('a', content))
    await place.send(first, content, { lengthBytes: 16 })
    const again = place.must(await place.allocate('a', content))
    if (!isOk(await place.send(again, content))) return 'no'
    return (await place.look('a')).md5 === md5Of(content) ? 'yes' : unforeseen
  },
})
