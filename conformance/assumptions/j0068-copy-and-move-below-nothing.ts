// Question J0068 to Jottacloud, about API 6.4.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 68,
  question: 'Do `cp` and `mv` make the folders above their destination?',
  about: '6.4',
  answers: { neither: 'survived', both: 'survived', 'one of them': 'survived' },
  assumed: 'neither',
  why: 'jotta/copy-move.ts makes them first, as rclone does.',
  ask: async (place) => {
    await place.put('a', place.fresh())
    const copied = isOk(await place.transfer('cp', 'a', 'copied/b'))
    const moved = isOk(await place.transfer('mv', 'a', 'moved/b'))
    const isCopied = (await place.look('copied/b')).isLive
    const isMoved = (await place.look('moved/b')).isLive
    if (copied !== isCopied || moved !== isMoved) return unforeseen
    if (copied !== moved) return 'one of them'
    return copied ? 'both' : 'neither'
  },
})
