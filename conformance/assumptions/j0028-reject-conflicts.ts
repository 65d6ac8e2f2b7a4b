// Question J0028 to Jottacloud, about API 5.1; API 8, row 12, has it as unknown.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 28,
  question: 'How does REJECT_CONFLICTS refuse a file that is there?',
  about: '5.1',
  rows: [12],
  answers: {
    '409 UniqueFileException': 'survived',
    'another status, UniqueFileException': 'survived',
    'without that name': 'broken',
    'it does not': 'broken',
  },
  assumed: '409 UniqueFileException',
  why: 'If-None-Match: * against writers other than the bridge (translate/commit-write.ts, jotta/http-error.ts).',
  trials: [
    { switches: { rejectConflictsStatus: 412 }, answer: 'another status, UniqueFileException' },
  ],
  ask: async (place) => {
    await place.put('a', place.fresh())
    const reply = await place.allocate('a', place.fresh(), { conflict_handler: 'REJECT_CONFLICTS' })
    if (isOk(reply)) return 'it does not'
    if (!reply.text.includes('UniqueFileException')) return 'without that name'
    return reply.status === 409 ? '409 UniqueFileException' : 'another status, UniqueFileException'
  },
})
