// Question J0043 to Jottacloud, about API 5.1; API 8, row 19, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 43,
  question: 'Is content known that lies under another path of the account?',
  about: '5.1',
  rows: [19],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'Copies by hash move no bytes (translate/copy-object.ts); otherwise they go by cp.',
  trials: [{ switches: { deduplication: 'path' }, answer: 'no' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', content)
    const reply = place.must(await place.allocate('b', content))
    if (reply.json.state !== 'COMPLETED') return 'no'
    return (await place.look('b')).md5 === md5Of(content) ? 'yes' : unforeseen
  },
})
