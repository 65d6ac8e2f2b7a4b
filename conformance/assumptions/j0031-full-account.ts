// Question J0031 to Jottacloud, about API 5.2 and 7.3; API 8, row 13, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk, textAt } from './support/reply.ts'

export const question = defineQuestion({
  number: 31,
  question: 'What does an allocation answer that the account has no room for?',
  about: '5.2, 7.3',
  rows: [13],
  answers: {
    '460': 'survived',
    '402 or 507': 'survived',
    '403': 'survived',
    'it is granted': 'survived',
    'the account has no limit': 'survived',
  },
  assumed: '460',
  why: 'A full account must be a clear error to S3 clients (jotta/http-error.ts); no byte is sent to find out.',
  given: { capacityBytes: 2 ** 30 },
  trials: [
    { switches: { quotaStatus: 507 }, answer: '402 or 507' },
    { switches: { quotaStatus: 403 }, answer: '403' },
    { switches: { capacityBytes: -1 }, answer: 'the account has no limit' },
  ],
  ask: async (place) => {
    const capacityBytes = Number(textAt((await place.lookElsewhere('')).xml, 'capacity'))
    if (!(capacityBytes > 0)) return 'the account has no limit'
    const reply = await place.allocate('a', place.fresh(), { bytes: capacityBytes + 1 })
    if (isOk(reply)) return 'it is granted'
    if (reply.status === 460) return '460'
    if (reply.status === 403) return '403'
    return reply.status === 402 || reply.status === 507 ? '402 or 507' : unforeseen
  },
})
