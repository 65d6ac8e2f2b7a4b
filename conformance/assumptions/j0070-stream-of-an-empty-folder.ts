// Question J0070 to Jottacloud, about API 4.7.
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk, listAt, textAt } from './support/reply.ts'

export const question = defineQuestion({
  number: 70,
  question: 'What does the recursive listing of an empty folder hold?',
  about: '4.7',
  answers: {
    'the folder, and stats that count it': 'survived',
    'nothing, and stats that say so': 'survived',
    'stats that do not match': 'broken',
    'no stats': 'broken',
    'it is refused': 'broken',
  },
  assumed: 'the folder, and stats that count it',
  why: 'jotta/list.ts takes a stream whose stats do not match for a cut one.',
  ask: async (place) => {
    place.must(await place.post('a', '?mkDir=true'))
    const reply = await place.get('a', '?mode=liststream')
    if (!isOk(reply)) return 'it is refused'
    const folders = listAt(reply.xml, 'folder').length
    const told = [textAt(reply.xml, 'stats', 'folders'), textAt(reply.xml, 'stats', 'files')]
    place.note(`  ${folders} folders; stats ${told.join(', ')}`)
    if (told.includes(undefined)) return 'no stats'
    if (told.join() !== `${folders},0`) return 'stats that do not match'
    if (folders === 1) return 'the folder, and stats that count it'
    return folders === 0 ? 'nothing, and stats that say so' : unforeseen
  },
})
