// Question J0049 to Jottacloud, about API 1.3.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 49,
  question: 'Can a name with a percent sign be read?',
  about: '1.3',
  answers: { 'no, 400': 'survived', yes: 'survived', 'it cannot even be stored': 'survived' },
  assumed: 'no, 400',
  why: 'The encoding replaces percent signs, as rclone has done since 1.74 (translate/name-encoding.ts).',
  trials: [{ switches: { percentInPath: 'accept' }, answer: 'yes' }],
  ask: async (place) => {
    if (!isOk(await place.tryPut('a%b', place.fresh()))) return 'it cannot even be stored'
    const found = await place.look('a%b')
    if (found.status === 400) return 'no, 400'
    return found.isLive && found.name === 'a%b' ? 'yes' : unforeseen
  },
})
