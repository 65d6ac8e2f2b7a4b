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

  async 'every process knows where a chore stopped'(open) {
    const [one, other] = [await open(), await open()]
    assert.is(await one.chores.position('sweep'), undefined)
    await other.chores.setPosition('other', 'there')
    for (const position of ['a', '["b","\\u0000/ü"]', undefined, 'c']) {
      await one.chores.setPosition('sweep', position)
      for (const { chores } of [one, other, await open()]) {
        assert.is(await chores.position('sweep'), position)
        assert.is(await chores.position('other'), 'there')
      }
    }
    assert.is(await one.chores.doneAt('sweep'), undefined)
  },
}
