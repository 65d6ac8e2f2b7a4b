// Question J0053 to Jottacloud, about API 6.1; API 8, row 27, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 53,
  question: 'Where does `dl` succeed although there is nothing live?',
  about: '6.1',
  rows: [27],
  answers: {
    'on what is in the trash': 'survived',
    'on any path': 'survived',
    nowhere: 'survived',
  },
  assumed: 'on what is in the trash',
  why: 'Delete is idempotent in S3: jotta/files.ts takes 404 and 200 alike.',
  trials: [
    { switches: { trashOfMissing: 'ok' }, answer: 'on any path' },
    { switches: { trashOfMissing: 'not-found' }, answer: 'nowhere' },
  ],
  ask: async (place) => {
    await place.put('a', place.fresh())
    place.must(await place.post('a', '?dl=true'))
    const isOkInTrash = isOk(await place.post('a', '?dl=true'))
    const isOkNowhere = isOk(await place.post('never', '?dl=true'))
    if (isOkInTrash) return isOkNowhere ? 'on any path' : 'on what is in the trash'
    return isOkNowhere ? unforeseen : 'nowhere'
  },
})
