// Question J0072 to Jottacloud, about API 5.1.
import { defineQuestion, unforeseen } from './support/question.ts'

export const question = defineQuestion({
  number: 72,
  question: 'From where on does an allocation tell the path?',
  about: '5.1',
  answers: {
    'from the device on': 'survived',
    'from the mountpoint on': 'survived',
    'as it was sent': 'survived',
  },
  assumed: 'from the device on',
  why: 'Nothing reads it yet; it would show the stored casing before a byte is sent.',
  ask: async (place) => {
    const sent = place.allocationPath('folder/a')
    const { path, name } = place.must(await place.allocate('folder/a', place.fresh())).json
    place.note(`  name ${String(name)}, path ${String(path)}`)
    if (typeof path !== 'string' || name !== 'a') return unforeseen
    if (path === sent) return 'as it was sent'
    const fromDevice = sent.slice('/jfs/'.length)
    const told = path.replace(/^\//, '')
    if (told === fromDevice) return 'from the device on'
    return `${place.client.device}/${told}` === fromDevice ? 'from the mountpoint on' : unforeseen
  },
})
