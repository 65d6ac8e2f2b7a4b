// Time, for what the server does by itself. This is the real one; tests bring one that they move.
import { setTimeout } from 'node:timers/promises'
import type { Wait } from './reply.ts'

export type Clock = {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Throws when the signal aborts. */
  readonly wait: Wait
}

export const realClock: Clock = {
  now: Date.now,
  wait: async (ms, signal) => {
    await setTimeout(ms, undefined, { signal })
  },
}
