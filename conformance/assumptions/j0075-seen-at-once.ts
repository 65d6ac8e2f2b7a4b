// Question J0075 to Jottacloud, about API 7.4.
import { md5Of } from './support/place.ts'
import { defineQuestion } from './support/question.ts'
import { listAt, textAt } from './support/reply.ts'

export const question = defineQuestion({
  number: 75,
  question: 'Is an upload seen at once: in a look, a listing, and a recursive one?',
  about: '7.4',
  answers: { yes: 'survived', 'a look comes late': 'survived', 'a listing comes late': 'broken' },
  assumed: 'yes',
  why: 'S3 is consistent: a listing after a PUT shows it. jotta/upload.ts waits for a look, not for listings.',
  ask: async (place) => {
    for (let round = 0; round < 5; round += 1) {
      const name = `a${round}`
      const content = place.fresh()
      await place.put(name, content)
      const found = await place.look(name)
      if (!found.isLive || found.md5 !== md5Of(content)) return 'a look comes late'
      const listed = (await place.list()).files.find((file) => file.name === name)
      const { xml } = place.must(await place.get('', '?mode=liststream'))
      const streamed = listAt(xml, 'file').some((file) => textAt(file, 'filename') === name)
      if (listed?.isComplete !== true || !streamed) return 'a listing comes late'
    }
    return 'yes'
  },
})
