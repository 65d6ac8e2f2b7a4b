// Work that one process of an installation does once a day, soon after the midnight (UTC) that makes it due:
// the state knows whether it was done and who is at it, so that others leave it alone and a crash does not.
import { randomUUID } from 'node:crypto'
import type { State } from './state/state.ts'

export type ChoreOptions = {
  readonly state: Pick<State, 'chores'>
  readonly name: string
  /** Does it; calls `hold` every few minutes, which throws when another process has taken over. */
  readonly work: (hold: () => Promise<void>) => Promise<void>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Throws when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly warn: (message: string, cause: unknown) => void
  /** Ends everything; what `work` waits for has to end with it as well. */
  readonly signal: AbortSignal
}

/** Long enough for a start to be over, and for a command that starts a server for a moment to be gone. */
export const firstLookMs = 2 * 60_000
export const lookAgainMs = 60 * 60_000
const heldForMs = 15 * 60_000
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
  const { state, name, now, signal } = options
  const holder = randomUUID()
  const heldUntil = (): Date => new Date(now() + heldForMs)
  try {
    const dueSince = new Date(Math.floor(now() / dayMs) * dayMs)
    const turn = { holder, now: new Date(now()), dueSince, heldUntil: heldUntil() }
    if (!(await state.chores.begin(name, turn))) return
    let isDone = false
    try {
      await options.work(async () => {
        if (await state.chores.hold(name, { holder, heldUntil: heldUntil() })) return
        throw new Error(`another process has taken over: ${name}`)
      })
      isDone = true
    } finally {
      // Given back undone after a failure, so that the next look tries again.
      await state.chores.finish(name, { holder, doneAt: isDone ? new Date(now()) : undefined })
    }
  } catch (error) {
    signal.throwIfAborted()
    options.warn(`not done, and to be tried again within the hour: ${name}`, error)
  }
}
