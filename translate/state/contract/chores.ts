// Work that one of several processes does, once a day.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 2, 0, minute))

export const chores: Record<string, Proof> = {
  async 'a chore is taken by one, and not again once it is done'(open) {
    const [one, other] = [await open(), await open()]
    const turn = { dueSince: at(0), now: at(5), heldUntil: at(20) }
    assert.ok(await one.chores.begin('sweep', { ...turn, holder: 'a' }))
    assert.not.ok(await other.chores.begin('sweep', { ...turn, holder: 'b' }))
    assert.ok(await other.chores.begin('other', { ...turn, holder: 'b' }))
    await other.chores.finish('sweep', { holder: 'b', doneAt: at(6) })
    assert.ok(await one.chores.hold('sweep', { holder: 'a', heldUntil: at(30) }))
    await one.chores.finish('sweep', { holder: 'a', doneAt: at(7) })
    assert.not.ok(await other.chores.begin('sweep', { ...turn, holder: 'b', now: at(8) }))
    const nextDay = { holder: 'b', dueSince: at(1440), now: at(1445), heldUntil: at(1460) }
    assert.ok(await other.chores.begin('sweep', nextDay))
  },

  async 'a chore that was given back, or that a crash left held, is taken again'(open) {
    const { chores } = await open()
    const turn = { dueSince: at(0), now: at(5), heldUntil: at(20) }
    assert.ok(await chores.begin('sweep', { ...turn, holder: 'a' }))
    await chores.finish('sweep', { holder: 'a', doneAt: undefined })
    assert.ok(await chores.begin('sweep', { ...turn, holder: 'b' }))
    const late = { dueSince: at(0), now: at(20), heldUntil: at(35) }
    assert.ok(await chores.begin('sweep', { ...late, holder: 'c' }))
    assert.not.ok(await chores.hold('sweep', { holder: 'b', heldUntil: at(40) }))
    assert.ok(await chores.hold('sweep', { holder: 'c', heldUntil: at(40) }))
  },

  async 'what a clock that was ahead has written keeps nobody from the work'(open) {
    const { chores } = await open()
    const ahead = { holder: 'a', dueSince: at(9000), now: at(9001), heldUntil: at(9016) }
    assert.ok(await chores.begin('sweep', ahead))
    const turn = { holder: 'b', dueSince: at(0), now: at(5), heldUntil: at(20) }
    assert.ok(await chores.begin('sweep', turn))
    await chores.finish('sweep', { holder: 'b', doneAt: at(9002) })
    assert.ok(await chores.begin('sweep', { ...turn, holder: 'c' }))
  },
}
