// Question J0065 to Jottacloud, about API 6.2.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 65,
  question: 'Does `rm` at its old path remove a file from the trash for good?',
  about: '6.2',
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'A single object purged from the trash, without emptying what the owner trashed elsewhere.',
  ask: async (place) => {
    await place.put('a', place.fresh())
    place.must(await place.post('a', '?dl=true'))
    await place.post('a', '?rm=true')
    const { kind, isDeleted } = await place.look('a')
    if (kind === 'missing') return 'yes'
    return isDeleted ? 'no' : unforeseen
  },
})
