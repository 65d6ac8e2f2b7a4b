// Places of which one and the same thing was seen lately: that they are there, or that they are not. Bounded in
// number and in time, since others change Jottacloud too.
import type { Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'

export interface RecentPlaces {
  isKnown(place: Location): boolean
  remember(place: Location, seenMs: number): void
  /** With all that is below it. */
  forget(place: Location): void
}

/** What others do meanwhile is not noticed for so long. */
const knownForMs = 30_000
const maxKnown = 10_000

/** `now`: milliseconds since the epoch. */
export function createRecentPlaces(now: () => number): RecentPlaces {
  /** By name; what was remembered last comes last. */
  const seenAt = new Map<string, number>()
  return {
    isKnown(place) {
      const seenMs = seenAt.get(placeName(place))
      // What lies ahead is of a clock that was wrong.
      return seenMs !== undefined && Math.abs(now() - seenMs) < knownForMs
    },
    remember(place, seenMs) {
      const name = placeName(place)
      seenAt.delete(name)
      seenAt.set(name, seenMs)
      const [oldest] = seenAt.keys()
      if (seenAt.size > maxKnown && oldest !== undefined) seenAt.delete(oldest)
    },
    forget(place) {
      const name = placeName(place)
      for (const other of seenAt.keys()) {
        if (other === name || other.startsWith(`${name}/`)) seenAt.delete(other)
      }
    },
  }
}
