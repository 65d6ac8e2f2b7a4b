// One holder at a time for a name: first come, first served within this process, and by a lease among
// several. Held while a write commits, never while a request body arrives: clients nest writes to one key.

import type { RequestContext } from './bridge.ts'
import { type Held, type Leases, stillBusy } from './leases.ts'

/** Who wants the name, until its signal ends: from then on nobody waits for what is done under the lock. */
type Wanted = Pick<RequestContext, 'signal' | 'patience'>

export interface KeyLocks {
  /**
   * Runs `act` alone among all that hold the same name. Waiting ends with the signal, and with ServiceUnavailable
   * when a holder whom nobody waits for any more keeps the name for long.
   */
  withLock<T>(name: string, wanted: Wanted, act: (held: Held) => Promise<T>): Promise<T>
  /** As `withLock`, without waiting; `undefined`, without running it, while anybody holds the name. */
  ifFree<T>(name: string, act: (held: Held) => Promise<T>): Promise<T | undefined>
  /** Waits as `withLock` does, for a holder whom nobody waits for any more and for nobody else. */
  outwaitGivenUp(name: string, wanted: Wanted): Promise<void>
}

type Queue = {
  /** Of the last in it: resolves when that and all before it are done, never rejects. */
  tail: Promise<void>
  holder: { readonly signal: AbortSignal; readonly over: Promise<void> } | undefined
  /** Told whenever there is another holder, or the holder is given up. */
  readonly waiting: Set<() => void>
}

export function createKeyLocks(leases: Leases): KeyLocks {
  const queues = new Map<string, Queue>()

  return {
    async withLock(name, wanted, act) {
      const queue = queues.get(name) ?? {
        tail: Promise.resolve(),
        holder: undefined,
        waiting: new Set(),
      }
      queues.set(name, queue)
      const previous = queue.tail
      const turn = Promise.withResolvers<void>()
      // Whoever gives up waiting still passes the turn on only after those before it are done.
      const tail = previous.then(() => turn.promise)
      queue.tail = tail
      try {
        await outwait(queue, previous, wanted, leases.waitMaxMs)
        using _holder = holdQueue(queue, { signal: wanted.signal, over: turn.promise })
        await using lease = await leases.take([leaseName(name)], 'exclusive', wanted.signal)
        return await act(lease)
      } finally {
        turn.resolve()
        if (queue.tail === tail) queues.delete(name)
      }
    },

    async ifFree(name, act) {
      if (queues.has(name)) return undefined
      await using lease = await leases.tryTake([leaseName(name)], 'exclusive')
      return lease === undefined ? undefined : await act(lease)
    },

    async outwaitGivenUp(name, wanted) {
      const queue = queues.get(name)
      while (queue?.holder?.signal.aborted === true) {
        await outwait(queue, queue.holder.over, wanted, leases.waitMaxMs)
      }
    },
  }
}

function holdQueue(queue: Queue, holder: NonNullable<Queue['holder']>): Disposable {
  const tell = (): void => {
    for (const listener of queue.waiting) listener()
  }
  queue.holder = holder
  tell()
  holder.signal.addEventListener('abort', tell, { once: true })
  return {
    [Symbol.dispose]() {
      holder.signal.removeEventListener('abort', tell)
      queue.holder = undefined
      tell()
    },
  }
}

/** Waits for what is `over` when the queue has come so far. Only the time of a holder who is given up counts. */
async function outwait(
  queue: Queue,
  over: Promise<void>,
  { signal, patience }: Wanted,
  limitMs: number,
): Promise<void> {
  if (patience === 'unlimited') return await orAborted(over, signal)
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (queue.holder?.signal.aborted !== true) return
    timer = setTimeout(() => ending.abort(stillBusy('given-up')), limitMs)
  }
  queue.waiting.add(look)
  look()
  try {
    await orAborted(over, AbortSignal.any([signal, ending.signal]))
  } finally {
    clearTimeout(timer)
    queue.waiting.delete(look)
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
