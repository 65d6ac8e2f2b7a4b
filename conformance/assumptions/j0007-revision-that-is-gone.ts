// Question J0007 to Jottacloud, about API 4.6; API 8, row 5, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 7,
  question: 'What does the download of a revision that is gone answer?',
  about: '4.6',
  rows: [5],
  answers: { 'not found': 'survived', 'the current content': 'survived' },
  assumed: 'not found',
  why: 'Native revisions are a convenience; serving the wrong bytes for one would break promise 5 once versions are offered.',
  trials: [{ switches: { unknownRevision: 'serve-current' }, answer: 'the current content' }],
  ask: async (place) => {
    const content = place.fresh().toString('hex')
    await place.put('a', content)
    const reply = await place.get('a', '?mode=bin&revision=99')
    if (reply.status === 404) return 'not found'
    return isOk(reply) && reply.text === content ? 'the current content' : unforeseen
  },
})
