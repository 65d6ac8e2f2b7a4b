// Question J0054 to Jottacloud, about API 6.1.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 54,
  question: 'Do `rm` and `dl`, which are for files, leave folders alone?',
  about: '6.1',
  answers: {
    yes: 'survived',
    'no, they go to the trash': 'survived',
    'no, they are removed for good': 'broken',
  },
  assumed: 'yes',
  why: 'Between the look and the delete somebody may have put a folder there; promise 8 wants it unharmed.',
  ask: async (place) => {
    await place.put('removed/a', place.fresh())
    await place.put('trashed/a', place.fresh())
    await place.post('removed', '?rm=true')
    await place.post('trashed', '?dl=true')
    const folders = [await place.look('removed'), await place.look('trashed')]
    if (folders.some(({ kind }) => kind === 'missing')) return 'no, they are removed for good'
    if (folders.some(({ isDeleted }) => isDeleted)) return 'no, they go to the trash'
    const isWhole = (await place.look('removed/a')).isLive && (await place.look('trashed/a')).isLive
    return isWhole ? 'yes' : unforeseen
  },
})
