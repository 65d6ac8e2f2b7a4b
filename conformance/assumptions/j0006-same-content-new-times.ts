// Question J0006 to Jottacloud, about API 5.5; API 8, row 4, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 6,
  question: 'Does the same content with new times become a new revision?',
  about: '5.5',
  rows: [4],
  answers: {
    'no, only the times change': 'survived',
    yes: 'survived',
    'no, and the times stay': 'survived',
  },
  assumed: 'no, only the times change',
  why: 'A PUT of what is there already; old revisions fall out sooner if each makes a new one (4.6).',
  trials: [{ switches: { sameContent: 'new-revision' }, answer: 'yes' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', content)
    const before = await place.look('a')
    await place.put('a', content, { modified: '2024-05-05T05:05:05Z' })
    const after = await place.look('a')
    if (after.md5 !== md5Of(content)) return unforeseen
    if (after.modified !== '2024-05-05-T05:05:05Z') return 'no, and the times stay'
    return after.number === before.number ? 'no, only the times change' : 'yes'
  },
})
