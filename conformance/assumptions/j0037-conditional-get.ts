// Question J0037 to Jottacloud, about API 4.5 and 7.4; API 8, row 16, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 37,
  question: 'Does a download heed If-None-Match and If-Modified-Since?',
  about: '4.5, 7.4',
  rows: [16],
  answers: { no: 'survived', yes: 'survived' },
  assumed: 'no',
  why: 'The bridge decides conditions itself, from what it has seen (translate/precondition.ts).',
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', content)
    const conditions = [
      { 'if-none-match': `"${md5Of(content)}"` },
      { 'if-none-match': '*' },
      { 'if-modified-since': new Date(Date.now() + 3_600_000).toUTCString() },
    ]
    let heeded = 0
    for (const condition of conditions) {
      const { status } = await place.get('a', '?mode=bin', condition)
      if (status === 304 || status === 412) heeded += 1
      else if (status !== 200) return unforeseen
    }
    return heeded > 0 ? 'yes' : 'no'
  },
})
