// One holder at a time for a name: first come, first served within this process, and by a lease among
// several. Held while a write commits, never while a request body arrives: clients nest writes to one key.

import type { Held, Leases } from './leases.ts'

export interface KeyLocks {
  /** Runs `act` alone among all that hold the same name. Waiting ends with the signal. */
  withLock<T>(name: string, signal: AbortSignal, act: (held: Held) => Promise<T>): Promise<T>
  /** As `withLock`, without waiting; `undefined`, without running it, while anybody holds the name. */
  ifFree<T>(name: string, act: (held: Held) => Promise<T>): Promise<T | undefined>
}

export function createKeyLocks(leases: Leases): KeyLocks {
  /** The last in each queue: resolves when its holder is done, never rejects. */
  const tails = new Map<string, Promise<void>>()

  return {
    async withLock(name, signal, act) {
      const previous = tails.get(name) ?? Promise.resolve()
      const turn = Promise.withResolvers<void>()
      // Whoever gives up waiting still passes the turn on only after those before it are done.
      const tail = previous.then(() => turn.promise)
      tails.set(name, tail)
      try {
        await orAborted(previous, signal)
        await using lease = await leases.take([leaseName(name)], 'exclusive', signal)
        return await act(lease)
      } finally {
        turn.resolve()
        if (tails.get(name) === tail) tails.delete(name)
      }
    },

    async ifFree(name, act) {
      if (tails.has(name)) return undefined
      await using lease = await leases.tryTake([leaseName(name)], 'exclusive')
      return lease === undefined ? undefined : await act(lease)
    },
  }
}

function leaseName(name: string): string {
  return `lock ${name}`
}

/** The promise's value, or the signal's reason if that comes first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
