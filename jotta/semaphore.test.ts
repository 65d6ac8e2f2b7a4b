import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rejection } from './scripted-server.test-support.ts'
import { createSemaphore } from './semaphore.ts'

const test = suite('semaphore')
const { signal } = new AbortController()

test('places are handed over in order, also after failures and aborts', async () => {
  const semaphore = createSemaphore(2)
  const started: number[] = []
  const gates = [0, 1, 2, 3, 4].map(() => Promise.withResolvers<void>())
  const abort = new AbortController()
  const runs = gates.map((gate, index) =>
    semaphore.run(index === 2 ? abort.signal : signal, async () => {
      started.push(index)
      await gate.promise
    }),
  )
  const outcomes = Promise.allSettled(runs)
  await Promise.resolve()
  assert.equal(started, [0, 1])
  abort.abort(new Error('gone'))
  gates[0]?.reject(new Error('failed'))
  await rejection(runs[0] ?? Promise.resolve())
  for (const gate of gates.slice(1)) gate.resolve()
  assert.equal(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.equal(started, [0, 1, 3, 4])
  assert.is(await semaphore.run(signal, async () => 'free again'), 'free again')
})

test('an aborted signal takes no place', async () => {
  const semaphore = createSemaphore(1)
  const reason = new Error('gone')
  const gone = AbortSignal.abort(reason)
  assert.is(await rejection(semaphore.run(gone, async () => {})), reason)
  assert.is(await semaphore.run(signal, async () => 'in'), 'in')
})

test('who leaves makes room for one, however often, and so many run on beside the others', async () => {
  const semaphore = createSemaphore(2, 2)
  const leaves: (() => void)[] = []
  const gates = Array.from({ length: 8 }, () => Promise.withResolvers<void>())
  const runs = gates.map((gate) =>
    semaphore.run(signal, async (leave) => {
      leaves.push(leave)
      await gate.promise
    }),
  )
  const end = async (index: number) => {
    gates[index]?.resolve()
    await runs[index]
    await setImmediate()
  }
  const leave = async (index: number) => {
    leaves[index]?.()
    leaves[index]?.()
    await setImmediate()
  }
  await setImmediate()
  assert.is(leaves.length, 2)
  await leave(0)
  assert.is(leaves.length, 3)
  await leave(1)
  assert.is(leaves.length, 4, 'two that left, two that did not')
  await leave(2)
  assert.is(leaves.length, 4, 'no more than two run on beside two')
  await end(0)
  assert.is(leaves.length, 5)
  await end(1)
  assert.is(leaves.length, 5, 'two are there that did not leave')
  await end(3)
  assert.is(leaves.length, 6)
  await leave(0)
  await leave(3)
  assert.is(leaves.length, 6, 'after their ends, nobody can leave')
  await end(2)
  assert.is(leaves.length, 6)
  await end(4)
  assert.is(leaves.length, 7)
  for (const gate of gates) gate.resolve()
  await Promise.all(runs)
  assert.is(leaves.length, 8)
})

test.run()
