// What is known of single folders: how full they are, and whether anything in them has an irregular name. So
// most lookups need not try those. Learnt from a listing once, then kept up to date by the bridge's own
// writes, and learnt again after a while, since others write too.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import { isJottaError } from './jotta-error.ts'
import { isIrregularName, isShardFolder } from './key-folder.ts'
import { parentOf } from './parent-folders.ts'
import type { FolderFacts as Facts, State } from './state/state.ts'

export interface FolderFacts {
  /** What can be relied on now; `undefined` when it must be found out. */
  known(folder: Location): Promise<Facts | undefined>
  /** Looks at the folder unless enough is known of it. */
  learn(folder: Location, context: RequestContext): Promise<Facts>
  /** As `learn`, and always looks. */
  learnAnew(folder: Location, context: RequestContext): Promise<Facts>
  /** The folder is new, or it is not there. */
  created(folder: Location): Promise<void>
  /** A name was put at this place. */
  added(location: Location): Promise<void>
  /** Of the last names of a place, so many were seen, or will be there in a moment. */
  met(location: Location, nameCount: number): Promise<void>
  forget(folder: Location): Promise<void>
}

/** Only what others moved here meanwhile is not found for so long, or until it is listed. */
const knownForMs = 10 * 60_000

export function createFolderFacts(
  jotta: JottaClient,
  folders: State['folders'],
  now: () => number,
): FolderFacts {
  const none = { entries: 0, hasIrregular: false, hasShards: false }

  const look = async (folder: Location, context: RequestContext): Promise<Facts> => {
    const place = placeName(folder)
    const changes = (await folders.find(place))?.changes ?? 0
    const seen = { ...none, learntMs: now(), changes }
    try {
      for await (const { kind, name } of jotta.list(folder, context)) {
        seen.entries += 1
        if (kind === 'folder' && isShardFolder(name)) seen.hasShards = true
        else if (isIrregularName(name)) seen.hasIrregular = true
      }
    } catch (error) {
      // A folder with too many entries cannot be listed at all: it must not get any more.
      if (isJottaError(error, 'unavailable')) return unlistable
      if (!isJottaError(error, 'not-found') && !isJottaError(error, 'conflict')) throw error
      return { ...none, learntMs: 0, changes }
    }
    await folders.learn(place, seen)
    return seen
  }
  const known = async (folder: Location): Promise<Facts | undefined> => {
    const facts = await folders.find(placeName(folder))
    return facts !== undefined && now() - facts.learntMs < knownForMs ? facts : undefined
  }

  return {
    known,
    learn: async (folder, context) => (await known(folder)) ?? (await look(folder, context)),
    learnAnew: look,
    async created(folder) {
      await folders.forget(placeName(folder))
      await folders.learn(placeName(folder), { ...none, learntMs: now(), changes: 0 })
    },
    async added(location) {
      await folders.add(placeName(parentOf(location)), marksOf(location))
    },
    async met(location, nameCount) {
      let at = location
      for (let count = 0; count < nameCount; count += 1, at = parentOf(at)) {
        const { isIrregular, isShard } = marksOf(at)
        if (!isIrregular && !isShard) continue
        const folder = placeName(parentOf(at))
        const facts = await folders.find(folder)
        const isNews =
          (isIrregular && facts?.hasIrregular !== true) || (isShard && facts?.hasShards !== true)
        // Counts it once more, which the next look mends, and keeps a look from being kept that missed it.
        if (isNews) await folders.add(folder, { isIrregular, isShard })
      }
    },
    forget: (folder) => folders.forget(placeName(folder)),
  }
}

const unlistable: Facts = {
  entries: Number.POSITIVE_INFINITY,
  hasIrregular: true,
  hasShards: true,
  learntMs: 0,
  changes: 0,
}

/** What a place's name says about the folder that it is in. */
function marksOf({ path }: Location): { isIrregular: boolean; isShard: boolean } {
  const name = path.at(-1) ?? ''
  const isShard = isShardFolder(name)
  return { isShard, isIrregular: !isShard && isIrregularName(name) }
}

function placeName({ device, mountpoint, path }: Location): string {
  return [device, mountpoint, ...path].join('/')
}
