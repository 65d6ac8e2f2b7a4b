// Question J0042 to Jottacloud, about API 4.1; API 8, row 18, has it as unknown.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 42,
  question: 'Are dates before 1970 and after 2100 kept?',
  about: '4.1',
  rows: [18],
  answers: { yes: 'survived', 'no, others are stored': 'survived', 'they are refused': 'survived' },
  assumed: 'yes',
  why: 'jotta/jotta-time.ts holds dates within bounds; outside of them a PUT must not fail.',
  ask: async (place) => {
    const dates = { early: '1901-12-31T00:00:00Z', late: '2150-06-30T00:00:00Z' }
    const content = place.fresh()
    let kept = 0
    for (const [name, date] of Object.entries(dates)) {
      const reply = await place.tryPut(name, content, { created: date, modified: date })
      if (!isOk(reply)) return 'they are refused'
      const { modified } = await place.look(name)
      place.note(`  ${date} became ${modified}`)
      if (modified === date.replace('T', '-T')) kept += 1
    }
    return kept === 2 ? 'yes' : 'no, others are stored'
  },
})
