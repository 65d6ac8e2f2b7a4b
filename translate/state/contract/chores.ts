// When work that is due once a day was done last.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

export const chores: Record<string, Proof> = {
  async 'every process knows when a chore was done last'(open) {
    const [one, other] = [await open(), await open()]
    assert.is(await one.chores.doneAt('sweep'), undefined)
    for (const day of [2, 3, 1]) {
      const at = new Date(Date.UTC(2026, 0, day, 0, 5))
      await one.chores.setDone('sweep', at)
      await other.chores.setDone('other', new Date(5))
      for (const { chores } of [one, other, await open()]) {
        assert.equal(await chores.doneAt('sweep'), at)
        assert.equal(await chores.doneAt('other'), new Date(5))
      }
    }
  },
}
