// Folders that the writes of this process make for their keys. A failed write changes nothing: those of them that
// nothing came into are removed again, as emptied ones are. In doubt a folder stays.
import { setTimeout } from 'node:timers/promises'
import type { Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import type { RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { EmptyFolders } from './empty-folders.ts'
import { foldersTo, parentOf } from './location.ts'

export interface NewFolders {
  /** These were seen to be missing, and are about to be made. */
  making(folders: readonly Location[]): void
  begin(): FolderUse
  /** Resolves when no write is under way, and no folder is being removed. */
  settled(): Promise<void>
}

/** One write, from before it makes folders. */
export type FolderUse = {
  /** It may put something at this place, or at another one later. */
  goesTo(location: Location): void
  /** It has: all folders on the way are in use for good. */
  stored(location: Location): void
  /**
   * It is over, and is in no folder any more. Removes those that are new and that nothing came into, unless other
   * writes go to them, of which the last one does. Resolves after some seconds, done or not; never throws.
   */
  end(place: Pick<BucketPlace, 'root' | 'encoding'>, context: RequestContext): Promise<void>
}

export type NewFoldersParts = {
  readonly emptyFolders: Pick<EmptyFolders, 'removeIfEmpty'>
  /** Tells the operator of something that did not fail the request. */
  readonly warn: (message: string, cause: unknown) => void
}

/** Whoever waits is to be told of a failure, and may have gone long ago. */
const answerWithinMs = 3_000
/** For the removal, which must also happen when the request was aborted. */
const cleanUpTimeoutMs = 30_000

export function createNewFolders(parts: NewFoldersParts): NewFolders {
  /** Folder -> names in it of writes that failed, which may have left an unfinished upload. */
  const folders = new Map<string, Set<string>>()
  /** Where writes that are under way go. */
  const uses = new Set<Location[]>()
  /** Of each write, until it is over and what it left is removed. */
  const works = new Set<Promise<void>>()

  const isInUse = (folder: Location): boolean => {
    const id = placeName(folder)
    return [...uses].some((targets) => targets.some((target) => waysOf(target).includes(id)))
  }

  const isBelowNew = (place: Location): boolean => waysOf(place).some((id) => folders.has(id))

  const clean = async (
    place: Pick<BucketPlace, 'root' | 'encoding'>,
    target: Location,
    context: RequestContext,
  ): Promise<void> => {
    for (let folder = parentOf(target); ; folder = parentOf(folder)) {
      const id = placeName(folder)
      const leftovers = folders.get(id)
      if (isInUse(folder)) return
      if (leftovers === undefined) {
        // Another write may have left one above to this one.
        if (isBelowNew(folder)) continue
        return
      }
      const isStill = (): boolean => folders.get(id) === leftovers
      // Whoever would remove the folder above leaves it to this one, which comes there next.
      const use = [folder]
      uses.add(use)
      const only = { leftovers, isWanted: isStill }
      const outcome = await parts.emptyFolders
        .removeIfEmpty(place, folder, only, context)
        .finally(() => uses.delete(use))
        .catch((error: unknown) => {
          forget(folder)
          throw error
        })
      // Another one has removed it, or something came into it and so into those above.
      if (!isStill()) continue
      if (outcome === 'in use' && isInUse(folder)) return
      if (outcome === 'in use' || outcome === 'occupied') return forget(folder)
      folders.delete(id)
    }
  }
  /** It stays, and those above it with it: what becomes of them is not for this process to say any more. */
  const forget = (folder: Location): void => {
    for (const id of [placeName(folder), ...waysOf(folder)]) folders.delete(id)
  }

  return {
    making(made) {
      for (const folder of made) folders.set(placeName(folder), new Set())
    },
    begin() {
      const targets: Location[] = []
      uses.add(targets)
      const over = Promise.withResolvers<void>()
      works.add(over.promise)
      void over.promise.then(() => works.delete(over.promise))
      return {
        goesTo: (location) => void targets.push(location),
        stored(location) {
          for (const id of waysOf(location)) folders.delete(id)
        },
        async end(place, context) {
          uses.delete(targets)
          for (const target of targets) {
            folders.get(placeName(parentOf(target)))?.add(target.path.at(-1) ?? '')
          }
          const left = targets.filter(isBelowNew)
          if (left.length === 0) return over.resolve()
          const signal = AbortSignal.timeout(cleanUpTimeoutMs)
          const removal = (async () => {
            try {
              for (const target of left) await clean(place, target, { ...context, signal })
            } catch (error) {
              parts.warn('a folder that a failed write made could not be removed', error)
            }
          })()
          over.resolve(removal)
          await withinMs(removal, answerWithinMs)
        },
      }
    },
    async settled() {
      await Promise.all(works)
    },
  }
}

/** The folders on the way to a place, its parent first. */
function waysOf(location: Location): string[] {
  return foldersTo(location).map(placeName).reverse()
}

async function withinMs(work: Promise<void>, limitMs: number): Promise<void> {
  const done = new AbortController()
  const limit = setTimeout(limitMs, undefined, { signal: done.signal }).catch(() => {})
  await Promise.race([work, limit])
  done.abort()
}
