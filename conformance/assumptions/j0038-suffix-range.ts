// Question J0038 to Jottacloud, about API 4.5; API 8, row 16, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 38,
  question: 'Does a download heed the range `bytes=-n`?',
  about: '4.5',
  rows: [16],
  answers: { yes: 'survived', 'no, all comes': 'survived', 'it is refused': 'survived' },
  assumed: 'yes',
  why: 'The bridge turns suffixes into offsets (translate/range.ts), as rclone does.',
  trials: [{ switches: { suffixRanges: 'ignore' }, answer: 'no, all comes' }],
  ask: async (place) => {
    const content = place.fresh().toString('hex')
    await place.put('a', content)
    const { status, text } = await place.get('a', '?mode=bin', { range: 'bytes=-3' })
    if (status === 206) return text === content.slice(-3) ? 'yes' : unforeseen
    if (status === 200) return text === content ? 'no, all comes' : unforeseen
    return status === 416 || status === 400 ? 'it is refused' : unforeseen
  },
})
