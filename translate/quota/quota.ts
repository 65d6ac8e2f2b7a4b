// How much a bucket may hold. What it holds is counted by a listing now and then; what is written through here
// since is added to that, and nothing is ever taken off it but by the next count. So a bucket may be taken
// for fuller than it is, until it is counted again, and never for emptier but for what others store there.
import { randomUUID } from 'node:crypto'
import type { Bridge, RequestContext } from '../bridge.ts'
import { orAborted } from '../key-locks.ts'
import { listObjectsMax } from '../limits.ts'
import { S3Error } from '../s3-error.ts'
import type { BucketUsage } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { OverQuota } from './over-quota.ts'

export type QuotaParts = {
  readonly state: Pick<State, 'usage'>
  readonly bridge: Pick<Bridge, 'listObjects'>
  /** Bytes; `undefined` for a bucket without a quota. */
  readonly quotaOf: (bucket: string) => number | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly warn: (message: string, cause: unknown) => void
  /** Ends counts under way. */
  readonly stopSignal: AbortSignal
  /** How long a write waits for a count; default 20 seconds. */
  readonly patienceMs?: number
}

export interface Quota {
  has(bucket: string): boolean
  /** Throws QuotaExceeded when so much more does not fit, SlowDown while the bucket is being counted. */
  check(bucket: string, sizeBytes: number, context: RequestContext): Promise<void>
  /** Writes with the room for it set aside. Throws as `check`, and what the write throws. */
  guard<T>(
    bucket: string,
    sizeBytes: number,
    context: RequestContext,
    write: () => Promise<T>,
  ): Promise<T>
  /** Counts them anew, one after another; one that cannot be counted is warned of. */
  countAll(buckets: readonly string[], signal: AbortSignal): Promise<void>
  forget(bucket: string): Promise<void>
  /** Resolves when no count is under way, as after `stopSignal`. */
  settled(): Promise<void>
}

/** No write is let in on a count that began longer ago. */
export const countAgeMaxMs = 36 * 60 * 60_000
/** Where a write does not fit, the bucket is counted again, but not more often than this. */
export const recountAfterMs = 5 * 60_000
/** A write that a killed process had begun is taken for one that is over after so long. */
const abandonedAfterMs = 24 * 60 * 60_000
const countTimeoutMs = 60 * 60_000
const patienceDefaultMs = 20_000

export function createQuota(parts: QuotaParts): Quota {
  const { now } = parts
  const { usage } = parts.state
  const counting = new Map<string, Promise<void>>()

  /** Those who come meanwhile share the count under way, which may have begun before they came. */
  const count = async (bucket: string): Promise<void> => {
    let running = counting.get(bucket)
    if (running === undefined) {
      running = countBucket(parts, bucket).finally(() => counting.delete(bucket))
      counting.set(bucket, running)
    }
    await running
  }

  const countNow = async (bucket: string, context: RequestContext): Promise<void> => {
    const patience = AbortSignal.timeout(parts.patienceMs ?? patienceDefaultMs)
    const running = count(bucket)
    try {
      await orAborted(running, AbortSignal.any([context.signal, patience]))
    } catch (error) {
      context.signal.throwIfAborted()
      if (!patience.aborted) throw error
      running.catch((cause: unknown) => parts.warn(`${bucket} could not be counted`, cause))
      throw new S3Error('SlowDown', {
        message: `What the bucket ${bucket} holds is being counted, for its quota. Try again later.`,
        retryAfterSeconds: 30,
      })
    }
  }

  /** `take` says whether it fits, by what is known at that moment. */
  const letIn = async (
    bucket: string,
    { sizeBytes, limitBytes }: { readonly sizeBytes: number; readonly limitBytes: number },
    context: RequestContext,
    take: () => Promise<boolean>,
  ): Promise<void> => {
    if (sizeBytes <= limitBytes) {
      if (ageOf(await usage.find(bucket), now()) > countAgeMaxMs) await countNow(bucket, context)
      if (await take()) return
      if (ageOf(await usage.find(bucket), now()) >= recountAfterMs) {
        await countNow(bucket, context)
        if (await take()) return
      }
    }
    throw new OverQuota(bucket, limitBytes)
  }

  return {
    has: (bucket) => parts.quotaOf(bucket) !== undefined,
    async countAll(buckets, signal) {
      for (const bucket of buckets) {
        try {
          await orAborted(count(bucket), signal)
        } catch (error) {
          signal.throwIfAborted()
          // Not made yet, perhaps; the others are counted all the same.
          parts.warn(`what the bucket ${bucket} holds could not be counted`, error)
        }
      }
    },
    forget: (bucket) => usage.removeBucket(bucket),
    async settled() {
      await Promise.allSettled(counting.values())
    },

    async check(bucket, sizeBytes, context) {
      const limitBytes = parts.quotaOf(bucket)
      if (limitBytes === undefined) return
      await letIn(bucket, { sizeBytes, limitBytes }, context, async () => {
        const found = await usage.find(bucket)
        return found !== undefined && sumOf(found) + sizeBytes <= limitBytes
      })
    },

    async guard(bucket, sizeBytes, context, write) {
      const limitBytes = parts.quotaOf(bucket)
      if (limitBytes === undefined) return await write()
      const id = randomUUID()
      const reservation = { id, bucket, sizeBytes, limitBytes }
      await letIn(bucket, { sizeBytes, limitBytes }, context, () =>
        usage.reserve({ ...reservation, nowMs: now() }),
      )
      const settle = async (outcome: 'stored' | 'dropped'): Promise<void> => {
        try {
          await usage.settle(id, outcome)
        } catch (error) {
          // It goes on counting as a write under way: the object is stored, and its client must hear that.
          parts.warn('a write could not be booked on the quota of its bucket', error)
        }
      }
      try {
        const result = await write()
        await settle('stored')
        return result
      } catch (error) {
        await settle(isRefusal(error) ? 'dropped' : 'stored')
        throw error
      }
    },
  }
}

async function countBucket(parts: QuotaParts, bucket: string): Promise<void> {
  const startedMs = parts.now()
  const before = await parts.state.usage.find(bucket)
  const signal = AbortSignal.any([parts.stopSignal, AbortSignal.timeout(countTimeoutMs)])
  const context = { requestId: randomUUID(), signal, counter: { upstreamCalls: 0 } }
  let countedBytes = 0
  let [after, cursor]: [string | undefined, string | undefined] = ['', undefined]
  while (after !== undefined) {
    const input = { bucket, prefix: '', delimiter: '', after, cursor, maxKeys: listObjectsMax }
    const page = await parts.bridge.listObjects(input, context)
    for (const entry of page.entries) {
      if (entry.kind === 'object') countedBytes += entry.sizeBytes
    }
    after = page.nextAfter
    cursor = page.nextCursor
  }
  const abandonedBeforeMs = startedMs - abandonedAfterMs
  const counted = { countedBytes, startedMs, before, abandonedBeforeMs }
  await parts.state.usage.setCounted(bucket, counted)
}

function ageOf(usage: BucketUsage | undefined, nowMs: number): number {
  if (usage === undefined) return Number.POSITIVE_INFINITY
  // A count from the future is of a clock that was wrong.
  return usage.countedMs > nowMs ? Number.POSITIVE_INFINITY : nowMs - usage.countedMs
}

function sumOf({ countedBytes, addedBytes, pendingBytes }: BucketUsage): number {
  return countedBytes + addedBytes + pendingBytes
}

/** Nothing was stored. After any other failure something may have been. */
function isRefusal(error: unknown): boolean {
  return error instanceof S3Error && error.status < 500
}
