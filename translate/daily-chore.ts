// Work that one process of an installation does once a day, soon after the midnight (UTC) that makes it due: the
// state knows whether it was done, and a lease keeps others from it for as long as whoever does it lives.
import type { Leases } from './leases.ts'
import type { State } from './state/state.ts'

export type ChoreOptions = {
  readonly state: Pick<State, 'chores'>
  readonly leases: Pick<Leases, 'tryTake'>
  readonly name: string
  /** Does it. The signal ends it with everything else, or when another process may have taken over. */
  readonly work: (signal: AbortSignal) => Promise<void>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Throws when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly warn: (message: string, cause: unknown) => void
  /** Ends everything. */
  readonly signal: AbortSignal
}

/** Long enough for a start to be over, and for a command that starts a server for a moment to be gone. */
export const firstLookMs = 2 * 60_000
export const lookAgainMs = 60 * 60_000
const dayMs = 24 * 60 * 60_000

/** Resolves once the signal has aborted and the work, if it was under way, has ended. */
export async function keepDaily(options: ChoreOptions): Promise<void> {
  const { signal, wait } = options
  try {
    await wait(firstLookMs, signal)
    for (;;) {
      await doWhenDue(options)
      await wait(lookAgainMs, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function doWhenDue(options: ChoreOptions): Promise<void> {
  const { state, leases, name, now, signal } = options
  try {
    await using lease = await leases.tryTake([`chore ${name}`], 'exclusive')
    if (lease === undefined || !isDue(await state.chores.doneAt(name), now())) return
    await options.work(AbortSignal.any([signal, lease.lost]))
    await lease.check()
    await state.chores.setDone(name, new Date(now()))
  } catch (error) {
    signal.throwIfAborted()
    options.warn(`not done, and to be tried again within the hour: ${name}`, error)
  }
}

/** A time that lies ahead is of a clock that was wrong, and keeps nobody from the work. */
function isDue(doneAt: Date | undefined, nowMs: number): boolean {
  const doneMs = doneAt?.getTime() ?? Number.NEGATIVE_INFINITY
  return doneMs < Math.floor(nowMs / dayMs) * dayMs || doneMs > nowMs
}
