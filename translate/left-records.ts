// Settles the records that failed or killed writes left staged: under the lock of its key, what Jottacloud has there
// says which of them describes an object, if any. That one is committed. The others are forgotten once nothing that
// their writes have begun can come true any more.
import type { RequestContext } from './bridge.ts'
import type { Buckets } from './buckets.ts'
import { asOnlyWriter, type WriteParts } from './commit-write.ts'
import { lockLocation } from './key-places.ts'
import { S3Error } from './s3-error.ts'
import type { State } from './state/state.ts'

const dayMs = 24 * 60 * 60_000
/** No writer lives on or is carried out late for so long without its key's lock. */
const settledAfterMs = dayMs
/** What is not there may come back from the trash, which keeps it for 30 days (jottacloud-api.md 6.2). */
const forgottenAfterMs = 35 * dayMs
/** A key whose writer is at work is looked at the next day. */
const patienceMs = 60_000
/** After so many there is something wrong with more than a key. */
const failuresMax = 20

export type LeftRecordsParts = Pick<
  WriteParts,
  'locks' | 'guard' | 'places' | 'stopSignal' | 'now'
> & {
  readonly state: { readonly objects: Pick<State['objects'], 'leftStaged' | 'settle'> }
  readonly buckets: Pick<Buckets, 'place'>
  readonly warn: (message: string, cause: unknown) => void
}

export type LeftRecordsCounts = { readonly keys: number; readonly failures: number }

/** `pause` comes before each key and bounds the rate; it throws to stop the run. */
export async function settleLeftRecords(
  parts: LeftRecordsParts,
  pause: () => Promise<void>,
  context: RequestContext,
): Promise<LeftRecordsCounts> {
  const counts = { keys: 0, failures: 0 }
  const beforeMs = parts.now() - settledAfterMs
  /** As Jottacloud says, or the settings: should they come back, so does what is kept of them. */
  const missing = new Set<string>()
  for await (const { bucket, key } of parts.state.objects.leftStaged(beforeMs)) {
    if (missing.has(bucket)) continue
    await pause()
    context.signal.throwIfAborted()
    try {
      await settleKey(parts, bucket, key, context)
      counts.keys += 1
    } catch (error) {
      context.signal.throwIfAborted()
      if (error instanceof S3Error && error.code === 'NoSuchBucket') {
        missing.add(bucket)
        continue
      }
      counts.failures += 1
      parts.warn('metadata that a failed write left could not be looked at', error)
      if (counts.failures > failuresMax) break
    }
  }
  return counts
}

async function settleKey(
  parts: LeftRecordsParts,
  bucket: string,
  key: string,
  context: RequestContext,
): Promise<void> {
  const place = await parts.buckets.place(bucket, context)
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(patienceMs)])
  await asOnlyWriter(parts, lockLocation(place, key), { ...context, signal }, async (held) => {
    const object = (await parts.places.find(place, key, held))?.object
    await held.check()
    const ageMs = object === undefined ? forgottenAfterMs : settledAfterMs
    await parts.state.objects.settle(bucket, key, object, parts.now() - ageMs)
  })
}
