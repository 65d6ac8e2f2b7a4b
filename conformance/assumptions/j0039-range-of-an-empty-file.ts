// Question J0039 to Jottacloud, about API 4.5; API 8, row 16, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 39,
  question: 'What does a range of an empty file answer?',
  about: '4.5',
  rows: [16],
  answers: { '416': 'survived', 'no bytes': 'survived' },
  assumed: '416',
  why: 'The bridge answers for empty objects without asking for their bytes.',
  ask: async (place) => {
    await place.put('a', '')
    const { status, text } = await place.get('a', '?mode=bin', { range: 'bytes=0-0' })
    if (status === 416) return '416'
    return (status === 200 || status === 206) && text === '' ? 'no bytes' : unforeseen
  },
})
