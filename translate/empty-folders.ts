// Removes folders that the bridge's own deletes, and writes that failed, left empty, always to the trash. S3 has no
// folders: what is left of `a/b` after its delete would show up as the prefix `a/` and stand in the way of a key `a`.
import { setTimeout } from 'node:timers/promises'
import type { JottaClient, Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { FolderFacts } from './folder-facts.ts'
import type { FolderGuard } from './folder-guard.ts'
import { createFolderOccupants } from './folder-occupants.ts'
import { isJottaError } from './jotta-error.ts'
import { folderAt, isStructural, type KeyFolder } from './key-folder.ts'
import { lockLocation } from './key-places.ts'
import { type Held, untilAnswered } from './leases.ts'
import { parentOf } from './location.ts'
import type { ParentFolders } from './parent-folders.ts'

export interface EmptyFolders {
  /**
   * After a delete at `location`: removes its parent if that is empty now, then the parent's parent, and
   * so on below the bucket's root.
   */
  removeAbove(
    place: Pick<BucketPlace, 'root' | 'encoding'>,
    location: Location,
    context: RequestContext,
  ): Promise<void>
  /** One folder, if it is empty and nobody is in it. */
  removeIfEmpty(
    place: Pick<BucketPlace, 'root' | 'encoding'>,
    folder: Location,
    only: Only,
    context: RequestContext,
  ): Promise<Outcome>
  /** What was at `location` is deleted, and `removeAbove` is left to another one in its folder. */
  forget(location: Location): void
}

/**
 * - `occupied`: something is in it, or it is none that may be removed.
 * - `in use`: somebody is in it, so that it stays for now.
 * - `passed over`: the same of a folder that is no prefix of keys: those above it may still be removed.
 */
export type Outcome = 'removed' | 'occupied' | 'in use' | 'passed over'

export type Only = {
  /** Names of unfinished uploads in it that count as nothing; of any others, somebody may be sending them. */
  readonly leftovers: 'all' | ReadonlySet<string>
  /** Asked again whenever it has waited: `false` leaves the folder to others. */
  readonly isWanted: () => boolean
}

export type EmptyFoldersParts = {
  readonly jotta: JottaClient
  readonly guard: FolderGuard
  readonly parents: ParentFolders
  readonly facts: FolderFacts
  /** Whether a folder is a bucket as a whole, perhaps another one than that of the delete. */
  readonly isBucketRoot: (folder: Location) => boolean
  /** How long writers that may be in a folder that is empty are waited for, until they have left it. */
  readonly folderWaitMs?: number | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const waitDefaultMs = 3_000
const firstPauseMs = 10
const pauseMaxMs = 250

export function createEmptyFolders(parts: EmptyFoldersParts): EmptyFolders {
  const { folderWaitMs: waitMaxMs = waitDefaultMs } = parts
  const occupants = createFolderOccupants(parts.jotta, parts.now)

  const isEmpty = async (
    folder: Location,
    asKeys: KeyFolder,
    { leftovers }: Only,
    context: RequestContext,
  ): Promise<'empty' | 'occupied' | 'gone'> => {
    try {
      const isIt = await occupants.isEmpty(folder, asKeys, leftovers, context)
      return isIt ? 'empty' : 'occupied'
    } catch (error) {
      // Somebody else removed it first.
      if (isJottaError(error, 'not-found')) return 'gone'
      // Its many entries may be in the trash, all of them, which nobody can see.
      if (isJottaError(error, 'unlistable')) return 'occupied'
      throw error
    }
  }
  /** Nobody is in it, nor can come. */
  const removeAlone = async (
    folder: Location,
    asKeys: KeyFolder,
    held: Held,
    only: Only,
    context: RequestContext,
  ): Promise<'removed' | 'occupied'> => {
    if (!only.isWanted()) return 'occupied'
    const found = await isEmpty(folder, asKeys, only, context)
    if (found === 'occupied') return 'occupied'
    if (found === 'gone') return 'removed'
    await held.check()
    // Before it is gone: after that a process that stood still would forget what others have put there since.
    await parts.facts.forget(folder)
    await held.check()
    await parts.jotta.removeFolder(folder, 'trash', { ...context, signal: untilAnswered(held) })
    parts.parents.forget(folder)
    return 'removed'
  }

  /**
   * `in use`: it is a prefix, and those who are in it are waited for a little, since they may be in another one
   * of the same name and do not look at this.
   */
  const removeUnused = async (
    place: Pick<BucketPlace, 'root' | 'encoding'>,
    folder: Location,
    asKeys: KeyFolder,
    only: Only,
    context: RequestContext,
  ): Promise<Outcome> => {
    const guarded = guardedFolder(place, asKeys)
    const giveUpAt = performance.now() + waitMaxMs
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
      const outcome = await parts.guard.ifUnused(guarded, context.signal, (held) =>
        removeAlone(folder, asKeys, held, only, context),
      )
      if (outcome !== undefined) return outcome
      if (isStructural(asKeys)) return 'passed over'
      if (performance.now() > giveUpAt) return 'in use'
      const isFirst = pauseMs === firstPauseMs
      // Without the guard, so that it is certain of nothing but what it saw.
      if (isFirst && (await isEmpty(folder, asKeys, only, context)) !== 'empty') return 'occupied'
      await setTimeout(pauseMs, undefined, { signal: context.signal })
      if (!only.isWanted()) return 'occupied'
    }
  }

  const removeIfEmpty: EmptyFolders['removeIfEmpty'] = async (place, folder, only, context) => {
    if (folder.path.length <= place.root.path.length || parts.isBucketRoot(folder)) {
      return 'occupied'
    }
    const asKeys = folderAt(folder.path.slice(place.root.path.length), place.encoding)
    if (asKeys === undefined) return 'occupied'
    const outcome = await removeUnused(place, folder, asKeys, only, context)
    if (outcome === 'removed') occupants.note(folder)
    return outcome
  }

  return {
    removeIfEmpty,
    forget: (location) => occupants.note(location),
    async removeAbove(place, location, context) {
      // Also when somebody else is in the folder: whoever leaves it last must know.
      occupants.note(location)
      for (let at = location; at.path.length > place.root.path.length; at = parentOf(at)) {
        const outcome = await removeIfEmpty(place, parentOf(at), anyOf, context)
        if (outcome === 'occupied' || outcome === 'in use') return
      }
    },
  }
}

const anyOf: Only = { leftovers: 'all', isWanted: () => true }

/** What writes below a folder have entered: of one that is no part of keys, the folder it belongs to. */
function guardedFolder(
  place: Pick<BucketPlace, 'root' | 'encoding'>,
  { keyPrefix }: KeyFolder,
): Location {
  return keyPrefix === '' ? place.root : lockLocation(place, keyPrefix.slice(0, -1))
}
