// Writes that keep no versions. Jottacloud makes a revision of whatever is written over, so what is there
// is removed for good instead. The new content goes whole into the bridge's own folder before, and is moved
// into place after: the key is absent for the moment between, and a crash in it leaves the new content,
// which the next process moves into place before it uses the bucket.
//
//   ‛jotta-s3/replacing/<time>-<uuid>/<path of the key>
import { randomUUID } from 'node:crypto'
import type { CallOptions, JottaClient, Location } from '../jotta/client.ts'
import { JottaError } from '../jotta/jotta-error.ts'
import { placeName } from '../jotta/path.ts'
import type { Entry, FileEntry } from '../jotta/wire.ts'
import type { RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { asOnlyWriter, type HeldContext } from './commit-write.ts'
import type { FolderFacts } from './folder-facts.ts'
import type { FolderGuard } from './folder-guard.ts'
import { isJottaError } from './jotta-error.ts'
import { keyAt } from './key-folder.ts'
import { type KeyLocks, orAborted } from './key-locks.ts'
import { RESERVED_FOLDER } from './key-path.ts'
import { lockLocation } from './key-places.ts'
import { parentOf } from './location.ts'
import { MisplacedWrite } from './misplaced-write.ts'
import type { ParentFolders } from './parent-folders.ts'
import { S3Error } from './s3-error.ts'
import {
  findForWrite,
  findObject,
  isExactly,
  readableObject,
  type StoredObject,
} from './stored-object.ts'

export type ReplacingParts = {
  readonly jotta: JottaClient
  /** `read-only` leaves what crashes left where it is, which must keep nobody from reading the rest. */
  readonly access: 'full' | 'read-only'
  readonly locks: KeyLocks
  readonly guard: FolderGuard
  readonly parents: ParentFolders
  readonly facts: Pick<FolderFacts, 'met' | 'added'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly stopSignal: AbortSignal
  /** Tells the operator of something that did not fail the request. */
  readonly warn: (message: string, cause: unknown) => void
}

export interface Replacing {
  /**
   * Finishes what crashes and failures left of earlier replacements in a bucket: once in a process, and
   * again after each failure. Until it has succeeded the bucket must not be used.
   */
  settle(place: Pick<BucketPlace, 'root' | 'encoding'>, context: RequestContext): Promise<void>
  /**
   * Replaces the file at `target`, with its key's lock held. `store` puts the new content at the place
   * it is given, whose folder exists. Throws with the old file in place until that is done.
   */
  replace(
    place: Pick<BucketPlace, 'root'>,
    target: Location,
    store: (location: Location) => Promise<FileEntry>,
    context: HeldContext,
  ): Promise<FileEntry>
}

/** The removal and the move go on when the client goes away: nobody may stop between them. */
const swapTimeoutMs = 10 * 60_000
const settleTimeoutMs = 10 * 60_000
/** For the removal, which must also happen when the request was aborted. */
const cleanUpTimeoutMs = 60_000
/** A replacement of another process that stored nothing whole in so long is not under way any more. */
const abandonedAfterMs = 24 * 60 * 60_000

export function createReplacing(parts: ReplacingParts): Replacing {
  const { jotta } = parts
  /** Root -> its settling, under way or done. */
  const settled = new Map<string, Promise<void>>()

  const cleanUp = async (run: Location, context: RequestContext): Promise<void> => {
    try {
      await jotta.removeFolder(run, 'permanent', within(context, cleanUpTimeoutMs))
    } catch (error) {
      parts.warn('a folder of a replaced object could not be removed', error)
    }
  }

  return {
    async settle({ root, encoding }, context) {
      if (parts.access === 'read-only') return
      const name = placeName(root)
      let settling = settled.get(name)
      if (settling === undefined) {
        // Shared by all who wait for it, so it is not ended with the first of them.
        settling = settleBucket(parts, { root, encoding }, within(context, settleTimeoutMs))
        settled.set(name, settling)
        settling.catch(() => settled.delete(name))
      }
      await orAborted(settling, context.signal)
    },

    async replace({ root }, target, store, context) {
      const run = at(root, `${parts.now()}-${randomUUID()}`)
      const from = { ...run, path: [...run.path, ...target.path.slice(root.path.length)] }
      let stored: FileEntry
      try {
        await jotta.createFolder(parentOf(from), context)
        stored = await store(from)
        context.signal.throwIfAborted()
        // It may be another key's by now, since the content may have taken long.
        const entry = await jotta.stat(target, context)
        if (entry !== undefined && !entry.deleted && !isExactly(entry, target)) {
          throw new MisplacedWrite()
        }
        await context.check()
      } catch (error) {
        await cleanUp(run, context)
        throw error
      }
      try {
        const swap = within(context, swapTimeoutMs)
        await jotta.removeFile(target, 'permanent', swap)
        const { md5 } = stored.current ?? {}
        const moved = await moveIntoPlace(jotta, from, target, md5, swap)
        await cleanUp(run, context)
        return moved
      } catch (error) {
        settled.delete(placeName(root))
        // NOTE: no JottaError, from which callers would conclude that nothing was stored.
        throw new S3Error('ServiceUnavailable', {
          message: 'Jottacloud failed while the object was replaced. Try again.',
          cause: error,
        })
      }
    },
  }
}

/** Whatever becomes of the request, and no longer than that. */
function within(context: RequestContext, limitMs: number): RequestContext & CallOptions {
  return { ...context, signal: AbortSignal.timeout(limitMs), answerSignal: undefined }
}

type SettledPlace = Pick<BucketPlace, 'root' | 'encoding'>

async function settleBucket(
  parts: ReplacingParts,
  place: SettledPlace,
  context: RequestContext,
): Promise<void> {
  const { root } = place
  const runs: string[] = []
  try {
    for await (const entry of parts.jotta.list(at(root), context)) {
      if (entry.kind === 'folder' && !entry.deleted) runs.push(entry.name)
    }
  } catch (error) {
    // Usually nothing was ever replaced here.
    if (!isJottaError(error, 'not-found')) throw error
  }
  // The latest first: should two be for one key, it is the one to be moved.
  for (const run of runs.sort().reverse()) await settleRun(parts, place, run, context)
}

async function settleRun(
  parts: ReplacingParts,
  place: SettledPlace,
  name: string,
  context: RequestContext,
): Promise<void> {
  const { root } = place
  const beganMs = Number(/^(\d{13})-/.exec(name)?.[1])
  if (Number.isNaN(beganMs)) return
  const run = at(root, name)
  let isEmpty = true
  for (const path of await filesBelow(parts.jotta, run, context)) {
    isEmpty = false
    await settleFile(parts, place, run, path, context)
  }
  // What was never whole replaced nothing. A process that is still at it would miss its folder.
  if (isEmpty && beganMs < parts.now() - abandonedAfterMs) {
    await parts.jotta.removeFolder(run, 'permanent', context)
  }
}

/** One at most, but for what others put there. */
async function filesBelow(
  jotta: JottaClient,
  run: Location,
  context: RequestContext,
): Promise<string[][]> {
  const paths: string[][] = []
  try {
    for await (const entry of jotta.listTree(run, context)) {
      if (entry.kind === 'file') paths.push([...entry.path, entry.name])
    }
  } catch (error) {
    // Finished meanwhile.
    if (!isJottaError(error, 'not-found')) throw error
  }
  return paths
}

/**
 * Where the old file is gone, the new one takes its place. Where a file is, the write was never confirmed
 * to anybody, or somebody wrote after it: that file stays, and the unconfirmed content goes to the trash.
 */
async function settleFile(
  parts: ReplacingParts,
  { root, encoding }: SettledPlace,
  run: Location,
  path: readonly string[],
  context: RequestContext,
): Promise<void> {
  const key = keyAt(path, encoding)
  if (key === undefined) return
  const from = { ...run, path: [...run.path, ...path] }
  const target = { ...root, path: [...root.path, ...path] }
  try {
    await asOnlyWriter(parts, lockLocation({ root, encoding }, key), context, async (held) => {
      const content = await findObject(parts.jotta, from, context)
      if (content === undefined) return
      const { object, seen } = await findForWrite(parts.jotta, target, context)
      if (object !== undefined) {
        await held.check()
        await parts.jotta.removeFolder(run, 'trash', context)
        return
      }
      // As every write does before it begins: others may have seen these folders without such names since.
      await parts.facts.met(target, path.length)
      await parts.parents.ensure(root, target, context)
      await held.check()
      if (seen) await overwrite(parts.jotta, from, target, content, context)
      else await moveIntoPlace(parts.jotta, from, target, content.md5, context)
      parts.parents.remember(parentOf(target))
      await parts.facts.added(target)
      await parts.jotta.removeFolder(run, 'permanent', context)
    })
  } catch (error) {
    // Another key is in its place by now. Nothing is lost: it stays where it is.
    if (!(error instanceof S3Error)) throw error
    parts.warn(`an object that was being replaced cannot be moved to ${path.join('/')}`, error)
  }
}

/** Another process that finishes what it takes for left over does no harm: the file is where it belongs. */
async function moveIntoPlace(
  jotta: JottaClient,
  from: Location,
  target: Location,
  md5: string | undefined,
  context: RequestContext,
): Promise<FileEntry> {
  let moved: Entry | undefined
  try {
    moved = await jotta.moveFile(from, target, context)
  } catch (error) {
    if (!isJottaError(error, 'not-found')) throw error
    moved = await jotta.stat(target, context)
  }
  if (moved?.kind === 'file' && readableObject(moved)?.md5 === md5) return moved
  throw new JottaError('protocol', 'a replaced object did not come to its place')
}

/** What is there is no object, an upload that never ended, but moving onto it is moving onto a file. */
async function overwrite(
  jotta: JottaClient,
  from: Location,
  target: Location,
  content: StoredObject,
  context: RequestContext,
): Promise<void> {
  const times = { created: content.modified, modified: content.modified }
  const made = await jotta.createByHash(target, { ...content, ...times }, context)
  if (made === undefined) await jotta.copyFile(from, target, context)
}

function at(root: Location, ...path: string[]): Location {
  return { ...root, path: [...root.path, RESERVED_FOLDER, 'replacing', ...path] }
}
