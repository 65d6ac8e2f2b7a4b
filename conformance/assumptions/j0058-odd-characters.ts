// Question J0058 to Jottacloud, about API 7.1 and 7.2.
import { namesKept } from './support/names-kept.ts'
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 58,
  question: 'Are odd but legal characters kept as they are?',
  about: '7.1, 7.2',
  answers: { yes: 'survived', 'no, they change': 'broken', 'they are refused': 'broken' },
  assumed: 'yes',
  why: 'Composed or not, C1 controls, byte order marks, right-to-left marks: keys hold them all (promise 3).',
  ask: async (place) => {
    const kept = await namesKept(place, names)
    if (kept === 'refused') return 'they are refused'
    return kept === 'kept' ? 'yes' : 'no, they change'
  },
})

const names = [
  'composed \u00e9',
  'decomposed o\u0308',
  'next line \u0085',
  'separator \u2028',
  'mark \ufeff',
  'replacement \ufffd',
  'right to left \u202e',
  'joined \u{1f469}\u200d\u{1f680}',
  'private \ue000',
  'back\\slash',
  "&amp; it's #1; [a]+{b}~!$(c),=@`^",
]
