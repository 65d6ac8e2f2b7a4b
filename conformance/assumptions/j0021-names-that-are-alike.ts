// Question J0021 to Jottacloud, about API 7.1; API 8, row 9, has it as unknown.
import { liveNames } from './support/look.ts'
import { escaped } from './support/names-kept.ts'
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 21,
  question: 'Which names beyond pairs of letters are one name?',
  about: '7.1',
  rows: [9],
  answers: { 'those with one simple lower case': 'survived', more: 'survived', fewer: 'survived' },
  assumed: 'those with one simple lower case',
  why: 'A database that takes é for e, or one emoji for another, would make many keys collide; each would be refused.',
  trials: [{ switches: { nameMatching: 'ascii' }, answer: 'fewer' }],
  ask: async (place) => {
    const alike: string[] = []
    for (const [index, [one, other]] of pairs.entries()) {
      await place.put(`${index}-${one}`, place.fresh())
      await place.put(`${index}-${other}`, place.fresh())
    }
    const names = liveNames((await place.list()).files)
    for (const [index, [one, other]] of pairs.entries()) {
      const found = names.filter((name) => name.startsWith(`${index}-`))
      if (found.length === 1) alike.push(`${one}${other}`)
    }
    place.note(`  one name: ${alike.map(escaped).join(', ')}`)
    const expected = pairs.filter(([, , isOne]) => isOne).map(([one, other]) => `${one}${other}`)
    if (alike.join() === expected.join()) return 'those with one simple lower case'
    return expected.every((pair) => alike.includes(pair)) ? 'more' : 'fewer'
  },
})

/** Third: one name by simple lower case (Unicode's, code point by code point). */
const pairs = [
  ['k', '\u212a', true],
  ['\u00df', '\u1e9e', true],
  ['\uff41', '\uff21', true],
  ['s', '\u017f', false],
  ['ss', '\u00df', false],
  ['i', '\u0131', false],
  ['\u03c3', '\u03c2', false],
  ['e', '\u00e9', false],
  ['o', '\u00f8', false],
  ['a', '\uff41', false],
  ['xy', 'x\u201by', false],
  ['\u{1f600}', '\u{1f601}', false],
] as const
