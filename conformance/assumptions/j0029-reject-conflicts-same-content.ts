// Question J0029 to Jottacloud, about API 5.1; API 8, row 12, has it as unknown.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 29,
  question: 'Does REJECT_CONFLICTS refuse the very content that is there?',
  about: '5.1',
  rows: [12],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'If-None-Match: * would say "created" of what another writer made at that moment, with the same content.',
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a', content)
    return isOk(await place.allocate('a', content, rejecting)) ? 'no' : 'yes'
  },
})

const rejecting = { conflict_handler: 'REJECT_CONFLICTS' }
