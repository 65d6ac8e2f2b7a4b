// Carries lifecycle rules out: goes through the buckets that have any, and removes what is due. To delete
// wrongly is the worst that this server can do, so everything is looked at again right before, under the
// lock of its key, and every doubt keeps the object: rules that cannot be read or have changed, content that
// is not what was listed, a time of storing that Jottacloud does not tell, a clock that is not Jottacloud's.
// What is removed goes to the trash, also where deletes by clients do not.
import type { ListedObject, ListObjectsInput, ListObjectsResult, RequestContext } from './bridge.ts'
import { readKept } from './bucket-configuration.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { Buckets } from './buckets.ts'
import { type DeleteParts, deleteObject } from './delete-objects.ts'
import {
  abortOf,
  expirationOf,
  expiryDate,
  isAbout,
  type LifecycleRule,
  lifecycleConfiguration,
} from './lifecycle-rules.ts'
import { clockSkewMaxSeconds, listObjectsMax } from './limits.ts'
import { S3Error } from './s3-error.ts'
import { describeObject, type StoredObject } from './stored-object.ts'
import type { Uploads } from './uploads.ts'

export type LifecycleParts = DeleteParts & {
  readonly buckets: Pick<Buckets, 'place'>
  readonly uploads: Pick<Uploads, 'abort'>
  readonly listObjects: (
    input: ListObjectsInput,
    context: RequestContext,
  ) => Promise<ListObjectsResult>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** The same by Jottacloud's clock; `undefined` before it has answered anything. */
  readonly upstreamNow: () => number | undefined
}

export type LifecycleOptions = {
  /** Before each page of a listing and before each removal: bounds the rate. Throws to stop the run. */
  readonly pause: (before: 'page' | 'removal') => Promise<void>
}

export type LifecycleCounts = {
  readonly buckets: number
  readonly objectsExpired: number
  readonly uploadsAborted: number
  /** Listed as due, and kept when they were looked at again. */
  readonly objectsKept: number
  readonly failures: number
}

/** How far the two clocks may be apart; S3 refuses requests beyond it. */
const clockSkewMaxMs = clockSkewMaxSeconds * 1000
/** Of removals in one bucket: after so many there is something wrong with more than an object. */
const failuresMax = 20

/** Throws when the clocks differ, when `pause` throws and when the signal aborts; buckets fail by themselves. */
export async function runLifecycle(
  parts: LifecycleParts,
  options: LifecycleOptions,
  context: RequestContext,
): Promise<LifecycleCounts> {
  const counts = { buckets: 0, objectsExpired: 0, uploadsAborted: 0, objectsKept: 0, failures: 0 }
  const run: Run = { ...parts, ...options, context, counts }
  for (const { bucket, name } of await parts.state.bucketConfigurations.all()) {
    if (name !== lifecycleConfiguration.name) continue
    counts.buckets += 1
    try {
      await runBucket(run, bucket)
    } catch (error) {
      context.signal.throwIfAborted()
      if (error instanceof RunEnds) throw error
      // Its rules stay, and the next run tries again.
      counts.failures += 1
      parts.warn(`the lifecycle rules of the bucket ${bucket} could not be carried out`, error)
    }
  }
  return counts
}

/** A reason to stop everything: what holds for one bucket holds for all. */
export class RunEnds extends Error {
  override readonly name = 'RunEnds'
}

type Run = LifecycleParts &
  LifecycleOptions & {
    readonly context: RequestContext
    readonly counts: { -readonly [Name in keyof LifecycleCounts]: number }
  }

async function runBucket(run: Run, bucket: string): Promise<void> {
  const rules = await rulesOf(run, bucket)
  // Asked for first, so that Jottacloud has told its time.
  const place = await run.buckets.place(bucket, run.context)
  const { chores } = run.state
  // The key that stopped the last run: else what failed each day would keep the rules from all after it.
  const last = await chores.position(choreOf(bucket))
  for (const prefix of prefixesOf(rules)) {
    await expireObjects(run, place, { prefix, after: last?.startsWith(prefix) ? last : '' })
  }
  if (last !== undefined) await chores.setPosition(choreOf(bucket), undefined)
  if (rules.some(({ abortUploadsAfterDays: days }) => days !== undefined)) {
    await abortUploads(run, bucket)
  }
}

function choreOf(bucket: string): string {
  return `expire ${bucket}`
}

/** As they are now. Throws for rules that cannot be read. */
async function rulesOf(run: Run, bucket: string): Promise<readonly LifecycleRule[]> {
  const kept = await run.state.bucketConfigurations.find(bucket)
  return readKept(kept, lifecycleConfiguration)?.rules ?? []
}

/** What has to be listed, each part of the bucket once. */
function prefixesOf(rules: readonly LifecycleRule[]): string[] {
  const wanted = rules
    .filter((rule) => rule.status === 'Enabled' && expiryDate(rule, new Date(0)) !== undefined)
    .map(({ filter }) => filter.prefix ?? '')
  return [...new Set(wanted)].filter(
    (prefix) => !wanted.some((other) => other !== prefix && prefix.startsWith(other)),
  )
}

