// What is known of single folders: how full they are, and whether anything in them has an irregular name. So
// most lookups need not try those. Learnt from listings, whoever asked for them, kept up to date by the
// bridge's own writes, and learnt again after a while, since others write too.
import type { JottaClient, Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import type { RequestContext } from './bridge.ts'
import { FolderCount, type FolderSeen, marksOf } from './folder-marks.ts'
import { isJottaError } from './jotta-error.ts'
import { parentOf } from './location.ts'
import type { FolderFacts as Facts, FolderMark } from './state/records.ts'
import type { State } from './state/state.ts'

export interface FolderFacts {
  /** What can be relied on now; `undefined` when it must be found out. */
  known(folder: Location): Promise<Facts | undefined>
  /** Whether a name of the bridge's own kind was ever seen or put there, however long ago. */
  isMarked(folder: Location): Promise<boolean>
  /** Looks at the folder unless enough is known of it. */
  learn(folder: Location, context: RequestContext): Promise<Facts>
  /** As `learn`, and always looks. */
  learnAnew(folder: Location, context: RequestContext): Promise<Facts>
  /**
   * A listing of the whole folder begins. To what this returns is told what it showed, once it has ended
   * well: from then on what is remembered of the folder is that, also of what is gone.
   */
  watch(folder: Location): Promise<(seen: WholeFolder) => Promise<void>>
  /** Folders below a root were seen to hold such names; what else is in them is not known. */
  saw(root: Location, folders: readonly FolderSeen[]): Promise<void>
  /** The folder is new, or it is not there. */
  created(folder: Location): Promise<void>
  /** A name was put at this place. */
  added(location: Location): Promise<void>
  /** Of the last names of a place, so many were seen, or will be there in a moment. */
  met(location: Location, nameCount: number): Promise<void>
  /** Whether it was made is not known: it is looked at again. That such names were put there stays known. */
  doubt(folder: Location): Promise<void>
  forget(folder: Location): Promise<void>
}

type WholeFolder = Pick<Facts, 'entries' | 'hasIrregular' | 'hasShards'>

/** Only what others moved here meanwhile is not found for so long, or until it is listed. */
const knownForMs = 10 * 60_000
/** Nothing relies on it for longer than `knownForMs`, and no look that takes longer than that is relied on. */
const keptForMs = 24 * 60 * 60_000
/** After so many rows were written, at the least, older ones are forgotten, some for each that was written. */
const rowsBetween = 128
const forgottenPerRow = 4
/** What a listing shows anew of a folder is kept when it is news, or after so long. */
const refreshedAfterMs = knownForMs / 2

export function createFolderFacts(
  jotta: JottaClient,
  folders: State['folders'],
  now: () => number,
): FolderFacts {
  const none = { entries: 0, hasIrregular: false, hasShards: false }
  const forgetOld = createForgetting(folders, now)

  const begin = async (folder: Location) => {
    const place = placeName(folder)
    const before = await folders.find(place)
    const began = { learntMs: now(), changes: before?.changes ?? 0 }
    const keep = async ({ entries, hasIrregular, hasShards }: WholeFolder): Promise<Facts> => {
      const seen = { entries, hasIrregular, hasShards, ...began }
      await folders.learn(place, seen)
      // Also when the rest was not kept, because something was put there meanwhile.
      await folders.mark([{ place, isIrregular: hasIrregular, isShard: hasShards }], now())
      await forgetOld(1)
      return seen
    }
    return { before, began, keep }
  }
  const look = async (folder: Location, context: RequestContext): Promise<Facts> => {
    const { began, keep } = await begin(folder)
    const count = new FolderCount()
    try {
      for await (const entry of jotta.list(folder, context)) count.add(entry)
    } catch (error) {
      // As full as can be, and everything has to be looked for. What passes by itself is another error.
      if (isJottaError(error, 'unlistable')) return await keep(unlistable)
      if (!isJottaError(error, 'not-found') && !isJottaError(error, 'conflict')) throw error
      return { ...none, ...began, learntMs: 0 }
    }
    return await keep(count)
  }
  const known = async (folder: Location): Promise<Facts | undefined> => {
    const facts = await folders.find(placeName(folder))
    if (facts === undefined) return undefined
    // What lies ahead is of a clock that was wrong.
    return Math.abs(now() - facts.learntMs) < knownForMs ? facts : undefined
  }

  return {
    known,
    async isMarked(folder) {
      const facts = await folders.find(placeName(folder))
      return facts !== undefined && (facts.hasIrregular || facts.hasShards)
    },
    learn: async (folder, context) => (await known(folder)) ?? (await look(folder, context)),
    learnAnew: look,
    async watch(folder) {
      const { before, began, keep } = await begin(folder)
      return async (seen) => {
        const isNews =
          before === undefined
            ? // A folder of which nothing is known is looked at for everything: no need to remember it.
              seen.hasIrregular || seen.hasShards
            : !isAlike(seen, before) || began.learntMs - before.learntMs > refreshedAfterMs
        if (isNews) await keep(seen)
      }
    },
    async saw(root, seen) {
      await folders.mark(
        seen.map(({ path, hasIrregular, hasShards }) => ({
          place: placeName({ ...root, path: [...root.path, ...path] }),
          isIrregular: hasIrregular,
          isShard: hasShards,
        })),
        now(),
      )
      await forgetOld(seen.length)
    },
    async created(folder) {
      await folders.forget(placeName(folder))
      await folders.learn(placeName(folder), { ...none, learntMs: now(), changes: 0 })
      await forgetOld(1)
    },
    async added(location) {
      await folders.add(placeName(parentOf(location)), marksAt(location), now())
    },
    async met(location, nameCount) {
      const marks: FolderMark[] = []
      for (let at = location; marks.length < nameCount; at = parentOf(at)) {
        marks.push({ place: placeName(parentOf(at)), ...marksAt(at) })
      }
      const told = marks.filter(({ isIrregular, isShard }) => isIrregular || isShard)
      await folders.mark(told, now())
    },
    async doubt(folder) {
      const facts = await folders.find(placeName(folder))
      // When something was put there meanwhile, it is there, and this is not kept.
      if (facts !== undefined) await folders.learn(placeName(folder), { ...facts, learntMs: 0 })
    },
    forget: (folder) => folders.forget(placeName(folder)),
  }
}

/** To be called when rows were written, many or few, so that there are never many more than are of use. */
function createForgetting(
  folders: State['folders'],
  now: () => number,
): (written: number) => Promise<void> {
  let rows = 0
  return async (written) => {
    rows += written
    if (rows < rowsBetween) return
    const limit = forgottenPerRow * rows
    rows = 0
    await folders.forgetOld(now() - keptForMs, limit)
  }
}

/** More than any folder may be made to hold. */
const unlistable: WholeFolder = { entries: 2 ** 40, hasIrregular: true, hasShards: true }

function isAlike(a: WholeFolder, b: WholeFolder): boolean {
  return a.entries === b.entries && a.hasIrregular === b.hasIrregular && a.hasShards === b.hasShards
}

/** What a place's name says about the folder that it is in, whatever it is the name of. */
function marksAt({ path }: Location): Pick<FolderMark, 'isIrregular' | 'isShard'> {
  return marksOf(path.at(-1) ?? '', 'folder')
}
