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
   * Throws OperationAborted when that takes too long.
   */
  take(names: readonly string[], mode: LeaseMode, signal: AbortSignal): Promise<Lease>
  /** As `take`, without waiting; `undefined` when another process holds one. */
  tryTake(names: readonly string[], mode: LeaseMode): Promise<Lease | undefined>
}

export type Lease = AsyncDisposable

const leaseMs = 30_000
const renewalMs = 10_000
const waitMaxMs = 60_000
const firstPauseMs = 10
const pauseMaxMs = 250

export function createLeases(parts: {
  readonly leases: State['leases']
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Tells the operator of something that did not fail the request. */
  readonly warn: (message: string, cause: unknown) => void
}): Leases {
  const { leases, now, warn } = parts

  const tryTake = async (names: readonly string[], mode: LeaseMode): Promise<Lease | undefined> => {
    const holder = randomUUID()
    const nowMs = now()
    const isTaken = await leases.acquire({ holder, names, mode, nowMs, expiresMs: nowMs + leaseMs })
    if (!isTaken) return undefined
    const renew = async (): Promise<void> => {
      if (await leases.renew(holder, now() + leaseMs)) return
      warn('a lock was lost, since this process stood still for too long', undefined)
    }
    const timer = setInterval(() => {
      renew().catch((error: unknown) => warn('a lock could not be renewed', error))
    }, renewalMs)
    timer.unref()
    return {
      async [Symbol.asyncDispose]() {
        clearInterval(timer)
        await leases.release(holder)
      },
    }
  }

  return {
    tryTake,
    async take(names, mode, signal) {
      const giveUpAt = performance.now() + waitMaxMs
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
        signal.throwIfAborted()
        const lease = await tryTake(names, mode)
        if (lease !== undefined) return lease
        if (performance.now() > giveUpAt) throw new S3Error('OperationAborted')
        await setTimeout(pauseMs, undefined, { signal })
      }
    },
  }
}
