// Question J0023 to Jottacloud, about API 4.3; API 8, row 9, has it as unknown.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 23,
  question: 'Does a file show the casing it is stored under, in `name` and `abspath`?',
  about: '4.3',
  rows: [9],
  answers: {
    'yes, in both': 'survived',
    'in the name alone': 'broken',
    no: 'broken',
    'it is not found': 'survived',
  },
  assumed: 'yes, in both',
  why: 'translate/stored-object.ts sees by it that a key would land on another; else promise 3 fails.',
  trials: [{ switches: { nameMatching: 'exact' }, answer: 'it is not found' }],
  ask: async (place) => {
    await place.put('Folder/File.txt', place.fresh())
    const { status, name, abspath } = await place.look('FOLDER/FILE.TXT')
    if (status === 404) return 'it is not found'
    place.note(`  name ${name}, abspath ${abspath}`)
    const isParentStored = abspath?.endsWith('/Folder') === true
    if (name === 'File.txt') return isParentStored ? 'yes, in both' : 'in the name alone'
    return name === 'FILE.TXT' ? 'no' : unforeseen
  },
})
