// Question J0026 to Jottacloud, about API 7.1; API 8, row 10, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 26,
  question: 'Can a file lie 512 folders deep?',
  about: '7.1',
  rows: [10],
  answers: { yes: 'survived', no: 'broken' },
  assumed: 'yes',
  why: 'A key may be `a/a/a/…`, 512 names in 1,023 bytes (promise 3).',
  ask: async (place) => {
    const content = place.fresh().toString('hex')
    const path = `${'a/'.repeat(511)}b`
    if (!isOk(await place.tryPut(path, content))) return 'no'
    return (await place.content(path)) === content ? 'yes' : unforeseen
  },
})
