// Question J0055 to Jottacloud, about API 7.1.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 55,
  question: 'Are names with `" * : < > ? |` refused?',
  about: '7.1',
  answers: { 'yes, all': 'survived', some: 'survived', 'no, none': 'survived' },
  assumed: 'yes, all',
  why: 'The encoding replaces them all, as rclone does (translate/name-encoding.ts).',
  trials: [{ switches: { forbiddenCharacters: 'accept' }, answer: 'no, none' }],
  ask: async (place) => {
    const content = place.fresh()
    const refused: string[] = []
    for (const character of forbidden) {
      if (!isOk(await place.tryPut(`a${character}b`, content))) refused.push(character)
    }
    place.note(`  refused: ${refused.join(' ')}`)
    if (refused.length === 0) return 'no, none'
    return refused.length === forbidden.length ? 'yes, all' : 'some'
  },
})

const forbidden = ['"', '*', ':', '<', '>', '?', '|']
