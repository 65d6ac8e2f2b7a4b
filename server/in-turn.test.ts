import { PassThrough } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createTurns } from './in-turn.ts'

const test = suite('in-turn')

test('what is given for one connection runs one after another, in order', async () => {
  const inTurn = createTurns()
  const connection = new PassThrough()
  const events: string[] = []
  const gates = ['a', 'b', 'c'].map((name) => ({ name, ...Promise.withResolvers<void>() }))
  const done = Promise.withResolvers<void>()
  for (const { name, promise } of gates) {
    inTurn(connection, async () => {
      events.push(`start ${name}`)
      await promise
      events.push(`end ${name}`)
      if (name === 'c') done.resolve()
    })
  }
  inTurn(new PassThrough(), async () => events.push('another connection'))
  for (const { resolve } of gates.toReversed()) resolve()
  await done.promise
  assert.equal(events, [
    'start a',
    'another connection',
    ...['end a', 'start b', 'end b', 'start c', 'end c'],
  ])
})

test('after all have settled the next one starts at once', async () => {
  const inTurn = createTurns()
  const connection = new PassThrough()
  const first = Promise.withResolvers<void>()
  inTurn(connection, async () => first.resolve())
  await first.promise
  const second = Promise.withResolvers<string>()
  inTurn(connection, async () => second.resolve('ran'))
  assert.is(await second.promise, 'ran')
})

test('nothing starts on a connection that was closed meanwhile', async () => {
  const inTurn = createTurns()
  const connection = new PassThrough()
  const gate = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  let started = 0
  inTurn(connection, () => gate.promise)
  inTurn(connection, async () => {
    started += 1
  })
  connection.end(() => over.resolve())
  connection.resume()
  gate.resolve()
  await over.promise
  assert.is(started, 0)
})

test('a connection that heaps up requests is closed', () => {
  const inTurn = createTurns()
  const connection = new PassThrough()
  const never = Promise.withResolvers<void>()
  for (let count = 0; count < 65; count += 1) inTurn(connection, () => never.promise)
  assert.is(connection.destroyed, false)
  inTurn(connection, () => never.promise)
  assert.is(connection.destroyed, true)
})

test.run()
