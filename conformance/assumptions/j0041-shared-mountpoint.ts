// Question J0041 to Jottacloud, about API 1.4; API 8, row 17, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 41,
  question: 'What is the mountpoint Shared?',
  about: '1.4',
  rows: [17],
  answers: {
    'a folder like others': 'survived',
    'a search result': 'survived',
    'not there': 'survived',
  },
  assumed: 'a folder like others',
  why: 'Whether it may one day be a bucket; only its kind is noted, not what is in it.',
  ask: async (place) => {
    await place.lookElsewhere('/Jotta/Photos')
    const { status, root } = await place.lookElsewhere('/Jotta/Shared')
    if (status === 404) return 'not there'
    if (root === 'searchresult') return 'a search result'
    return root === 'mountPoint' ? 'a folder like others' : unforeseen
  },
})
