// Question J0073 to Jottacloud, about API 6.4; API 8, row 9, has it as unknown.
import { md5Of } from './support/place.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 73,
  question: 'What does a move do that changes only the case of a name?',
  about: '6.4',
  rows: [9],
  answers: {
    'it is refused': 'survived',
    'it renames': 'survived',
    nothing: 'survived',
    'it loses the file': 'survived',
  },
  assumed: 'it is refused',
  why: 'jotta/copy-move.ts refuses such moves itself; rclone goes through another name.',
  trials: [{ switches: { nameMatching: 'exact' }, answer: 'it renames' }],
  ask: async (place) => {
    const content = place.fresh()
    await place.put('a.txt', content)
    const isMoved = isOk(await place.transfer('mv', 'a.txt', 'A.txt'))
    const files = (await place.list()).files.filter(({ isDeleted }) => !isDeleted)
    if (files.length === 0) return 'it loses the file'
    if (files.length !== 1 || files[0]?.md5 !== md5Of(content)) return unforeseen
    if (!isMoved) return 'it is refused'
    return files[0].name === 'A.txt' ? 'it renames' : 'nothing'
  },
})
