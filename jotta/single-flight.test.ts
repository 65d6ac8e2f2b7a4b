import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError } from './jotta-error.ts'
import { rejection } from './scripted-server.test-support.ts'
import { createSingleFlight } from './single-flight.ts'

const test = suite('single flight')
const { signal } = new AbortController()

test('those who ask meanwhile share the work, later ones start it anew', async () => {
  let starts = 0
  const gate = Promise.withResolvers<void>()
  const ask = createSingleFlight('the work', 1_000, async () => {
    starts += 1
    await gate.promise
    return starts
  })
  const both = Promise.all([ask({ signal }), ask({ signal })])
  gate.resolve()
  assert.equal(await both, [1, 1])
  assert.is(await ask({ signal }), 2)
})

test('a failure reaches all who wait and is not remembered', async () => {
  const reason = new Error('broken')
  let isBroken = true
  const ask = createSingleFlight('the work', 1_000, async () => {
    if (isBroken) throw reason
    return 'fine'
  })
  const both = [ask({ signal }), ask({ signal })].map(rejection)
  assert.equal(await Promise.all(both), [reason, reason])
  isBroken = false
  assert.is(await ask({ signal }), 'fine')
})

test('the work has a limit of its own, and goes on without those who give up', async () => {
  const seen: AbortSignal[] = []
  const ask = createSingleFlight('the work', 30, (options: { signal: AbortSignal }) => {
    seen.push(options.signal)
    const { promise, reject } = Promise.withResolvers<never>()
    options.signal.addEventListener('abort', () => reject(options.signal.reason))
    return promise
  })
  const abort = new AbortController()
  const reason = new Error('gone')
  const [first, second] = [rejection(ask({ signal: abort.signal })), rejection(ask({ signal }))]
  abort.abort(reason)
  assert.is(await first, reason)
  assert.not(seen[0]?.aborted)
  const error = await second
  assert.ok(error instanceof JottaError && error.kind === 'unavailable')
  assert.is(await rejection(ask({ signal: abort.signal })), reason)
  assert.is(seen.length, 1)
})

test.run()
