// Question J0013 to Jottacloud, about API 5.2; API 8, row 7, has it as unknown.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 13,
  question: 'Can an upload_url be used a second time?',
  about: '5.2',
  rows: [7],
  answers: { no: 'survived', yes: 'survived' },
  assumed: 'no',
  why: 'jotta/upload.ts allocates anew for every try.',
  trials: [{ switches: { uploadUrls: 'reusable' }, answer: 'yes' }],
  ask: async (place) => {
    const content = place.fresh()
    const allocation = place.must(await place.allocate('a', content))
    await place.send(allocation, content, { lengthBytes: 16 })
    return isOk(await place.send(allocation, content, { from: 16 })) ? 'yes' : 'no'
  },
})
