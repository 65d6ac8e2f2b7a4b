// Question J0067 to Jottacloud, about API 6.4.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 67,
  question: 'Does `mvDir` make the folders above its destination?',
  about: '6.4',
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'jotta/copy-move.ts makes them first; rclone does not.',
  ask: async (place) => {
    await place.put('from/a', place.fresh())
    if (!isOk(await place.transfer('mvDir', 'from', 'new/folder/to'))) return 'no'
    return (await place.look('new/folder/to/a')).isLive ? 'yes' : unforeseen
  },
})
