import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { firstLookMs, keepDaily, lookAgainMs } from './daily-chore.ts'
import { openSqliteState } from './state/sqlite.ts'
import type { State } from './state/state.ts'

const test = suite('daily chore')

async function withState(act: (state: State) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'chore-'))
  const state = openSqliteState({ file: join(folder, 'state.sqlite') })
  try {
    await act(state)
  } finally {
    await state.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A clock that each wait moves on at once, until so many waits are over. */
function keeper(state: State, options: { startMs: number; waits: number }) {
  const stopping = new AbortController()
  const clock = { nowMs: options.startMs }
  const waited: number[] = []
  const warnings: string[] = []
  const done: number[] = []
  const keep = async (work: (hold: () => Promise<void>) => Promise<void>) =>
    await keepDaily({
      state,
      name: 'chore',
      async work(hold) {
        done.push(clock.nowMs)
        await work(hold)
      },
      now: () => clock.nowMs,
      async wait(ms, signal) {
        waited.push(ms)
        clock.nowMs += ms
        if (waited.length > options.waits) stopping.abort(new Error('stopped'))
        signal.throwIfAborted()
      },
      warn: (message, cause) => warnings.push(`${message}: ${String(cause)}`),
      signal: stopping.signal,
    })
  return { keep, waited, warnings, done, clock, stopping }
}

const noonMs = Date.UTC(2026, 2, 1, 12)
const hourMs = 60 * 60_000

test('it is done soon after the start, and then once after each midnight', async () => {
  await withState(async (state) => {
    const { keep, done, waited } = keeper(state, { startMs: noonMs, waits: 50 })
    await keep(async (hold) => await hold())
    assert.equal(waited.slice(0, 2), [firstLookMs, lookAgainMs])
    const first = noonMs + firstLookMs
    assert.equal(done, [first, first + 12 * hourMs, first + 36 * hourMs])
  })
})

test('a second process, or a start later in the day, leaves it alone', async () => {
  await withState(async (state) => {
    const one = keeper(state, { startMs: noonMs, waits: 3 })
    await one.keep(async () => {
      const other = keeper(state, { startMs: one.clock.nowMs - firstLookMs, waits: 1 })
      await other.keep(async () => {})
      assert.equal(other.done, [])
    })
    const later = keeper(state, { startMs: noonMs + 5 * hourMs, waits: 3 })
    await later.keep(async () => {})
    assert.equal([one.done.length, later.done.length], [1, 0])
  })
})

test('what failed is told and tried again at the next look', async () => {
  await withState(async (state) => {
    const { keep, done, warnings } = keeper(state, { startMs: noonMs, waits: 4 })
    await keep(async () => {
      if (done.length === 1) throw new Error('no luck')
    })
    assert.is(done.length, 2)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /tried again .* chore: Error: no luck/)
  })
})

test('whoever has lost it to another process stops', async () => {
  await withState(async (state) => {
    const { keep, warnings, clock, stopping } = keeper(state, { startMs: noonMs, waits: 2 })
    let isStopped = false
    await keep(async (hold) => {
      if (isStopped) return
      clock.nowMs += hourMs
      const turn = { holder: 'other', now: new Date(clock.nowMs), dueSince: new Date(0) }
      const heldUntil = new Date(clock.nowMs + 10_000)
      assert.ok(
        await state.chores.begin('chore', { ...turn, heldUntil, dueSince: new Date(clock.nowMs) }),
      )
      isStopped = true
      await hold()
    })
    assert.ok(stopping.signal.aborted)
    assert.match(warnings[0] ?? '', /another process has taken over/)
  })
})

test('stopping ends the work and gives it back undone', async () => {
  await withState(async (state) => {
    const { keep, stopping, clock } = keeper(state, { startMs: noonMs, waits: 9 })
    await keep(async () => {
      stopping.abort(new Error('stopped'))
      stopping.signal.throwIfAborted()
    })
    const now = new Date(clock.nowMs)
    const turn = { holder: 'x', now, dueSince: new Date(0), heldUntil: now }
    assert.ok(await state.chores.begin('chore', turn))
  })
})

test.run()
