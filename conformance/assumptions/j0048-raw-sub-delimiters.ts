// Question J0048 to Jottacloud, about API 1.3; API 8, row 24, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 48,
  question: "Do `! $ & ' ( ) , = @ ~` in a path work as they are?",
  about: '1.3',
  rows: [24],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'jotta/path.ts always escapes them.',
  ask: async (place) => {
    const name = "a!b$c&d'e(f)g,h=i@j~k"
    await place.put(name, place.fresh())
    if (!(await place.look(name)).isLive) return unforeseen
    const { status } = await place.getRaw(name)
    if (status === 200) return 'yes'
    return status === 404 || status === 400 ? 'no' : unforeseen
  },
})
