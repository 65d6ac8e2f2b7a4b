// Question J0076 to Jottacloud, about API 6.4.
import { defineQuestion } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 76,
  question: 'Is there a `cpDir`?',
  about: '6.4',
  answers: { no: 'survived', yes: 'survived', 'it says yes and does nothing': 'survived' },
  assumed: 'no',
  why: 'Versions and renamed prefixes could copy whole folders in one call.',
  ask: async (place) => {
    await place.put('from/a', place.fresh())
    if (!isOk(await place.transfer('cpDir', 'from', 'to'))) return 'no'
    return (await place.look('to/a')).isLive ? 'yes' : 'it says yes and does nothing'
  },
})
