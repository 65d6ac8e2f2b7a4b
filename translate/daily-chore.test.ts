import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { firstLookMs, keepDaily, lookAgainMs } from './daily-chore.ts'
import { createLeases, type Lease } from './leases.ts'
import { S3Error } from './s3-error.ts'
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
  const now = (): number => clock.nowMs
  const warn = (message: string, cause: unknown): void =>
    void warnings.push(`${message}: ${String(cause)}`)
  const leases = createLeases({ leases: state.leases, now, warn })
  const keep = async (work: (signal: AbortSignal) => Promise<void>, held = leases) =>
    await keepDaily({
      state,
      leases: held,
      name: 'chore',
      async work(signal) {
        done.push(clock.nowMs)
        await work(signal)
      },
      now,
      async wait(ms, signal) {
        waited.push(ms)
        clock.nowMs += ms
        if (waited.length > options.waits) stopping.abort(new Error('stopped'))
        signal.throwIfAborted()
      },
      warn,
      signal: stopping.signal,
    })
  return { keep, leases, waited, warnings, done, clock, stopping }
}

const noonMs = Date.UTC(2026, 2, 1, 12)
const hourMs = 60 * 60_000

test('it is done soon after the start, and then once after each midnight', async () => {
  await withState(async (state) => {
    const { keep, done, waited } = keeper(state, { startMs: noonMs, waits: 50 })
    await keep(async () => {})
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

test('whoever stood still until another process could take it has not done it', async () => {
  await withState(async (state) => {
    const { keep, warnings, clock, done, leases } = keeper(state, { startMs: noonMs, waits: 3 })
    await keep(async () => {
      if (done.length > 1) return
      clock.nowMs += hourMs
      await using other = await leases.tryTake(['chore chore'], 'exclusive')
      assert.ok(other)
    })
    assert.match(warnings[1] ?? '', /tried again .* chore: .*stood still/)
    assert.is(warnings.length, 2)
    assert.is(done.length, 2)
  })
})

test('the work ends when the lease is seen to be over', async () => {
  await withState(async (state) => {
    const { keep, warnings, stopping } = keeper(state, { startMs: noonMs, waits: 1 })
    const losing = new AbortController()
    const lost: Lease = {
      check: async () => {},
      lost: losing.signal,
      async [Symbol.asyncDispose]() {},
    }
    const work = async (signal: AbortSignal): Promise<void> => {
      losing.abort(new S3Error('ServiceUnavailable', { message: 'lost' }))
      signal.throwIfAborted()
    }
    await keep(work, { take: async () => lost, tryTake: async () => lost, waitMaxMs: 0 })
    assert.ok(stopping.signal.aborted)
    assert.match(warnings[0] ?? '', /tried again .* lost/)
    assert.is(await state.chores.doneAt('chore'), undefined)
  })
})

test('what a crash left is taken up within the hour, and what a wrong clock wrote keeps nobody from it', async () => {
  await withState(async (state) => {
    const dead = { holder: 'dead', names: ['chore chore'], mode: 'exclusive' } as const
    await state.leases.acquire({ ...dead, nowMs: noonMs, expiresMs: noonMs + firstLookMs + 1 })
    await state.chores.setDone('chore', new Date(noonMs + 1000 * hourMs))
    const { keep, done, warnings } = keeper(state, { startMs: noonMs, waits: 3 })
    await keep(async () => {})
    assert.equal(done, [noonMs + firstLookMs + lookAgainMs])
    assert.equal(warnings, [])
  })
})

test('stopping ends the work and gives it back undone', async () => {
  await withState(async (state) => {
    const { keep, stopping, leases } = keeper(state, { startMs: noonMs, waits: 9 })
    await keep(async (signal) => {
      stopping.abort(new Error('stopped'))
      signal.throwIfAborted()
    })
    assert.is(await state.chores.doneAt('chore'), undefined)
    await using lease = await leases.tryTake(['chore chore'], 'exclusive')
    assert.ok(lease)
  })
})

test.run()
