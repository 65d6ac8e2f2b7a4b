// How the requests of the last hour ended, minute by minute: what the totals of the figures cannot tell.
import type { FiguresListener } from '../figures/figures.ts'

export type RecentRequests = {
  readonly all: number
  /** Refused for what the client did. */
  readonly refused: number
  /** Failed here or at Jottacloud. */
  readonly failed: number
}

const minutesKept = 60

export function createRecentRequests(
  now: () => number,
): Pick<FiguresListener, 'onRequest'> & { read(): RecentRequests } {
  const minutes: { minute: number; all: number; refused: number; failed: number }[] = []
  const currentMinute = (): number => Math.floor(now() / 60_000)
  const forget = (): void => {
    while ((minutes[0]?.minute ?? Number.POSITIVE_INFINITY) <= currentMinute() - minutesKept) {
      minutes.shift()
    }
  }
  return {
    onRequest({ status }) {
      forget()
      let last = minutes.at(-1)
      if (last === undefined || last.minute !== currentMinute()) {
        last = { minute: currentMinute(), all: 0, refused: 0, failed: 0 }
        minutes.push(last)
      }
      last.all += 1
      // 499 is a client that went away.
      if (status >= 500) last.failed += 1
      else if (status >= 400 && status !== 499) last.refused += 1
    },
    read() {
      forget()
      const sum = (of: 'all' | 'refused' | 'failed'): number =>
        minutes.reduce((total, minute) => total + minute[of], 0)
      return { all: sum('all'), refused: sum('refused'), failed: sum('failed') }
    },
  }
}
