// What the process itself takes, and how long its event loop is held up.
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { z } from 'zod'

export type ProcessFigures = {
  readonly version: string
  readonly nodeVersion: string
  readonly startedAt: Date
  readonly residentBytes: number
  readonly cpuSeconds: number
  /** Beyond what its timers asked for, in the last one to two minutes. */
  readonly eventLoopLag: { readonly p99Seconds: number; readonly maxSeconds: number }
}

const windowMs = 60_000
const resolutionMs = 20

/** Measures until it is disposed of. */
export function watchProcess(): { read(): ProcessFigures } & Disposable {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  const read = () => ({
    p99Seconds: lagOf(histogram.percentile(99)),
    maxSeconds: lagOf(histogram.max),
  })
  let before = { p99Seconds: 0, maxSeconds: 0 }
  // By itself and not at each look, so that two who look do not take it from each other.
  const turning = setInterval(() => {
    before = read()
    histogram.reset()
  }, windowMs)
  turning.unref()
  const version = packageVersion()
  const startedAt = new Date(Date.now() - process.uptime() * 1000)
  return {
    read() {
      const { user, system } = process.cpuUsage()
      const lag = read()
      return {
        version,
        nodeVersion: process.version,
        startedAt,
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (user + system) / 1e6,
        eventLoopLag: {
          p99Seconds: Math.max(lag.p99Seconds, before.p99Seconds),
          maxSeconds: Math.max(lag.maxSeconds, before.maxSeconds),
        },
      }
    },
    [Symbol.dispose]() {
      clearInterval(turning)
      histogram.disable()
    },
  }
}

/** The histogram holds whole delays in nanoseconds, and where it is empty next to nothing or far too much. */
function lagOf(nanoseconds: number): number {
  const seconds = nanoseconds / 1e9 - resolutionMs / 1000
  return Number.isFinite(seconds) && seconds < 1e6 ? Math.max(0, seconds) : 0
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
