// Removes folders that the bridge's own deletes left empty, always to the trash. S3 has no folders: what
// is left of `a/b` after its delete would show up as the prefix `a/` and stand in the way of a key `a`.
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
import type { Held } from './leases.ts'
import { type ParentFolders, parentOf } from './parent-folders.ts'

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
  /** What was at `location` is deleted, and `removeAbove` is left to another one in its folder. */
  forget(location: Location): void
}

export type EmptyFoldersParts = {
  readonly jotta: JottaClient
  readonly guard: FolderGuard
  readonly parents: ParentFolders
  readonly facts: FolderFacts
  /** Whether a folder is a bucket as a whole, perhaps another one than that of the delete. */
  readonly isBucketRoot: (folder: Location) => boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** For writers that may be in a folder that is empty, until they have left it. */
const waitMaxMs = 3_000
const firstPauseMs = 10
const pauseMaxMs = 250

export function createEmptyFolders(parts: EmptyFoldersParts): EmptyFolders {
  const occupants = createFolderOccupants(parts.jotta, parts.now)

  const removeIfEmpty = async (
    folder: Location,
    asKeys: KeyFolder,
    held: Held,
    context: RequestContext,
  ): Promise<boolean> => {
    try {
      if (!(await occupants.isEmpty(folder, asKeys, context))) return false
      await held.check()
      await parts.jotta.removeFolder(folder, 'trash', context)
      parts.parents.forget(folder)
      await parts.facts.forget(folder)
      return true
    } catch (error) {
      // Somebody else removed it first.
      if (isJottaError(error, 'not-found')) return true
      // Its many entries may be in the trash, all of them, which nobody can see.
      if (isJottaError(error, 'unlistable')) return false
      throw error
    }
  }

  /**
   * `in use`: the folder stays for now. It is no prefix when it is none of keys; else those who are in it are
   * waited for a little, since they may be in another one of the same name and do not look at this.
   */
  const remove = async (
    place: Pick<BucketPlace, 'root' | 'encoding'>,
    folder: Location,
    asKeys: KeyFolder,
    context: RequestContext,
  ): Promise<'removed' | 'occupied' | 'in use'> => {
    const guarded = guardedFolder(place, asKeys)
    const giveUpAt = performance.now() + waitMaxMs
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
      const isRemoved = await parts.guard.ifUnused(guarded, context.signal, (held) =>
        removeIfEmpty(folder, asKeys, held, context),
      )
      if (isRemoved !== undefined) return isRemoved ? 'removed' : 'occupied'
      if (isStructural(asKeys) || performance.now() > giveUpAt) return 'in use'
      const isFirst = pauseMs === firstPauseMs
      if (isFirst && !(await isEmptyNow(folder, asKeys, context))) return 'occupied'
      await setTimeout(pauseMs, undefined, { signal: context.signal })
    }
  }
  /** Without the guard, so that it is certain of nothing but what it saw. */
  const isEmptyNow = async (
    folder: Location,
    asKeys: KeyFolder,
    context: RequestContext,
  ): Promise<boolean> => {
    try {
      return await occupants.isEmpty(folder, asKeys, context)
    } catch (error) {
      if (isJottaError(error, 'not-found') || isJottaError(error, 'unlistable')) return false
      throw error
    }
  }

  return {
    forget: (location) => occupants.note(location),
    async removeAbove(place, location, context) {
      const { root } = place
      // Also when somebody else is in the folder: whoever leaves it last must know.
      occupants.note(location)
      for (let at = location; at.path.length > root.path.length + 1; at = parentOf(at)) {
        const folder = parentOf(at)
        if (parts.isBucketRoot(folder)) return
        const asKeys = folderAt(folder.path.slice(root.path.length), place.encoding)
        if (asKeys === undefined) return
        const outcome = await remove(place, folder, asKeys, context)
        if (outcome === 'removed') occupants.note(folder)
        else if (outcome === 'occupied' || !isStructural(asKeys)) return
      }
    },
  }
}

/** What writes below a folder have entered: of one that is no part of keys, the folder it belongs to. */
function guardedFolder(
  place: Pick<BucketPlace, 'root' | 'encoding'>,
  { keyPrefix }: KeyFolder,
): Location {
  return keyPrefix === '' ? place.root : lockLocation(place, keyPrefix.slice(0, -1))
}
