// Question J0078 to Jottacloud, about API 4.2: what the metadata of a folder counts.
import { defineQuestion } from './support/question.ts'
import { at, listAt } from './support/reply.ts'

export const question = defineQuestion({
  number: 78,
  question: 'Does a folder count just what it lists, the trash and unfinished uploads included?',
  about: '4.2',
  answers: {
    yes: 'survived',
    'it counts less': 'survived',
    'it does not count': 'survived',
    'it counts more': 'broken',
  },
  assumed: 'yes',
  why: 'A listing with fewer entries than it announces is an error (jotta/read-listing.ts), never a short one.',
  ask: async (place) => {
    const content = place.fresh()
    for (const name of ['a', 'b', 'trashed']) await place.put(`d/${name}`, content)
    for (const name of ['e', 'f']) place.must(await place.post(`d/${name}`, '?mkDir=true'))
    place.must(await place.allocate('d/unfinished', place.fresh()))
    place.must(await place.post('d/trashed', '?dl=true'))
    place.must(await place.post('d/f', '?dlDir=true'))
    const { xml } = place.must(await place.get('d'))
    const came = [listAt(xml, 'folders', 'folder').length, listAt(xml, 'files', 'file').length]
    const told = ['@num_folders', '@num_files', '@total'].map((name) => {
      const text = at(xml, 'metadata', name)
      return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined
    })
    place.note(`  ${came.join(' and ')} listed, ${told.join(', ')} counted`)
    const [folders = 0, files = 0] = came
    const differences = [folders, files, folders + files].flatMap((count, index) => {
      const counted = told[index]
      return counted === undefined ? [] : [counted - count]
    })
    if (differences.length === 0) return 'it does not count'
    if (differences.some((difference) => difference > 0)) return 'it counts more'
    return differences.some((difference) => difference < 0) ? 'it counts less' : 'yes'
  },
})
