// Question J0009 to Jottacloud, about API 4.6.
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 9,
  question: 'How many revisions of a file are kept, the current one included?',
  about: '4.6',
  answers: { five: 'survived', fewer: 'survived', more: 'survived' },
  assumed: 'five',
  why: 'Says how long an overwrite by somebody else can be undone, and what overwrites cost in quota.',
  ask: async (place) => {
    for (let number = 0; number < 7; number += 1) await place.put('a', place.fresh())
    const { older } = await place.look('a')
    place.note(`  older: ${older.join(', ')}`)
    if (older.length === 4) return 'five'
    return older.length < 4 ? 'fewer' : 'more'
  },
})
