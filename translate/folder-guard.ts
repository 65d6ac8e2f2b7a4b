// Keeps the removal of empty folders and of buckets away from writes below them, in all processes. A
// write enters its folders while it commits; a folder is removed only while nobody is in it, and whoever
// comes meanwhile waits for the removal to end.
import type { Location } from '../jotta/client.ts'
import { orAborted } from './key-locks.ts'
import { type Held, type Lease, type Leases, stillBusy } from './leases.ts'
import { foldedPlaceName, foldersTo } from './location.ts'

export interface FolderGuard {
  /**
   * Waits for removals of any folder on the way, then counts as a write there until disposed of. Throws
   * ServiceUnavailable when one of them takes too long.
   */
  enter(location: Location, signal: AbortSignal): Promise<Lease>
  /**
   * Runs `act` while nobody is in the folder; `undefined`, without running it, when somebody is, or is removing it
   * for too long.
   */
  ifUnused<T>(
    folder: Location,
    signal: AbortSignal,
    act: (held: Held) => Promise<T>,
  ): Promise<T | undefined>
}

export function createFolderGuard(leases: Leases): FolderGuard {
  const writes = new Map<string, number>()
  const removals = new Map<string, Promise<void>>()

  return {
    async enter(location, signal) {
      // Folded, since Jottacloud takes names that differ by case for one.
      const names = foldersTo(location).map(foldedPlaceName)
      using patience = createPatience(leases.waitMaxMs, signal)
      for (;;) {
        const blocker = names
          .map((name) => removals.get(name))
          .find((removal) => removal !== undefined)
        if (blocker === undefined) break
        await orAborted(blocker, patience.signal)
      }
      for (const name of names) writes.set(name, (writes.get(name) ?? 0) + 1)
      const leave = (): void => {
        for (const name of names) {
          const left = (writes.get(name) ?? 1) - 1
          if (left === 0) writes.delete(name)
          else writes.set(name, left)
        }
      }
      try {
        const lease = await leases.take(names.map(leaseName), 'shared', signal)
        return {
          ...lease,
          async [Symbol.asyncDispose]() {
            leave()
            await lease[Symbol.asyncDispose]()
          },
        }
      } catch (error) {
        leave()
        throw error
      }
    },

    async ifUnused(folder, signal, act) {
      const name = foldedPlaceName(folder)
      // Of two deletes that empty a folder, the later one must look again after the earlier one.
      using patience = createPatience(leases.waitMaxMs, signal)
      for (let other = removals.get(name); other !== undefined; other = removals.get(name)) {
        const isOver = await patience.isOverInTime(other)
        if (!isOver) return undefined
      }
      if (writes.has(name)) return undefined
      const removal = Promise.withResolvers<void>()
      removals.set(name, removal.promise)
      try {
        await using lease = await leases.tryTake([leaseName(name)], 'exclusive')
        return lease === undefined ? undefined : await act(lease)
      } finally {
        removals.delete(name)
        removal.resolve()
      }
    },
  }
}

/** Its signal ends with the given one, and with ServiceUnavailable after so long. */
function createPatience(limitMs: number, given: AbortSignal) {
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(stillBusy()), limitMs)
  const signal = AbortSignal.any([given, ending.signal])
  return {
    signal,
    /** `false` when the limit comes first. */
    async isOverInTime(wait: Promise<void>): Promise<boolean> {
      try {
        await orAborted(wait, signal)
        return true
      } catch (error) {
        given.throwIfAborted()
        if (ending.signal.aborted) return false
        throw error
      }
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  }
}

function leaseName(name: string): string {
  return `folder ${name}`
}
