// Removals of buckets that were begun, and those that are open.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

export const bucketRemovals: Record<string, Proof> = {
  async 'every process knows at once which removals of buckets others have begun and ended'(open) {
    const [one, other] = [await open(), await open()]
    const expectCounts = async (begun: number, stillOpen: number): Promise<void> => {
      for (const state of [one, other, await open()]) {
        assert.equal(await state.bucketRemovals.counts(), { begun, open: stillOpen })
      }
    }
    await expectCounts(0, 0)
    await one.bucketRemovals.begin()
    await expectCounts(1, 1)
    await other.bucketRemovals.begin()
    await expectCounts(2, 2)
    await one.bucketRemovals.end()
    await expectCounts(2, 1)
    await other.bucketRemovals.end()
    await expectCounts(2, 0)
    await other.bucketRemovals.end()
    await expectCounts(2, 0)
  },
}
