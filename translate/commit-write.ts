// The commit of a write: the moment an object changes. One writer of a key at a time, preconditions judged
// on what is there now, metadata staged before and committed after, success only as Jottacloud confirms.
import type { Readable } from 'node:stream'
import type { CallOptions, JottaClient, Location } from '../jotta/client.ts'
import { JottaError } from '../jotta/jotta-error.ts'
import { placeName } from '../jotta/path.ts'
import type { FileEntry } from '../jotta/wire.ts'
import type { Conditions, ObjectAddress, RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { Buckets } from './buckets.ts'
import type { FolderGuard } from './folder-guard.ts'
import { isJottaError } from './jotta-error.ts'
import type { KeyLocks } from './key-locks.ts'
import { foldName } from './key-path.ts'
import { type KeyPlaces, lockLocation, type Target } from './key-places.ts'
import { type Held, heldTogether } from './leases.ts'
import { isSamePlace, parentOf } from './location.ts'
import { isSameContent, MisplacedWrite, takeBack } from './misplaced-write.ts'
import type { FolderUse, NewFolders } from './new-folders.ts'
import { modifiedOf } from './object-time.ts'
import type { ParentFolders } from './parent-folders.ts'
import { checkWriteConditions } from './precondition.ts'
import type { Replacing } from './replacing.ts'
import { S3Error } from './s3-error.ts'
import type { NewObjectRecord } from './state/records.ts'
import type { State } from './state/state.ts'
import { describeObject, findObject, isExactly } from './stored-object.ts'

export type WriteParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly locks: KeyLocks
  readonly guard: FolderGuard
  readonly parents: ParentFolders
  readonly places: KeyPlaces
  readonly newFolders: NewFolders
  readonly replacing: Replacing
  readonly buckets: Pick<Buckets, 'confirm'>
  /** The server stops: what is under way is not waited for any more. */
  readonly stopSignal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What is to be stored, and how its bytes are had when Jottacloud lacks them. */
export type WriteInput = {
  readonly record: NewObjectRecord
  readonly conditions: Conditions
  readonly openContent: (offset: number) => Readable | Promise<Readable>
}

/** Stores content under a record's key. Returns the time that the object now carries. */
export async function commitWrite(
  parts: WriteParts,
  place: BucketPlace,
  input: WriteInput,
  context: RequestContext | HeldContext,
): Promise<{ readonly modified: Date }> {
  return await withTarget(parts, place, input, context, async (target, held) => {
    const modified = modifiedOf(place, input.record.metadata, parts.now())
    const store = async (at: Location): Promise<FileEntry> => {
      try {
        return await parts.jotta.upload(
          at,
          {
            sizeBytes: input.record.sizeBytes,
            md5: input.record.md5,
            created: modified,
            modified,
            onExisting: isCreateOnly(input.conditions) ? 'reject' : 'new-revision',
            openContent: input.openContent,
          },
          held,
        )
      } catch (error) {
        if (isCreateOnly(input.conditions) && isJottaError(error, 'conflict')) {
          throw new S3Error('PreconditionFailed', {
            elements: { Condition: 'If-None-Match' },
            cause: error,
          })
        }
        throw error
      }
    }
    await commitRecord(parts, place, { record: input.record, target, store }, held)
    return { modified }
  })
}

/**
 * As `asOnlyWriter` of a key, with the place that it is written to, whose folders exist. Those that were made for
 * it are removed again when `act` fails, unless something came into them.
 */
export async function withTarget<T>(
  parts: TargetParts,
  place: BucketPlace,
  wanted: Pick<WriteInput, 'record' | 'conditions'>,
  context: RequestContext | HeldContext,
  act: (target: Target, held: HeldContext) => Promise<T>,
): Promise<T> {
  const use = parts.newFolders.begin()
  try {
    const location = lockLocation(place, wanted.record.key)
    return await asOnlyWriter(parts, location, context, async (held) => {
      await parts.buckets.confirm(place.bucket, held)
      const tryAt = async (target: Target): Promise<T> => {
        const done = await act(target, held)
        use.stored(target.location)
        return done
      }
      const target = await chooseTarget(parts, place, wanted, use, held)
      try {
        return await tryAt(target)
      } catch (error) {
        const isMisplaced = error instanceof MisplacedWrite
        if (!isMisplaced && !isInTheWay(error)) throw error
        // Where this process has seen a folder lately, there may be a file by now, or the folder in another casing.
        const { root } = place
        const top = target.location.path.slice(0, root.path.length + 1)
        parts.parents.forget({ ...root, path: top })
        const now = await chooseTarget(parts, place, wanted, use, held)
        if (!isMisplaced && isSamePlace(now.location, target.location)) throw error
        return await tryAt(now)
      }
    })
  } finally {
    await use.end(place, context)
  }
}

type TargetParts = Pick<
  WriteParts,
  'locks' | 'guard' | 'parents' | 'places' | 'newFolders' | 'buckets' | 'state' | 'stopSignal'
>

async function chooseTarget(
  parts: TargetParts,
  place: BucketPlace,
  { record, conditions }: Pick<WriteInput, 'record' | 'conditions'>,
  use: FolderUse,
  context: HeldContext,
): Promise<Target> {
  const { key } = record
  const target = await parts.places.choose(place, key, context)
  // Before any folder is made for what is refused.
  await checkTarget(parts, target, record, conditions)
  if (target.missing === undefined) {
    use.goesTo(target.location)
    return target
  }
  const made = await makeWay(parts, place, key, target.missing.segmentCount, use, context)
  await checkTarget(parts, made, record, conditions)
  return made
}

/** Jottacloud stored nothing, because of what is at the place or on the way there. */
function isInTheWay(error: unknown): boolean {
  const isCreate = error instanceof S3Error && error.code === 'PreconditionFailed'
  return isJottaError(isCreate ? error.cause : error, 'conflict')
}

/**
 * Makes the folders on a key's way. The name of the topmost one may be another key's, whose lock is taken:
 * always that of a shorter name than those that are held, so that no two wait for each other.
 */
async function makeWay(
  parts: Pick<WriteParts, 'locks' | 'places'>,
  place: BucketPlace,
  key: string,
  segmentCount: number,
  use: FolderUse,
  context: HeldContext,
): Promise<Target> {
  const choose = async (held: HeldContext): Promise<Target> => {
    const target = await parts.places.choose(place, key, held)
    use.goesTo(target.location)
    await parts.places.makeFolders(place.root, target, held)
    return target
  }
  const isOwnName = segmentCount >= key.split('/').length
  if (isOwnName) return await choose(context)
  const name = lockName(lockLocation(place, key, segmentCount))
  return await parts.locks.withLock(name, context, async (lock) => {
    const { check, lost } = heldTogether(context, lock)
    return await choose({
      ...context,
      check,
      lost,
      signal: AbortSignal.any([context.signal, lost]),
    })
  })
}

/** A request that holds locks: its signal ends with them too. */
export type HeldContext = RequestContext & Held & Pick<CallOptions, 'answerSignal'>

/**
 * Holds the key's lock, and keeps the folders on its way from being removed. What is held already stays a condition.
 * Both are held until what `act` has sent is answered, also when the client goes: Jottacloud may well carry it out
 * then, and must not do so after what the next holder writes.
 */
export async function asOnlyWriter<T>(
  parts: Pick<WriteParts, 'locks' | 'guard' | 'stopSignal'>,
  location: Location,
  context: RequestContext | HeldContext,
  act: (held: HeldContext) => Promise<T>,
): Promise<T> {
  return await parts.locks.withLock(lockName(location), context, async (lock) => {
    await using entered = await parts.guard.enter(location, context.signal)
    const outer = 'check' in context ? [context] : []
    const { check, lost } = heldTogether(...outer, lock, entered)
    const signal = AbortSignal.any([context.signal, lost])
    return await act({ ...context, check, lost, signal, answerSignal: parts.stopSignal })
  })
}

/**
 * Waits while a request that its client gave up keeps the key, and throws what `asOnlyWriter` would then. To be asked
 * before a body is taken, which would be in vain: those whom it may itself wait for have clients.
 */
export async function outwaitGivenUp(
  parts: Pick<WriteParts, 'locks'>,
  location: Location,
  context: RequestContext,
): Promise<void> {
  await parts.locks.outwaitGivenUp(lockName(location), context)
}

/** Judges the preconditions on what a write would replace. */
async function checkTarget(
  parts: Pick<WriteParts, 'state'>,
  { object }: Target,
  address: ObjectAddress,
  conditions: Conditions,
): Promise<void> {
  if (Object.keys(conditions).length === 0) return
  const existing =
    object === undefined
      ? undefined
      : await describeObject(parts.state, address.bucket, address.key, object)
  checkWriteConditions(conditions, existing)
}

type CommitInput = {
  readonly record: NewObjectRecord
  readonly target: Target
  /** Puts the record's content at a place, which is the key's own or one on the way to it. */
  readonly store: (location: Location) => Promise<FileEntry>
}

/** Stages the metadata, lets `store` change Jottacloud, checks where that landed, and commits. */
export async function commitRecord(
  parts: WriteParts,
  place: BucketPlace,
  input: CommitInput,
  context: HeldContext,
): Promise<void> {
  const { location } = input.target
  const writeId = await parts.state.objects.stage(input.record, parts.now())
  await context.check().catch(async (error: unknown) => {
    await parts.state.objects.discard(writeId)
    throw error
  })
  const entry = await storeStaged(parts, place, { ...input, writeId }, context)
  if (!isExactly(entry, location)) {
    return await takeBack(parts.jotta, input.target, input.record, context).catch(async (error) => {
      await parts.state.objects[error instanceof MisplacedWrite ? 'discard' : 'leave'](writeId)
      throw error
    })
  }
  await parts.state.objects.commit(writeId)
  parts.parents.remember(parentOf(location))
  await parts.places.stored(input.target)
}

/**
 * Runs `store`. A failure leaves the staged record where it does not tell whether the content was
 * stored: a record that describes content which is not there is never shown. What is known not to be
 * there would only pile up, and so would one record for each try.
 */
async function storeStaged(
  parts: WriteParts,
  place: BucketPlace,
  staged: CommitInput & { readonly writeId: string },
  context: HeldContext,
): Promise<FileEntry> {
  const { record, store } = staged
  const { location, object } = staged.target
  try {
    if (place.versions === 'keep' || object === undefined || isSameContent(object, record)) {
      return await store(location)
    }
    return await parts.replacing.replace(place, location, store, context)
  } catch (error) {
    const isCreate = error instanceof S3Error && error.code === 'PreconditionFailed'
    let mayBeStored = !isCreate && !(error instanceof MisplacedWrite)
    if (isRefusal(error)) {
      const now = await findObject(parts.jotta, location, context)
      mayBeStored = now !== undefined && isSameContent(now, record)
    }
    await parts.state.objects[mayBeStored ? 'leave' : 'discard'](staged.writeId)
    throw await explainMissing(parts.jotta, place.root, error, context)
  }
}

/** What a write that failed with `not-found` misses: it makes all but the bucket. Other failures stay. */
export async function explainMissing(
  jotta: JottaClient,
  root: Location,
  error: unknown,
  context: RequestContext,
): Promise<unknown> {
  if (!isJottaError(error, 'not-found')) return error
  const entry = await jotta.stat(root, context)
  const isGone = entry === undefined || entry.deleted
  return new S3Error(isGone ? 'NoSuchBucket' : 'OperationAborted', { cause: error })
}

/** Jottacloud said no, rather than nothing. An earlier try may have been carried out all the same. */
function isRefusal(error: unknown): boolean {
  return error instanceof JottaError && refusals.has(error.kind)
}

const refusals = new Set<JottaError['kind']>([
  'not-found',
  'conflict',
  'invalid-name',
  'forbidden',
  'quota',
  'corrupt',
])

function isCreateOnly(conditions: Conditions): boolean {
  return conditions.ifNoneMatch?.includes('*') === true
}

/**
 * Folded: keys that Jottacloud cannot tell apart must not be written at once. A new name would let processes of
 * earlier versions, which run beside this one during an upgrade, write at once with it.
 */
function lockName(location: Location): string {
  return `object/${placeName({ ...location, path: location.path.map(foldName) })}`
}
