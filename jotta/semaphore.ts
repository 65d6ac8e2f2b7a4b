// At most so many at once; the others wait in order.

export type Semaphore = {
  /** Runs `work` when there is room. Rejects with the signal's reason when that comes before. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export function createSemaphore(atOnceMax: number): Semaphore {
  const waiting = new Set<() => void>()
  let running = 0

  /** Places are handed over, never freed while someone waits: nobody can jump the queue. */
  function release(): void {
    const [next] = waiting
    if (next === undefined) running -= 1
    else next()
  }

  async function acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (running < atOnceMax) {
      running += 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const onTurn = () => {
        waiting.delete(onTurn)
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = () => {
        waiting.delete(onTurn)
        reject(signal.reason)
      }
      waiting.add(onTurn)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  return {
    run: async (signal, work) => {
      await acquire(signal)
      try {
        return await work()
      } finally {
        release()
      }
    },
  }
}