async function expireObjects(
  run: Run,
  place: BucketPlace,
  { prefix, after: start }: { readonly prefix: string; readonly after: string },
): Promise<void> {
  let failures = 0
  let next: Pick<ListObjectsResult, 'nextAfter' | 'nextCursor'> = { nextAfter: start }
  while (next.nextAfter !== undefined) {
    await pauseBefore(run, 'page')
    const { nextAfter: after, nextCursor: cursor } = next
    const input = { bucket: place.bucket, prefix, delimiter: '', after, cursor }
    const page: ListObjectsResult = await run.listObjects(
      { ...input, maxKeys: listObjectsMax },
      run.context,
    )
    const rules = await rulesOf(run, place.bucket)
    for (const entry of page.entries) {
      if (entry.kind !== 'object' || !mayBeDue(rules, entry, run.now())) continue
      await pauseBefore(run, 'removal')
      try {
        await expireObject(run, place, entry)
      } catch (error) {
        run.context.signal.throwIfAborted()
        if (error instanceof RunEnds) throw error
        failures += 1
        if (failures > failuresMax) {
          await run.state.chores.setPosition(choreOf(place.bucket), entry.key)
          throw error
        }
        run.counts.failures += 1
        run.warn('an object that has expired could not be removed', error)
      }
    }
    next = page
  }
}

/** By what a listing tells: tags and the time of storing are looked at later. */
function mayBeDue(rules: readonly LifecycleRule[], entry: ListedObject, nowMs: number): boolean {
  return rules.some((rule) => {
    const untagged = { ...rule, filter: { ...rule.filter, tags: [] } }
    if (rule.status !== 'Enabled' || !isAbout(untagged, { ...entry, tags: [] })) return false
    return isPast(expiryDate(rule, entry.modified), nowMs)
  })
}

async function expireObject(run: Run, place: BucketPlace, listed: ListedObject): Promise<void> {
  const { key } = listed
  const approves = async (object: StoredObject): Promise<boolean> => {
    checkClock(run)
    // By the later of the two: a time that a client gave may be long past at the upload.
    if (object.updated === undefined) return false
    const info = await describeObject(run.state, place.bucket, key, object)
    const isSame =
      info.etag === listed.etag &&
      info.sizeBytes === listed.sizeBytes &&
      info.modified.getTime() === listed.modified.getTime()
    if (!isSame) return false
    const due = expirationOf(await rulesOf(run, place.bucket), info)
    return isPast(due?.date, run.now())
  }
  const isRemoved = await deleteObject(run, place, { key, approves, mode: 'trash' }, run.context)
  run.counts[isRemoved ? 'objectsExpired' : 'objectsKept'] += 1
}

async function abortUploads(run: Run, bucket: string): Promise<void> {
  let [keyMarker, uploadIdMarker] = ['', '']
  for (;;) {
    await pauseBefore(run, 'page')
    const options = { prefix: '', keyMarker, uploadIdMarker, limit: listObjectsMax }
    const page = await run.state.uploads.list(bucket, options)
    for (const { key, uploadId, initiated } of page) {
      keyMarker = key
      uploadIdMarker = uploadId
      const due = abortOf(await rulesOf(run, bucket), { key, initiated })
      if (!isPast(due?.date, run.now())) continue
      await pauseBefore(run, 'removal')
      await abortUpload(run, { bucket, key, uploadId })
    }
    if (page.length < options.limit) return
  }
}

async function abortUpload(
  run: Run,
  upload: { readonly bucket: string; readonly key: string; readonly uploadId: string },
): Promise<void> {
  try {
    await run.uploads.abort(upload, run.context)
    run.counts.uploadsAborted += 1
  } catch (error) {
    // Completed, or given up, since it was listed: either way there is nothing to abort.
    if (!(error instanceof S3Error) || !overtaken.has(error.code)) throw error
  }
}

const overtaken: ReadonlySet<S3Error['code']> = new Set(['NoSuchUpload', 'OperationAborted'])

async function pauseBefore(run: Run, what: 'page' | 'removal'): Promise<void> {
  await run.pause(what)
  run.context.signal.throwIfAborted()
  checkClock(run)
}

/** Throws RunEnds: with a wrong clock nothing is as old as it seems. */
function checkClock({ now, upstreamNow }: Run): void {
  const upstreamMs = upstreamNow()
  if (upstreamMs === undefined) throw new RunEnds('Jottacloud does not tell its time')
  const skewMs = Math.abs(now() - upstreamMs)
  if (skewMs <= clockSkewMaxMs) return
  const minutes = Math.round(skewMs / 60_000)
  throw new RunEnds(`the clock of this machine and Jottacloud's are ${minutes} minutes apart`)
}

function isPast(date: Date | undefined, nowMs: number): boolean {
  return date !== undefined && date.getTime() <= nowMs
}
