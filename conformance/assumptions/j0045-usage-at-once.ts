// Question J0045 to Jottacloud, about API 3.2; API 8, row 21, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'
import { textAt } from './support/reply.ts'

export const question = defineQuestion({
  number: 45,
  question: 'Does the usage of the account show an upload at once?',
  about: '3.2',
  rows: [21],
  answers: { yes: 'survived', later: 'survived' },
  assumed: 'yes',
  why: 'Usage is told to people, nothing is decided by it. Wrong when something else uploads meanwhile.',
  ask: async (place) => {
    const usage = async (): Promise<number> =>
      Number(textAt((await place.lookElsewhere('')).xml, 'usage'))
    const before = await usage()
    const content = place.fresh(100_000)
    await place.put('a', content)
    const addedBytes = (await usage()) - before
    if (addedBytes === content.length) return 'yes'
    return addedBytes === 0 ? 'later' : unforeseen
  },
})
