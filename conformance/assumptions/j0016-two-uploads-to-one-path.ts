// Question J0016 to Jottacloud, about API 5.1; API 8, row 8, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 16,
  question: 'Which of two uploads to one path at once wins?',
  about: '5.1',
  rows: [8],
  answers: { 'the one that ends last': 'survived', 'the one that began last': 'survived' },
  assumed: 'the one that ends last',
  why: 'The bridge locks keys within a process; this is what two processes, or rclone beside it, would see.',
  ask: async (place) => {
    const [early, late] = [place.fresh(), place.fresh()]
    const first = place.must(await place.allocate('a', early))
    const second = place.must(await place.allocate('a', late))
    place.must(await place.send(second, late))
    const refused = !isOk(await place.send(first, early))
    const { md5, isLive } = await place.look('a')
    if (!isLive) return unforeseen
    if (md5 === md5Of(early)) return 'the one that ends last'
    if (refused) place.note('  the first was refused')
    return md5 === md5Of(late) ? 'the one that began last' : unforeseen
  },
})
