// How often an address may try to log in: a few times at once, then after waits that double. Kept in memory,
// for a bounded number of addresses.
import { networkOf } from '../throttle/network.ts'

export interface LoginBounds {
  /** Counts a try before it is judged. Returns 0, or the seconds after which the next one is welcome. */
  begin(address: string): number
  /** Forgets the tries of an address: the last one was right. */
  succeed(address: string): void
}

export const freeTries = 5
const waitMaxMs = 5 * 60_000
/** So long after its last try an address is as good as new. */
const memoryMs = 60 * 60_000
const addressesMax = 4096

type Tries = { readonly count: number; readonly lastMs: number; readonly untilMs: number }

export function createLoginBounds(now: () => number = Date.now): LoginBounds {
  const known = new Map<string, Tries>()

  return {
    begin(address) {
      const name = networkOf(address)
      const last = known.get(name)
      const tries = last !== undefined && now() - last.lastMs < memoryMs ? last : undefined
      const waitMs = (tries?.untilMs ?? 0) - now()
      if (waitMs > 0) return Math.ceil(waitMs / 1000)
      const count = (tries?.count ?? 0) + 1
      const pauseMs = count < freeTries ? 0 : Math.min(waitMaxMs, 1000 * 2 ** (count - freeTries))
      // Last in order, so that the first is the one that was quiet longest.
      known.delete(name)
      known.set(name, { count, lastMs: now(), untilMs: now() + pauseMs })
      const [oldest] = known.keys()
      if (known.size > addressesMax && oldest !== undefined) known.delete(oldest)
      return 0
    },

    succeed(address) {
      known.delete(networkOf(address))
    },
  }
}
