// Locks that hold across processes: leases in the state that they share. A lease is renewed while its holder
// lives, and ends by itself soon after that died. Within a process others wait in order before they come here.
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { S3Error } from './s3-error.ts'
import type { State } from './state/state.ts'

export type LeaseMode = 'exclusive' | 'shared'

export interface Leases {
  /**
   * Waits while another process holds one of the names, unless both share it. Returns what ends the lease.
   * Throws ServiceUnavailable when that takes longer than `waitMaxMs`.
   */
  take(names: readonly string[], mode: LeaseMode, signal: AbortSignal): Promise<Lease>
  /** As `take`, without waiting; `undefined` when another process holds one. */
  tryTake(names: readonly string[], mode: LeaseMode): Promise<Lease | undefined>
  /** For others who wait for somebody's lock as well. */
  readonly waitMaxMs: number
}

export type Lease = AsyncDisposable & Held

/** What is done under a lease asks it before the step that cannot be taken back. */
export type Held = {
  /** Throws ServiceUnavailable when the lease is over; else it is held for its full time from now on. */
  check(): Promise<void>
  /** Aborted, with the same reason, when the lease is seen to be over. */
  readonly lost: AbortSignal
}

/**
 * For what is sent under a lease and cannot be taken back: Jottacloud may carry it out also when nobody waits for it
 * any more, so the lease is held until it is answered, whether or not whoever wanted it has gone.
 */
export function untilAnswered({ lost }: Held): AbortSignal {
  return AbortSignal.any([lost, AbortSignal.timeout(answerMaxMs)])
}

/** Several leases as one. */
export function heldTogether(...held: readonly Held[]): Held {
  return {
    async check() {
      for (const one of held) await one.check()
    },
    lost: AbortSignal.any(held.map(({ lost }) => lost)),
  }
}

/** What somebody waited for was not over in time. */
export function stillBusy(why: keyof typeof busyMessages = 'at work'): S3Error {
  return new S3Error('ServiceUnavailable', {
    message: busyMessages[why],
    retryAfterSeconds: busyRetrySeconds,
  })
}

const busyMessages = {
  'at work':
    'Another request is at work on this key or on a folder of it, and takes long. Try again.',
  'given-up':
    'An earlier request for the same name was given up by its client after it had been sent to Jottacloud, which may still carry it out and has not answered yet. Nothing was done for this one. Try again.',
} as const
const leaseMs = 30_000
const renewalMs = 10_000
/** What takes longer is taken for lost. */
const answerMaxMs = 10 * 60_000
/**
 * Longer than the lock of a process that died, and shorter than clients wait in silence: they try again after a 503,
 * though not after a 409, and after a silence they do not know why.
 */
const waitDefaultMs = 35_000
const busyRetrySeconds = 5
const firstPauseMs = 10
const pauseMaxMs = 250
const lostMessage =
  'The server stood still for so long that it lost its lock, and left this undone. Try again.'

export function createLeases(parts: {
  readonly leases: State['leases']
  /** 35 s when left out. */
  readonly lockWaitMs?: number | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Tells the operator of something that did not fail the request. */
  readonly warn: (message: string, cause: unknown) => void
}): Leases {
  const { leases, now, warn, lockWaitMs: waitMaxMs = waitDefaultMs } = parts

  const tryTake = async (names: readonly string[], mode: LeaseMode): Promise<Lease | undefined> => {
    const holder = randomUUID()
    const nowMs = now()
    const isTaken = await leases.acquire({ holder, names, mode, nowMs, expiresMs: nowMs + leaseMs })
    if (!isTaken) return undefined
    const losing = new AbortController()
    const check = async (): Promise<void> => {
      losing.signal.throwIfAborted()
      if (await leases.renew({ holder, names, expiresMs: now() + leaseMs })) return
      warn('a lock was lost, since this process stood still for too long', undefined)
      losing.abort(new S3Error('ServiceUnavailable', { message: lostMessage }))
      losing.signal.throwIfAborted()
    }
    const timer = setInterval(() => {
      check().catch((error: unknown) => {
        if (losing.signal.aborted) clearInterval(timer)
        else warn('a lock could not be renewed', error)
      })
    }, renewalMs)
    timer.unref()
    return {
      check,
      lost: losing.signal,
      async [Symbol.asyncDispose]() {
        clearInterval(timer)
        try {
          await leases.release({ holder, names })
        } catch (error) {
          // What was done under it is done, and the lease ends by itself.
          warn('a lock could not be given up and is held for some more seconds', error)
        }
      },
    }
  }

  return {
    waitMaxMs,
    tryTake,
    async take(names, mode, signal) {
      const giveUpAt = performance.now() + waitMaxMs
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
        signal.throwIfAborted()
        const lease = await tryTake(names, mode)
        if (lease !== undefined) return lease
        if (performance.now() > giveUpAt) throw stillBusy()
        await setTimeout(pauseMs, undefined, { signal })
      }
    },
  }
}
