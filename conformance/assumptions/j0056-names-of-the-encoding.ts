// Question J0056 to Jottacloud, about API 7.2.
import { namesKept } from './support/names-kept.ts'
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 56,
  question: 'Are names kept that the encoding makes, with U+201B and full-width characters?',
  about: '7.2',
  answers: { yes: 'survived', 'no, they change': 'broken', 'they are refused': 'broken' },
  assumed: 'yes',
  why: 'The reserved folder and every encoded key are such names (translate/key-path.ts, promise 3).',
  ask: async (place) => {
    const kept = await namesKept(place, names)
    if (kept === 'refused') return 'they are refused'
    return kept === 'kept' ? 'yes' : 'no, they change'
  },
})

const names = [
  '\u201bjotta-s3',
  'a\u201b\u201bb',
  'a\u201bFF\u201bFE',
  '\uff0f\uff1c\uff1e\uff02\uff1a\uff1f\uff0a\uff5c\uff05',
  '\u2400\u2401\u240a\u241f\u2421',
  '\uff0e',
  '\uff0e\uff0e',
]
