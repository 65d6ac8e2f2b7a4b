// Question J0057 to Jottacloud, about API 7.1.
import { namesKept } from './support/names-kept.ts'
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 57,
  question: 'Are blanks and periods at the ends of names kept?',
  about: '7.1',
  answers: { yes: 'survived', 'no, they change': 'broken', 'they are refused': 'broken' },
  assumed: 'yes',
  why: '`a` and `a.` are two keys; trimmed they would share a path (promise 3). The encoding leaves them alone.',
  ask: async (place) => {
    const kept = await namesKept(place, names)
    if (kept === 'refused') return 'they are refused'
    return kept === 'kept' ? 'yes' : 'no, they change'
  },
})

const names = [' lead', 'trail ', 'trail.', '.hidden', '..lead', 'trail..', '...', ' ', 'a  b']
