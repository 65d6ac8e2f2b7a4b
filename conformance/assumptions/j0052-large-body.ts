// Question J0052 to Jottacloud, about API 5.2; API 8, row 26, has it as unknown.
import { ServiceTrouble } from './support/client.ts'
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 52,
  question: 'Is the body of one upload taken whole, at 8 MiB?',
  about: '5.2',
  rows: [26],
  answers: {
    yes: 'survived',
    'no, it is cut and its bytes are kept': 'survived',
    'no, and its bytes are lost': 'broken',
  },
  assumed: 'yes',
  why: 'jotta/upload.ts sends a file in one body and goes on where it is cut.',
  trials: [
    { switches: { cutUploadsAfterBytes: 2 ** 20 }, answer: 'no, it is cut and its bytes are kept' },
  ],
  ask: async (place) => {
    const content = place.fresh(8 * 1024 * 1024)
    const allocation = place.must(await place.allocate('a', content))
    try {
      if (isOk(await place.send(allocation, content))) {
        return (await place.look('a')).md5 === md5Of(content) ? 'yes' : unforeseen
      }
    } catch (error) {
      // Cut: what the question is about.
      if (!(error instanceof ServiceTrouble)) throw error
    }
    const { json } = place.must(await place.allocate('a', content))
    return Number(json.resume_pos) > 0
      ? 'no, it is cut and its bytes are kept'
      : 'no, and its bytes are lost'
  },
})
