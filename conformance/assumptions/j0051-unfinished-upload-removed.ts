// Question J0051 to Jottacloud, about API 4.4 and 6.1; API 8, row 25, has it as unknown.
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 51,
  question: 'Can a file be removed of which only an upload has begun?',
  about: '4.4, 6.1',
  rows: [25],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'translate/staged-upload.ts clears away what a client that left has begun; else it stays until its folder goes.',
  ask: async (place) => {
    const content = place.fresh()
    const allocation = place.must(await place.allocate('a', content))
    await place.send(allocation, content, { lengthBytes: 16 })
    await place.post('a', '?rm=true')
    const isListed = (await place.list()).files.some(({ name }) => name === 'a')
    return isListed || (await place.look('a')).kind === 'file' ? 'no' : 'yes'
  },
})
