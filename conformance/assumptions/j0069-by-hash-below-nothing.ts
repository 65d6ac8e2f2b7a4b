// Question J0069 to Jottacloud, about API 5.3.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 69,
  question: 'Does `cphash` make the folders above its file?',
  about: '5.3',
  answers: { 'no, 404': 'survived', yes: 'survived' },
  assumed: 'no, 404',
  why: 'Then 404 does not only mean that content is unknown; translate/copy-object.ts goes on with cp after it.',
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', content)
    const reply = await place.cphash('new/folder/b', content)
    if (reply.status === 404) return 'no, 404'
    if (!isOk(reply)) return unforeseen
    return (await place.look('new/folder/b')).isLive ? 'yes' : unforeseen
  },
})
