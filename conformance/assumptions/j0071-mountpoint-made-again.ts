// Question J0071 to Jottacloud, about API 1.5 and 6.2.
import { liveNames, mountpointsOf } from './support/look.ts'
import { defineQuestion, unforeseen } from './support/question.ts'
import { isOk } from './support/reply.ts'

export const question = defineQuestion({
  number: 71,
  question: 'What is in a mountpoint that is made again after it went to the trash?',
  about: '1.5, 6.2',
  answers: {
    'its old content, in the trash': 'survived',
    nothing: 'survived',
    'its old content, live again': 'survived',
    'it takes mkDir to make it live': 'survived',
    'it stays in the trash': 'broken',
    'it cannot be made': 'broken',
  },
  assumed: 'its old content, in the trash',
  why: 'CreateBucket after DeleteBucket: jotta/mountpoints.ts posts, looks, and tries mkDir.',
  ask: async (place) => {
    const name = `again-${place.fresh(4).toString('hex')}`
    const bucket = place.mountpoint(name)
    place.must(await bucket.post(''))
    await bucket.put('a', place.fresh())
    place.must(await bucket.post('', '?dl=true'))
    const isLive = async (): Promise<boolean> => {
      const device = place.must(await place.lookElsewhere(`/${place.client.device}`))
      return liveNames(mountpointsOf(device)).includes(name)
    }
    if (await isLive()) return unforeseen
    if (!isOk(await bucket.post(''))) return 'it cannot be made'
    if (!(await isLive())) {
      await bucket.post('', '?mkDir=true')
      return (await isLive()) ? 'it takes mkDir to make it live' : 'it stays in the trash'
    }
    const { files } = await bucket.list()
    if (files.length === 0) return 'nothing'
    return files.every(({ isDeleted }) => isDeleted)
      ? 'its old content, in the trash'
      : 'its old content, live again'
  },
})
