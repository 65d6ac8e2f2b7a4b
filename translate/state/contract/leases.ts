// Names that one process at a time holds, or several that share them.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

const lease = { names: ['a', 'b'], nowMs: 0, expiresMs: 10 }
const exclusive = { ...lease, mode: 'exclusive' } as const
const shared = { ...lease, mode: 'shared' } as const

export const leases: Record<string, Proof> = {
  async 'a name is one holder’s, also for another process, until it is released'(open) {
    const [{ leases: mine }, { leases: theirs }] = [await open(), await open()]
    assert.ok(await mine.acquire({ ...exclusive, holder: 'me' }))
    assert.not(await theirs.acquire({ ...exclusive, holder: 'you', names: ['c', 'b'] }))
    assert.not(await theirs.acquire({ ...shared, holder: 'you', names: ['b'] }))
    // Of what was refused nothing is kept.
    assert.ok(await mine.acquire({ ...exclusive, holder: 'third', names: ['c'] }))
    await mine.release({ ...lease, holder: 'me' })
    await mine.release({ ...lease, holder: 'me' })
    assert.ok(await theirs.acquire({ ...exclusive, holder: 'you', names: ['a', 'b', 'b'] }))
  },

  async 'those who share a name keep out who wants it alone'(open) {
    const { leases } = await open()
    assert.ok(await leases.acquire({ ...shared, holder: 'one' }))
    assert.ok(await leases.acquire({ ...shared, holder: 'other', names: ['b', 'c'] }))
    await leases.release({ ...lease, holder: 'one' })
    assert.not(await leases.acquire({ ...exclusive, holder: 'alone' }))
    await leases.release({ holder: 'other', names: ['b', 'c'] })
    assert.ok(await leases.acquire({ ...exclusive, holder: 'alone' }))
  },

  async 'a lease ends at its time unless it is renewed'(open) {
    const { leases } = await open()
    assert.ok(await leases.acquire({ ...exclusive, holder: 'dead' }))
    assert.ok(await leases.renew({ ...lease, holder: 'dead', expiresMs: 20 }))
    assert.not(await leases.acquire({ ...exclusive, holder: 'next', nowMs: 19, expiresMs: 30 }))
    assert.ok(await leases.acquire({ ...exclusive, holder: 'next', nowMs: 20, expiresMs: 30 }))
    assert.not(await leases.renew({ ...lease, holder: 'dead', expiresMs: 40 }))
    await leases.release({ ...lease, holder: 'dead' })
    assert.not(await leases.acquire({ ...exclusive, holder: 'late', nowMs: 29, expiresMs: 40 }))
  },

  async 'a lease of which one name was lost is over'(open) {
    const { leases } = await open()
    assert.ok(await leases.acquire({ ...exclusive, holder: 'slow' }))
    const next = { ...exclusive, names: ['b'], nowMs: 10, expiresMs: 30 }
    assert.ok(await leases.acquire({ ...next, holder: 'next' }))
    assert.not(await leases.renew({ ...lease, holder: 'slow', expiresMs: 40 }))
    await leases.release({ ...lease, holder: 'slow' })
    assert.ok(await leases.renew({ ...next, holder: 'next', expiresMs: 50 }))
    assert.ok(await leases.acquire({ ...next, names: ['a'], holder: 'third' }))
  },
}
