// Which failures are worth another try, and after how long. Pure: clock and randomness come in.

export type RetryPolicy = {
  readonly maxTries: number
  /** Ceiling of the first wait; doubles with each try up to `maxDelayMs`. */
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** No wait starts that would end later than this after the first try began. */
  readonly budgetMs: number
  /** A Retry-After that asks for a longer wait ends the tries: whoever called is told to come later. */
  readonly maxRetryAfterMs: number
}

export const defaultRetryPolicy: RetryPolicy = {
  maxTries: 6,
  baseDelayMs: 100,
  maxDelayMs: 5_000,
  budgetMs: 60_000,
  maxRetryAfterMs: 30_000,
}

/** The default with `changes`, and time for one more try after a reply that did not come in `silenceMs`. */
export function retryPolicyOf(silenceMs: number, changes: Partial<RetryPolicy> = {}): RetryPolicy {
  const { budgetMs, maxDelayMs } = defaultRetryPolicy
  return {
    ...defaultRetryPolicy,
    budgetMs: Math.max(budgetMs, silenceMs + maxDelayMs),
    ...changes,
  }
}

/** Statuses that pass by themselves (API 7.4). */
export function isTransientStatus(status: number): boolean {
  return [429, 500, 502, 503, 504, 509].includes(status)
}

/**
 * How long to wait before the next try, or `undefined` when there is none: exponential back-off with
 * full jitter, and never less than Retry-After.
 */
export function retryDelayMs(
  state: {
    /** Tries made so far, 1 or more. */
    readonly tries: number
    readonly elapsedMs: number
    readonly retryAfterMs: number | undefined
    /** From 0 up to, but not including, 1. */
    readonly random: number
  },
  policy: RetryPolicy,
): number | undefined {
  if (state.tries >= policy.maxTries) return undefined
  const ceilingMs = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (state.tries - 1))
  const askedMs = state.retryAfterMs ?? 0
  if (askedMs > policy.maxRetryAfterMs) return undefined
  const delayMs = Math.max(Math.floor(state.random * ceilingMs), askedMs)
  return state.elapsedMs + delayMs > policy.budgetMs ? undefined : delayMs
}

/** Retry-After as milliseconds from now: whole seconds or an HTTP date (RFC 9110, 10.2.3). */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}
