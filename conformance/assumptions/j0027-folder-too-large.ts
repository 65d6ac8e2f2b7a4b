// Question J0027 to Jottacloud, about API 4.2; API 8, row 11, has it as unknown.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 27,
  question: 'What does a folder answer that is too large to list?',
  about: '4.2',
  rows: [11],
  answers: {
    'it can be listed': 'survived',
    '500 that names the packet': 'survived',
    'another refusal': 'broken',
  },
  assumed: 'it can be listed',
  why: 'jotta/http-error.ts must know this 500 from one that passes, or it repeats it in vain.',
  notLive: 'It would take half a million files.',
  trials: [{ switches: { folderMaxEntries: 5 }, answer: '500 that names the packet' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('0', content)
    for (let index = 1; index < 8; index += 1) place.must(await place.cphash(`${index}`, content))
    const reply = await place.get()
    if (isOk(reply)) return 'it can be listed'
    const isKnown = /TransientDataAccess/.test(reply.text) && /packet/i.test(reply.text)
    return reply.status === 500 && isKnown ? '500 that names the packet' : 'another refusal'
  },
})
