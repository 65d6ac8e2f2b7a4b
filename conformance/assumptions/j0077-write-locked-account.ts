// Question J0077 to Jottacloud, about API 3.2 and 7.3; API 8, row 13, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk, refusalOf } from './support/reply.ts'

export const question = defineQuestion({
  number: 77,
  question: 'What does an account answer that may not write?',
  about: '3.2, 7.3',
  rows: [13],
  answers: {
    '403 that names the lock': 'survived',
    '403 that does not': 'survived',
    'it has no lock': 'survived',
  },
  assumed: '403 that names the lock',
  why: 'jotta/http-error.ts tells a locked account from a forbidden place by the words of the 403.',
  notLive: 'Your account is hopefully not locked.',
  given: { writeLock: 'on' },
  trials: [{ switches: { writeLock: 'off' }, answer: 'it has no lock' }],
  ask: async (place) => {
    const reply = await place.allocate('a', place.fresh())
    if (isOk(reply)) return 'it has no lock'
    if (reply.status !== 403) return unforeseen
    const isNamed = /quota|capacity|insufficient|write.?locked/i.test(refusalOf(reply))
    return isNamed ? '403 that names the lock' : '403 that does not'
  },
})
