// Who may ask how much: all together, each access key, and each address that strangers come from. Whoever
// asks for more is told to slow down, before anything is done for him.

import { type CallerLimits, createCallers, Throttled } from './callers.ts'
import { networkOf } from './network.ts'

export type ThrottleLimits = {
  /** Requests of all under way; `undefined`: as many as may be. */
  readonly maxInFlight: number | undefined
  readonly ofKey: CallerLimits
  /** Of an address that requests come from which nobody has signed, or not rightly. */
  readonly ofStranger: CallerLimits
}

/** One request's place among all; dispose of it when its answer has ended. */
export type Admission = Disposable & {
  /** Before anything else. Throws S3Error SlowDown. */
  enter(): void
  /** Before a body is read that says who asks: until then it is one of a stranger's. Throws S3Error SlowDown. */
  listen(): void
  /** Once it is known who asks; `undefined` is nobody. Throws S3Error SlowDown. */
  admit(accessKeyId: string | undefined): void
  /** How a failure is told: to whoever is not admitted yet, as a stranger's, who may fail too often too. */
  told(failure: unknown): unknown
}

export type Throttle = {
  /** `address` is where the request comes from. */
  begin(address: string | undefined): Admission
}

export const noLimits: CallerLimits = {
  maxInFlight: undefined,
  perSecond: undefined,
  burstSeconds: 1,
}

const maxKeys = 10_000
const maxAddresses = 10_000

/** `now` counts milliseconds and never goes back. */
export function createThrottle(limits: ThrottleLimits, now: () => number): Throttle {
  const keys = createCallers(limits.ofKey, { now, maxCallers: maxKeys })
  const strangers = createCallers(limits.ofStranger, { now, maxCallers: maxAddresses })
  const { maxInFlight = Number.POSITIVE_INFINITY } = limits
  let inFlight = 0
  return {
    begin(address) {
      const places = new DisposableStack()
      let stage: 'outside' | 'unknown' | 'admitted' = 'outside'
      const heard = new DisposableStack()
      const admitStranger = () => places.use(strangers.admit(networkOf(address)))
      return {
        enter() {
          if (inFlight >= maxInFlight) throw new Throttled('The server is busy.', 1)
          inFlight += 1
          places.defer(() => {
            inFlight -= 1
          })
          stage = 'unknown'
        },
        listen() {
          heard.use(strangers.hold(networkOf(address)))
        },
        admit(accessKeyId) {
          stage = 'admitted'
          heard.dispose()
          if (accessKeyId === undefined) admitStranger()
          else places.use(keys.admit(accessKeyId))
        },
        told(failure) {
          if (stage !== 'unknown') return failure
          stage = 'admitted'
          heard.dispose()
          try {
            admitStranger()
            return failure
          } catch (refusal) {
            return refusal
          }
        },
        [Symbol.dispose]() {
          heard.dispose()
          places.dispose()
        },
      }
    },
  }
}
