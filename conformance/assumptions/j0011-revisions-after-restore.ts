// Question J0011 to Jottacloud, about API 4.6 and 6.2; API 8, rows 6 and 22, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 11,
  question: 'Does a file that was in the trash keep its older revisions?',
  about: '4.6, 6.2',
  rows: [6, 22],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'A delete and its undoing; nothing in the bridge depends on it.',
  trials: [{ switches: { trashedRevisions: 'drop' }, answer: 'no' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', place.fresh())
    await place.put('a', content)
    place.must(await place.post('a', '?dl=true'))
    place.must(await place.cphash('a', content))
    const { isLive, older } = await place.look('a')
    if (!isLive) return unforeseen
    return older.length > 0 ? 'yes' : 'no'
  },
})
