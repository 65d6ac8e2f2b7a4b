import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createKeyLocks } from './key-locks.ts'
import { aloneLeases } from './leases.test-support.ts'

const test = suite('key locks')
const never = new AbortController().signal

test('holders of one name follow each other in order of arrival', async () => {
  const locks = createKeyLocks(aloneLeases)
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const first = locks.withLock('a', never, async () => {
    await gate.promise
    seen.push('first')
  })
  const second = locks.withLock('a', never, async () => {
    seen.push('second')
  })
  const third = locks.withLock('a', never, async () => {
    seen.push('third')
  })
  gate.resolve()
  await Promise.all([first, second, third])
  assert.equal(seen, ['first', 'second', 'third'])
})

test('other names do not wait', async () => {
  const locks = createKeyLocks(aloneLeases)
  const gate = Promise.withResolvers<void>()
  const held = locks.withLock('a', never, () => gate.promise)
  assert.is(await locks.withLock('b', never, async () => 7), 7)
  gate.resolve()
  await held
})

test('one that gives up does not let the next in before the holder is done', async () => {
  const locks = createKeyLocks(aloneLeases)
  const gate = Promise.withResolvers<void>()
  let holding = true
  const held = locks.withLock('a', never, async () => {
    await gate.promise
    holding = false
  })
  const giveUp = new AbortController()
  const impatient = locks.withLock('a', giveUp.signal, async () => 'never')
  const patient = locks.withLock('a', never, async () => holding)
  giveUp.abort(new Error('gone'))
  assert.is(await impatient.catch((error: Error) => error.message), 'gone')
  gate.resolve()
  await held
  assert.is(await patient, false)
})

test('a failure passes the lock on', async () => {
  const locks = createKeyLocks(aloneLeases)
  const failed = await locks
    .withLock('a', never, async () => {
      throw new Error('broken')
    })
    .catch((error: Error) => error.message)
  assert.is(failed, 'broken')
  assert.is(await locks.withLock('a', never, async () => 'fine'), 'fine')
})

test.run()
