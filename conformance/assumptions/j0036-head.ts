// Question J0036 to Jottacloud, about API 4.5; API 8, row 16, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 36,
  question: 'Does HEAD work?',
  about: '4.5',
  rows: [16],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'The bridge never sends it; it would be cheaper than a GET.',
  trials: [{ switches: { headRequests: 'refuse' }, answer: 'no' }],
  ask: async (place) => {
    await place.put('a', place.fresh())
    const { status, headers } = await place.head('a')
    const telling = Object.keys(headers).filter((name) =>
      /^(etag|content-(md5|length)|x-)/.test(name),
    )
    place.note(`  headers: ${telling.join(', ')}`)
    if (status === 200) return 'yes'
    return status === 405 || status === 501 || status === 404 ? 'no' : unforeseen
  },
})
