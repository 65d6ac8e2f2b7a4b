// How much single callers ask for at once and in a second: a bounded table of them. Who a caller is, the
// table does not know.
import { S3Error } from '../../translate/s3-error.ts'

export type CallerLimits = {
  /** Requests under way; `undefined`: as many as may be. */
  readonly maxInFlight: number | undefined
  /** Requests begun in a second, over time; `undefined`: as many as may be. */
  readonly perSecond: number | undefined
  /** So many seconds' worth may come at once after a rest. */
  readonly burstSeconds: number
}

export type Callers = {
  /** Ends with the request. Throws S3Error SlowDown. */
  admit(name: string): Disposable
  /** One of the requests under way, not yet one of those in a second. Throws S3Error SlowDown. */
  hold(name: string): Disposable
  /** Callers that are remembered. */
  size(): number
}

type Caller = {
  inFlight: number
  /** Requests that may begin now, as of `atMs`. */
  tokens: number
  atMs: number
}

const lookEveryMs = 1000

export function createCallers(
  limits: CallerLimits,
  { now, maxCallers }: { readonly now: () => number; readonly maxCallers: number },
): Callers {
  const callers = new Map<string, Caller>()
  const { maxInFlight = Number.POSITIVE_INFINITY, perSecond, burstSeconds } = limits
  const burst = perSecond === undefined ? 1 : Math.max(1, perSecond * burstSeconds)

  const newCaller = (): Caller => ({ inFlight: 0, tokens: burst, atMs: now() })
  /** Those that come when the table is full, as one. */
  const others = newCaller()
  let lookedMs = Number.NEGATIVE_INFINITY

  const refill = (caller: Caller): void => {
    const nowMs = now()
    if (perSecond === undefined) caller.tokens = burst
    else caller.tokens = Math.min(burst, caller.tokens + ((nowMs - caller.atMs) / 1000) * perSecond)
    caller.atMs = nowMs
  }

  /** A caller at rest is as good as one that never came. Not for each newcomer: there can be many. */
  const makeRoom = (): void => {
    if (now() - lookedMs < lookEveryMs) return
    lookedMs = now()
    for (const [name, caller] of callers) {
      refill(caller)
      if (caller.inFlight === 0 && caller.tokens >= burst) callers.delete(name)
    }
  }

  const find = (name: string): Caller => {
    const known = callers.get(name)
    if (known !== undefined) return known
    if (callers.size >= maxCallers) makeRoom()
    if (callers.size >= maxCallers) return others
    const caller = newCaller()
    callers.set(name, caller)
    return caller
  }

  const checkPlace = ({ inFlight }: Caller): void => {
    if (inFlight < maxInFlight) return
    throw new Throttled('You have too many requests under way at once.', 1)
  }

  const takePlace = (caller: Caller): Disposable => {
    caller.inFlight += 1
    return {
      [Symbol.dispose]() {
        caller.inFlight -= 1
      },
    }
  }

  return {
    size: () => callers.size,
    admit(name) {
      const caller = find(name)
      refill(caller)
      checkPlace(caller)
      if (caller.tokens < 1) {
        throw new Throttled('Your requests come too fast.', (1 - caller.tokens) / (perSecond ?? 1))
      }
      if (perSecond !== undefined) caller.tokens -= 1
      return takePlace(caller)
    },
    hold(name) {
      const caller = find(name)
      checkPlace(caller)
      return takePlace(caller)
    },
  }
}

/** Whoever is told to slow down for what he asks himself: no failure of the server. */
export class Throttled extends S3Error {
  constructor(reason: string, waitSeconds: number) {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitSeconds))
    super('SlowDown', { message: `${reason} Wait a moment and try again.`, retryAfterSeconds })
  }
}
