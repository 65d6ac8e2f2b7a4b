// Deletes: to the trash or for good, as configured, and the folders that they leave empty.
import { setImmediate } from 'node:timers/promises'
import type { JottaClient, Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import type { DeleteConditions, DeleteObjectsResult, RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { asOnlyWriter } from './commit-write.ts'
import type { EmptyFolders } from './empty-folders.ts'
import type { FolderGuard } from './folder-guard.ts'
import { asS3Error } from './jotta-error.ts'
import type { KeyLocks } from './key-locks.ts'
import { checkKey } from './key-path.ts'
import { type KeyPlaces, lockLocation } from './key-places.ts'
import { untilAnswered } from './leases.ts'
import { parentOf } from './location.ts'
import { checkDeleteConditions } from './precondition.ts'
import type { S3Error } from './s3-error.ts'
import type { State } from './state/state.ts'
import { describeObject, type StoredObject } from './stored-object.ts'

export type DeleteParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly locks: KeyLocks
  readonly guard: FolderGuard
  readonly places: KeyPlaces
  readonly emptyFolders: EmptyFolders
  readonly stopSignal: AbortSignal
  /** Tells the operator of something that did not fail the request. */
  readonly warn: (message: string, cause: unknown) => void
}

/** How many keys of one DeleteObjects are worked on at once. */
const concurrentDeletes = 8

/** A key to be deleted if its object is as the conditions say. */
export type Wanted = {
  readonly key: string
  readonly conditions?: DeleteConditions | undefined
  /** Asked last, under the key's lock, with what is stored at that moment: `false` keeps it. */
  readonly approves?: (object: StoredObject) => Promise<boolean>
  /** Instead of the bucket's own way. */
  readonly mode?: BucketPlace['deleteMode']
}

/** Returns whether there was an object, and it is gone. */
export async function deleteObject(
  parts: DeleteParts,
  place: BucketPlace,
  wanted: Wanted,
  context: RequestContext,
): Promise<boolean> {
  const location = await removeFile(parts, place, wanted, context)
  if (location !== undefined) await removeEmptyFolders(parts, place, [location], context)
  return location !== undefined
}

export async function deleteObjects(
  parts: DeleteParts,
  place: BucketPlace,
  wanted: readonly Wanted[],
  context: RequestContext,
): Promise<DeleteObjectsResult> {
  const results = wanted.map((one): Wanted & { error: S3Error | undefined } => {
    return { ...one, error: undefined }
  })
  const removed = new Map<string, Location>()
  const waiting = results.values()
  const work = async (): Promise<void> => {
    for (const result of waiting) {
      // Keys that are known not to be there ask nobody: without this, nothing else would have its turn until the last.
      await setImmediate()
      try {
        const location = await removeFile(parts, place, result, context)
        // One of each folder is enough.
        if (location === undefined) continue
        parts.emptyFolders.forget(location)
        removed.set(placeName(parentOf(location)), location)
      } catch (error) {
        context.signal.throwIfAborted()
        result.error = asS3Error(error)
        if (result.error.code === 'InternalError') parts.warn('a delete failed', error)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrentDeletes }, work))
  await removeEmptyFolders(parts, place, [...removed.values()], context)
  return results.map(({ key, error }) => ({ key, error }))
}

/** Returns where the file was; `undefined` when there was none to delete. */
async function removeFile(
  parts: DeleteParts,
  place: BucketPlace,
  { key, conditions, approves, mode = place.deleteMode }: Wanted,
  context: RequestContext,
): Promise<Location | undefined> {
  checkKey(key)
  return await asOnlyWriter(parts, lockLocation(place, key), context, async (held) => {
    // Looked at first: the verb must match what is there, and the casing must be the key's own.
    const found = await parts.places.find(place, key, context)
    if (found === undefined) return undefined
    const { location, object } = found
    if (conditions !== undefined) {
      checkDeleteConditions(
        conditions,
        await describeObject(parts.state, place.bucket, key, object),
      )
    }
    if (approves !== undefined && !(await approves(object))) return undefined
    await held.check()
    await parts.jotta.removeFile(location, mode, { ...context, signal: untilAnswered(held) })
    const isHeld = await held.check().then(
      () => true,
      () => false,
    )
    // Otherwise what is kept may be a later write's; a record whose content is gone does no harm.
    if (isHeld) await parts.state.objects.remove(place.bucket, key)
    return location
  })
}

async function removeEmptyFolders(
  parts: DeleteParts,
  place: BucketPlace,
  locations: readonly Location[],
  context: RequestContext,
): Promise<void> {
  const waiting = locations.values()
  const work = async (): Promise<void> => {
    for (const location of waiting) {
      try {
        await parts.emptyFolders.removeAbove(place, location, context)
      } catch (error) {
        // The objects are gone, which is what was asked; an empty folder loses nothing.
        context.signal.throwIfAborted()
        parts.warn('a folder that a delete left empty could not be removed', error)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrentDeletes }, work))
}
