// Question J0046 to Jottacloud, about API 4.2; API 8, row 23, has it as unknown.
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 46,
  question: 'Does a folder list its files in the same order each time?',
  about: '4.2',
  rows: [23],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'The bridge sorts by itself and must not care (translate/folder-walk.ts).',
  trials: [{ switches: { listingOrder: 'random' }, answer: 'no' }],
  ask: async (place) => {
    const content = place.fresh()
    const names = ['m', 'c', 'x', 'a', 'q', 'f', 'z', 'h', 'b', 'v', 'k', 'e']
    await place.put('first', content)
    for (const name of names) place.must(await place.cphash(name, content))
    const orders = new Set<string>()
    for (let round = 0; round < 4; round += 1) {
      orders.add((await place.list()).files.map(({ name }) => name).join(' '))
    }
    for (const order of orders) place.note(`  ${order}`)
    return orders.size === 1 ? 'yes' : 'no'
  },
})
