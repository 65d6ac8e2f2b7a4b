// Question J0040 to Jottacloud, about API 1.4; API 8, row 17, has it as unknown.
import { mountpointsOf } from './support/look.ts'
import { defineQuestion } from './support/question.ts'

export const question = defineQuestion({
  number: 40,
  question: 'Is Trash among the mountpoints of the device Jotta?',
  about: '1.4',
  rows: [17],
  answers: { yes: 'survived', no: 'survived' },
  assumed: 'yes',
  why: 'A bucket that names a mountpoint of that device must never be it.',
  trials: [{ switches: { trashMountpoint: 'hidden' }, answer: 'no' }],
  ask: async (place) => {
    const device = place.must(await place.lookElsewhere('/Jotta'))
    return mountpointsOf(device).some(({ name }) => name === 'Trash') ? 'yes' : 'no'
  },
})
