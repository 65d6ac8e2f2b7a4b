// Settles the records that failed or killed writes left staged: under the lock of its key, what Jottacloud has there
// says which of them describes an object, if any. That one is committed. The others are forgotten once nothing that
// their writes have begun can come true any more.
import { z } from 'zod'
import type { ObjectAddress, RequestContext } from './bridge.ts'
import type { Buckets } from './buckets.ts'
import { asOnlyWriter, type WriteParts } from './commit-write.ts'
import { asS3Error } from './jotta-error.ts'
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
/** After so many that are not about their key there is something wrong with more than that, or it seems so. */
const failuresMax = 20
const choreName = 'left records'

export type LeftRecordsParts = Pick<
  WriteParts,
  'locks' | 'guard' | 'places' | 'stopSignal' | 'now'
> & {
  readonly state: {
    readonly objects: Pick<State['objects'], 'leftStaged' | 'settle'>
    readonly chores: Pick<State['chores'], 'position' | 'setPosition'>
  }
  readonly buckets: Pick<Buckets, 'place'>
  readonly warn: (message: string, cause: unknown) => void
}

export type LeftRecordsCounts = { readonly keys: number; readonly failures: number }

/**
 * `pause` comes before each key and bounds the rate; it throws to stop the run. What stops before the end goes on there
 * the next time: else what failed each day, and whoever stops the server each day, would keep the look from all after.
 */
export async function settleLeftRecords(
  parts: LeftRecordsParts,
  pause: () => Promise<void>,
  context: RequestContext,
): Promise<LeftRecordsCounts> {
  const counts = { keys: 0, failures: 0 }
  let failuresOfAll = 0
  const beforeMs = parts.now() - settledAfterMs
  /** As Jottacloud says, or the settings: should they come back, so does what is kept of them. */
  const missing = new Set<string>()
  const { chores, objects } = parts.state
  let last = parsePosition(await chores.position(choreName))
  try {
    for await (const each of objects.leftStaged(beforeMs, parts.now, last)) {
      const { bucket, key } = each
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
        if (!isAboutKey(error)) failuresOfAll += 1
      }
      last = each
      if (failuresOfAll > failuresMax) return counts
    }
    last = undefined
    return counts
  } finally {
    await chores.setPosition(choreName, last && JSON.stringify([last.bucket, last.key]))
  }
}

function parsePosition(text: string | undefined): ObjectAddress | undefined {
  if (text === undefined) return undefined
  const [bucket, key] = position.parse(JSON.parse(text))
  return { bucket, key }
}

const position = z.tuple([z.string(), z.string()])

/** Such a failure is there each day, and says nothing of other keys. */
function isAboutKey(error: unknown): boolean {
  const { code, status } = asS3Error(error)
  // Jottacloud refuses access to all of an account that is locked.
  return status < 500 && code !== 'AccessDenied'
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
