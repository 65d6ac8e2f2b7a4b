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

test.run()
