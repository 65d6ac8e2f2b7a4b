// Question J0064 to Jottacloud, about API 5.5 and 6.3.
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 64,
  question: 'What is in a folder that is made again after it went to the trash?',
  about: '5.5, 6.3',
  answers: {
    'its old content, in the trash': 'survived',
    nothing: 'survived',
    'its old content, live again': 'broken',
    'it stays in the trash': 'broken',
  },
  assumed: 'its old content, in the trash',
  why: 'Deleted objects that come back with the next PUT beside them would break promise 8.',
  trials: [{ switches: { trashedFolderReuse: 'rename' }, answer: 'nothing' }],
  ask: async (place) => {
    await place.put('a/b', place.fresh())
    place.must(await place.post('a', '?dlDir=true'))
    place.must(await place.post('a', '?mkDir=true'))
    const { isDeleted, files } = await place.list('a')
    if (isDeleted) return 'it stays in the trash'
    for (const { name } of (await place.list()).folders) place.note(`  beside it: ${name}`)
    if (files.length === 0) return 'nothing'
    return files.every((file) => file.isDeleted)
      ? 'its old content, in the trash'
      : 'its old content, live again'
  },
})
