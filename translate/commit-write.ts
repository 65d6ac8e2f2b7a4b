// The commit of a write: the moment an object changes. One writer of a key at a time, preconditions judged
// on what is there now, metadata staged before and committed after, success only as Jottacloud confirms.
import type { Readable } from 'node:stream'
import type { JottaClient, Location } from '../jotta/client.ts'
import { JottaError } from '../jotta/jotta-error.ts'
import type { FileEntry } from '../jotta/wire.ts'
import type { Conditions, ObjectAddress, RequestContext } from './bridge.ts'
import type { FolderGuard } from './folder-guard.ts'
import { isJottaError } from './jotta-error.ts'
import type { KeyLocks } from './key-locks.ts'
import { foldName } from './key-path.ts'
import type { ParentFolders } from './parent-folders.ts'
import { checkWriteConditions } from './precondition.ts'
import { S3Error } from './s3-error.ts'
import type { ObjectRecord, State } from './state/state.ts'
import {
  describeObject,
  findForWrite,
  findObject,
  isExactly,
  type StoredObject,
} from './stored-object.ts'

export type WriteParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly locks: KeyLocks
  readonly guard: FolderGuard
  readonly parents: ParentFolders
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What is to be stored, and how its bytes are had when Jottacloud lacks them. */
export type WriteInput = {
  readonly record: ObjectRecord
  readonly conditions: Conditions
  readonly openContent: (offset: number) => Readable | Promise<Readable>
}

/** Stores content under a key. Returns the time that the object now carries. */
export async function commitWrite(
  parts: WriteParts,
  location: Location,
  input: WriteInput,
  context: RequestContext,
): Promise<{ readonly modified: Date }> {
  return await asOnlyWriter(parts, location, context, async () => {
    await checkTarget(parts, location, input.record, input.conditions, context)
    await parts.parents.check(location, context)
    const modified = wholeSecond(parts.now())
    const store = async (): Promise<FileEntry> => {
      try {
        return await parts.jotta.upload(
          location,
          {
            sizeBytes: input.record.sizeBytes,
            md5: input.record.md5,
            created: modified,
            modified,
            onExisting: isCreateOnly(input.conditions) ? 'reject' : 'new-revision',
            openContent: input.openContent,
          },
          context,
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
    await commitRecord(parts, location, input.record, store, context)
    return { modified }
  })
}

/** Holds the key's lock, and keeps the folders on its way from being removed. */
export async function asOnlyWriter<T>(
  parts: Pick<WriteParts, 'locks' | 'guard'>,
  location: Location,
  context: RequestContext,
  act: () => Promise<T>,
): Promise<T> {
  return await parts.locks.withLock(lockName(location), context.signal, async () => {
    const leave = await parts.guard.enter(location, context.signal)
    try {
      return await act()
    } finally {
      leave()
    }
  })
}

/** Judges the preconditions on what a write would replace. Throws when it belongs to another key. */
export async function checkTarget(
  parts: WriteParts,
  location: Location,
  address: ObjectAddress,
  conditions: Conditions,
  context: RequestContext,
): Promise<StoredObject | undefined> {
  const { object, seen } = await findForWrite(parts.jotta, location, context)
  if (seen) parts.parents.remember(location)
  if (Object.keys(conditions).length > 0) {
    const existing =
      object === undefined
        ? undefined
        : await describeObject(parts.state, address.bucket, address.key, object)
    checkWriteConditions(conditions, existing)
  }
  return object
}

/** Stages the metadata, lets `store` change Jottacloud, checks where that landed, and commits. */
export async function commitRecord(
  parts: WriteParts,
  location: Location,
  record: ObjectRecord,
  store: () => Promise<FileEntry>,
  context: RequestContext,
): Promise<void> {
  const writeId = await parts.state.objects.stage(record)
  const entry = await storeStaged(parts, location, { writeId, record }, store, context)
  if (!isExactly(entry, location)) {
    // Somebody changed a folder's casing between the check and now.
    throw new S3Error('KeyCaseConflict')
  }
  await parts.state.objects.commit(writeId)
  parts.parents.remember(location)
}

/**
 * Runs `store`. A failure leaves the staged record where it does not tell whether the content was
 * stored: a record that describes content which is not there is never shown. What is known not to be
 * there would only pile up.
 */
async function storeStaged(
  parts: WriteParts,
  location: Location,
  staged: { readonly writeId: string; readonly record: ObjectRecord },
  store: () => Promise<FileEntry>,
  context: RequestContext,
): Promise<FileEntry> {
  try {
    return await store()
  } catch (error) {
    if (error instanceof S3Error && error.code === 'PreconditionFailed') {
      await parts.state.objects.discard(staged.writeId)
    } else if (isRefusal(error)) {
      const object = await findObject(parts.jotta, location, context)
      const { md5, sizeBytes } = staged.record
      const isStored = object?.md5 === md5 && object.sizeBytes === sizeBytes
      if (!isStored) await parts.state.objects.discard(staged.writeId)
    }
    throw await explainMissing(parts.jotta, location, error, context)
  }
}

/** What a write that failed with `not-found` misses: it makes all but the bucket. Other failures stay. */
export async function explainMissing(
  jotta: JottaClient,
  location: Location,
  error: unknown,
  context: RequestContext,
): Promise<unknown> {
  if (!isJottaError(error, 'not-found')) return error
  const root = await jotta.stat({ ...location, path: [] }, context)
  const isGone = root === undefined || root.deleted
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

/** Jottacloud's times are whole seconds; a later one would differ between reply and listing. */
export function wholeSecond(timeMs: number): Date {
  return new Date(Math.floor(timeMs / 1000) * 1000)
}

function isCreateOnly(conditions: Conditions): boolean {
  return conditions.ifNoneMatch?.includes('*') === true
}

/** Folded: keys that Jottacloud cannot tell apart must not be written at once. */
function lockName(location: Location): string {
  return ['object', location.device, location.mountpoint, ...location.path.map(foldName)].join('/')
}
