// Question J0024 to Jottacloud, about API 7.1; API 8, row 10, has it as unknown.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 24,
  question: 'What does the limit of 255 for one name count?',
  about: '7.1',
  rows: [10],
  answers: {
    'UTF-16 units': 'survived',
    'UTF-8 bytes': 'survived',
    'code points': 'survived',
    'there is none at 255': 'survived',
  },
  assumed: 'UTF-16 units',
  why: 'Names over 255 bytes are refused (translate/key-path.ts), which fits the strictest of these.',
  trials: [{ switches: { nameLimit: 'utf8-bytes' }, answer: 'UTF-8 bytes' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a'.repeat(255), content)
    if (isOk(await place.tryPut('b'.repeat(256), content))) return 'there is none at 255'
    if (!isOk(await place.tryPut('\u00f8'.repeat(200), content))) return 'UTF-8 bytes'
    const isByCodePoint = isOk(await place.tryPut('\u{1f600}'.repeat(200), content))
    return isByCodePoint ? 'code points' : 'UTF-16 units'
  },
})
