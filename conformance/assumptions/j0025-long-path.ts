// Question J0025 to Jottacloud, about API 7.1; API 8, row 10, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 25,
  question: 'Can a path of 1,400 bytes be stored and read?',
  about: '7.1',
  rows: [10],
  answers: { yes: 'survived', no: 'broken' },
  assumed: 'yes',
  why: 'Every key of up to 1,024 bytes is to round-trip (promise 3), and encoding makes some longer.',
  ask: async (place) => {
    const content = place.fresh().toString('hex')
    const path = Array.from({ length: 7 }, (_, index) => `${index}`.repeat(200)).join('/')
    if (!isOk(await place.tryPut(path, content))) return 'no'
    return (await place.content(path)) === content ? 'yes' : unforeseen
  },
})
