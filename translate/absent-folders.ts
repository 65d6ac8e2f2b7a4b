// Folders of the bridge's own kind, shards and tagged ones, that were looked for lately and were not there. So a
// listing that goes on being asked for costs no look at what it might have as well. Who relies on it also asks
// whether such a name was put into the folder meanwhile: every process of the bridge says so before it does.
import type { Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'

export interface AbsentFolders {
  isKnown(folder: Location): boolean
  /** `lookedMs`: before the look was asked for. */
  remember(folder: Location, lookedMs: number): void
}

/** What others moved here meanwhile is not found for so long. */
const knownForMs = 30_000
const maxKnown = 10_000

export function createAbsentFolders(now: () => number): AbsentFolders {
  const lookedAt = new Map<string, number>()
  return {
    isKnown(folder) {
      const lookedMs = lookedAt.get(placeName(folder))
      // What lies ahead is of a clock that was wrong.
      return lookedMs !== undefined && Math.abs(now() - lookedMs) < knownForMs
    },
    remember(folder, lookedMs) {
      const name = placeName(folder)
      lookedAt.delete(name)
      lookedAt.set(name, lookedMs)
      const [oldest] = lookedAt.keys()
      if (lookedAt.size > maxKnown && oldest !== undefined) lookedAt.delete(oldest)
    },
  }
}
