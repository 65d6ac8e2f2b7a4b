// At most so many at once; the others wait in order.

export type Semaphore = {
  /**
   * Runs `work` when there is room. Rejects with the signal's reason when that comes before. `leave` gives its place to
   * another while it still runs; said again, or after its end, it changes nothing.
   */
  run<T>(signal: AbortSignal, work: (leave: () => void) => Promise<T>): Promise<T>
}

/** Of those that gave up their place, so many run on beside the others; past that, nobody else begins. */
export function createSemaphore(atOnceMax: number, leftMax = 0): Semaphore {
  const waiting = new Set<() => void>()
  let running = 0
  let left = 0

  const hasRoom = () => running < atOnceMax && running + left < atOnceMax + leftMax

  /** Places are handed over, never free while someone waits: nobody can jump the queue. */
  function handOver(): void {
    const [next] = waiting
    if (next === undefined || !hasRoom()) return
    running += 1
    next()
  }

  async function acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (hasRoom()) {
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
      let state: 'running' | 'left' | 'over' = 'running'
      const leave = (): void => {
        if (state !== 'running') return
        state = 'left'
        running -= 1
        left += 1
        handOver()
      }
      try {
        return await work(leave)
      } finally {
        if (state === 'running') running -= 1
        else left -= 1
        state = 'over'
        handOver()
      }
    },
  }
}
