import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { failureOf } from './acts.test-support.ts'
import { createKeyLocks, type KeyLocks } from './key-locks.ts'
import { aloneLeases } from './leases.test-support.ts'
import { S3Error } from './s3-error.ts'

const test = suite('key locks')
/** Waits for ever. */
const anybody = new AbortController()

test('holders of one name follow each other in order of arrival', async () => {
  const locks = createKeyLocks(aloneLeases)
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const first = locks.withLock('a', anybody, async () => {
    await gate.promise
    seen.push('first')
  })
  const second = locks.withLock('a', anybody, async () => {
    seen.push('second')
  })
  const third = locks.withLock('a', anybody, async () => {
    seen.push('third')
  })
  gate.resolve()
  await Promise.all([first, second, third])
  assert.equal(seen, ['first', 'second', 'third'])
})

test('other names do not wait', async () => {
  const locks = createKeyLocks(aloneLeases)
  const gate = Promise.withResolvers<void>()
  const held = locks.withLock('a', anybody, () => gate.promise)
  assert.is(await locks.withLock('b', anybody, async () => 7), 7)
  gate.resolve()
  await held
})

test('one that gives up does not let the next in before the holder is done', async () => {
  const locks = createKeyLocks(aloneLeases)
  const gate = Promise.withResolvers<void>()
  let holding = true
  const held = locks.withLock('a', anybody, async () => {
    await gate.promise
    holding = false
  })
  const giveUp = new AbortController()
  const impatient = locks.withLock('a', giveUp, async () => 'never')
  const patient = locks.withLock('a', anybody, async () => holding)
  giveUp.abort(new Error('gone'))
  assert.is(await impatient.catch((error: Error) => error.message), 'gone')
  gate.resolve()
  await held
  assert.is(await patient, false)
})

test('a failure passes the lock on', async () => {
  const locks = createKeyLocks(aloneLeases)
  const failed = await locks
    .withLock('a', anybody, async () => {
      throw new Error('broken')
    })
    .catch((error: Error) => error.message)
  assert.is(failed, 'broken')
  assert.is(await locks.withLock('a', anybody, async () => 'fine'), 'fine')
})

test('who waits for a holder that was given up is told so in time, and the lock stays where it is', async () => {
  const locks = createKeyLocks({ ...aloneLeases, waitMaxMs: 20 })
  const held = await hold(locks, 'a')
  const before = failureOf(locks.withLock('a', anybody, async () => 'never'))
  const patient = { signal: anybody.signal, patience: 'unlimited' } as const
  const later = locks.withLock('a', patient, async () => held.isOver())
  held.client.abort(new Error('gone'))
  const after = failureOf(locks.withLock('a', anybody, async () => 'never'))
  for (const failure of [before, after, failureOf(locks.outwaitGivenUp('a', anybody))]) {
    assert.ok((await failure) instanceof S3Error)
    assert.match((await failure)?.message ?? '', 'given up by its client')
  }
  assert.is(held.isOver(), false)
  held.end()
  assert.is(await later, true)
  await locks.outwaitGivenUp('a', anybody)
})

test('a holder whose client waits is waited for, also after one that was given up', async () => {
  const locks = createKeyLocks({ ...aloneLeases, waitMaxMs: 20 })
  const first = await hold(locks, 'a')
  const secondHolds = hold(locks, 'a')
  const third = locks.withLock('a', anybody, async () => 'third')
  first.client.abort(new Error('gone'))
  first.end()
  const second = await secondHolds
  await locks.outwaitGivenUp('a', anybody)
  // Its limit has begun later than that of the third would have.
  const other = await hold(locks, 'b')
  other.client.abort(new Error('gone'))
  await failureOf(locks.withLock('b', anybody, async () => 'never'))
  second.end()
  other.end()
  assert.is(await third, 'third')
})

/** Resolves when it holds the name. */
async function hold(locks: KeyLocks, name: string) {
  const client = new AbortController()
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let isOver = false
  const holding = locks.withLock(name, client, async () => {
    begun.resolve()
    await gate.promise
    isOver = true
  })
  await Promise.race([begun.promise, holding])
  return { client, end: () => gate.resolve(), isOver: () => isOver }
}

test.run()
