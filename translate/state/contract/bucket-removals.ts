// How often a bucket was removed.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

export const bucketRemovals: Record<string, Proof> = {
  async 'every process knows at once that a bucket was removed'(open) {
    const [one, other] = [await open(), await open()]
    for (let removals = 0; removals < 3; removals += 1) {
      for (const state of [one, other, await open()]) {
        assert.is(await state.bucketRemovals.count(), removals)
      }
      await (removals === 1 ? other : one).bucketRemovals.add()
    }
  },
}
