// Question J0008 to Jottacloud, about API 4.6.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 8,
  question: 'Can the content of an older revision be read?',
  about: '4.6',
  answers: { yes: 'survived', 'listed, not readable': 'survived', 'not listed': 'survived' },
  assumed: 'yes',
  why: 'One source says so; read-only noncurrent versions would stand on it (the design, Versions).',
  ask: async (place) => {
    const first = place.fresh().toString('hex')
    await place.put('a', first)
    await place.put('a', place.fresh())
    const { older } = await place.look('a')
    if (older.length === 0) return 'not listed'
    const reply = await place.get('a', `?mode=bin&revision=${older[0]}`)
    if (!isOk(reply)) return 'listed, not readable'
    return reply.text === first ? 'yes' : unforeseen
  },
})
