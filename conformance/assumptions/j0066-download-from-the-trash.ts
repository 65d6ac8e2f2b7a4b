// Question J0066 to Jottacloud, about API 4.5.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 66,
  question: 'Can a file in the trash be downloaded?',
  about: '4.5',
  answers: { no: 'survived', yes: 'survived' },
  assumed: 'no',
  why: 'A resumed GET of an object deleted meanwhile ends, or goes on with the very bytes it announced.',
  trials: [{ switches: { trashedDownloads: 'serve' }, answer: 'yes' }],
  ask: async (place) => {
    const content = place.fresh().toString('hex')
    await place.put('a', content)
    place.must(await place.post('a', '?dl=true'))
    const { status, text } = await place.get('a', '?mode=bin')
    if (status === 200) return text === content ? 'yes' : unforeseen
    return status >= 400 && status < 500 ? 'no' : unforeseen
  },
})
