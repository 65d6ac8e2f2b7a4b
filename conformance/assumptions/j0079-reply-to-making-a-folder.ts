// Question J0079 to Jottacloud, about API 6.3.
import { defineQuestion } from './support/question.ts'
import { at, type Reply } from './support/reply.ts'

/** Attributes and elements of a folder's reply that are the same whoever made it. */
const known = ['@name', '@time', '@host', 'path', 'abspath', 'folders', 'files', 'metadata']

const namesIn = ({ xml }: Reply): string[] =>
  Object.keys(xml)
    .filter((name) => name !== '#text')
    .sort()

export const question = defineQuestion({
  number: 79,
  question: 'Does the reply to mkDir tell whether the folder was new?',
  about: '6.3',
  answers: {
    no: 'survived',
    'by its status': 'survived',
    'by what is in it': 'survived',
    'perhaps, by what no client has described': 'survived',
  },
  assumed: 'no',
  why: 'translate/new-folders.ts takes a folder for new that was missing right before; the reply would be certain.',
  ask: async (place) => {
    const made = place.must(await place.post('a/b', '?mkDir=true'))
    const found = place.must(await place.post('a/b', '?mkDir=true'))
    if (made.status !== found.status) return 'by its status'
    if (namesIn(made).join() !== namesIn(found).join()) return 'by what is in it'
    const further = namesIn(made).filter((name) => !known.includes(name))
    for (const name of further) {
      const isSame = JSON.stringify(at(made.xml, name)) === JSON.stringify(at(found.xml, name))
      place.note(`  it also has ${name}, ${isSame ? 'the same' : 'another'} the second time`)
    }
    return further.length === 0 ? 'no' : 'perhaps, by what no client has described'
  },
})
