// One piece of work shared by all who ask for it while it is under way. The work outlives an asker
// that gives up: it has a time limit of its own.
import { JottaError } from './jotta-error.ts'
import { untilAborted } from './until-aborted.ts'

/**
 * Calls start the work or join the one under way. Each rejects with its own signal's reason when that
 * comes first; past the limit all reject with JottaError `unavailable`.
 */
export function createSingleFlight<Options extends { readonly signal: AbortSignal }, T>(
  subject: string,
  limitMs: number,
  work: (options: Options) => Promise<T>,
): (options: Options) => Promise<T> {
  let flight: Promise<T> | undefined
  return async (options) => {
    options.signal.throwIfAborted()
    if (flight === undefined) {
      const limit = new AbortController()
      const timer = setTimeout(() => {
        limit.abort(new JottaError('unavailable', `${subject} took longer than ${limitMs} ms`))
      }, limitMs)
      const started = work({ ...options, signal: limit.signal })
      const land = () => {
        clearTimeout(timer)
        if (flight === started) flight = undefined
      }
      flight = started
      started.then(land, land)
    }
    return await untilAborted(flight, options.signal)
  }
}
