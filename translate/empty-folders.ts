// Removes folders that the bridge's own deletes left empty, always to the trash. S3 has no folders: what
// is left of `a/b` after its delete would show up as the prefix `a/` and stand in the way of a key `a`.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { FolderFacts } from './folder-facts.ts'
import type { FolderGuard } from './folder-guard.ts'
import { isJottaError } from './jotta-error.ts'
import { folderAt } from './key-folder.ts'
import { lockLocation } from './key-places.ts'
import { type ParentFolders, parentOf } from './parent-folders.ts'
import { readableObject } from './stored-object.ts'

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

/** Names of live children are remembered, so that emptying a large folder does not list it each time. */
const maxNamesPerFolder = 256
const maxFolders = 256
/** Others may have removed them since. */
const rememberedForMs = 30_000

export function createEmptyFolders(parts: EmptyFoldersParts): EmptyFolders {
  /** Folder -> some children that were seen alive; while one is left, the folder is not empty. */
  const occupants = new Map<string, { readonly names: Set<string>; readonly seenMs: number }>()

  const findOccupants = async (folder: Location, context: RequestContext): Promise<Set<string>> => {
    const names = new Set<string>()
    for await (const entry of parts.jotta.list(folder, context)) {
      if (entry.deleted || (entry.kind === 'file' && readableObject(entry) === undefined)) continue
      names.add(entry.name)
      if (names.size === maxNamesPerFolder) break
    }
    return names
  }

  /** Folder that is being listed -> children deleted meanwhile, which the listing may still name. */
  const goneMeanwhile = new Map<string, Set<string>>()

  const note = (location: Location): void => {
    const id = JSON.stringify(parentOf(location))
    const name = location.path.at(-1) ?? ''
    occupants.get(id)?.names.delete(name)
    goneMeanwhile.get(id)?.add(name)
  }

  const isEmpty = async (folder: Location, context: RequestContext): Promise<boolean> => {
    const id = JSON.stringify(folder)
    const seen = occupants.get(id)
    const isFresh = seen !== undefined && parts.now() - seen.seenMs < rememberedForMs
    if (isFresh && seen.names.size > 0) return false
    const seenMs = parts.now()
    const gone = new Set<string>()
    goneMeanwhile.set(id, gone)
    const found = await findOccupants(folder, context).finally(() => goneMeanwhile.delete(id))
    occupants.delete(id)
    const named = found.size
    for (const name of gone) found.delete(name)
    // All that was named is gone by now; only another look tells what else there is.
    if (named > 0 && found.size === 0) return await isEmpty(folder, context)
    if (found.size > 0) occupants.set(id, { names: found, seenMs })
    for (const oldest of occupants.keys()) {
      if (occupants.size <= maxFolders) break
      occupants.delete(oldest)
    }
    return found.size === 0
  }

  return {
    forget: note,
    async removeAbove(place, location, context) {
      const { root } = place
      for (let at = location; at.path.length > root.path.length + 1; at = parentOf(at)) {
        const folder = parentOf(at)
        if (parts.isBucketRoot(folder)) return
        // Also when somebody else is in the folder: whoever leaves it last must know.
        note(at)
        const guarded = guardedFolder(place, folder)
        if (guarded === undefined) return
        const removed = await parts.guard.ifUnused(guarded, context.signal, async (held) => {
          try {
            if (!(await isEmpty(folder, context))) return false
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
        })
        if (removed !== true) return
      }
    },
  }
}

/** What writes below a folder have entered: of one that is no part of keys, the folder it belongs to. */
function guardedFolder(
  place: Pick<BucketPlace, 'root' | 'encoding'>,
  folder: Location,
): Location | undefined {
  const found = folderAt(folder.path.slice(place.root.path.length), place.encoding)
  if (found === undefined || found.keyPrefix === '') return found && place.root
  return lockLocation(place, found.keyPrefix.slice(0, -1))
}
