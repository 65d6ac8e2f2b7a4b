// Where keys are. Of each segment there are a natural name and an irregular one, and either may be in a shard
// of its folder: this finds the one that is taken, and chooses one for what is new. Everything is found in
// Jottacloud itself; the state only spares looks.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { FolderFacts } from './folder-facts.ts'
import { folderAt, type KeyFolder, keyAt } from './key-folder.ts'
import { checkKey } from './key-path.ts'
import type { Held } from './leases.ts'
import { foldersTo, parentOf } from './location.ts'
import { createLooks } from './looks.ts'
import type { NewFolders } from './new-folders.ts'
import { createPlacing, type Way } from './new-names.ts'
import type { ParentFolders } from './parent-folders.ts'
import { createRecentPlaces, type RecentPlaces } from './recent-places.ts'
import { S3Error } from './s3-error.ts'
import { lockedName, segmentKind, segmentNames } from './segment-name.ts'
import { createSegmentPlaces } from './segment-places.ts'
import type { StoredObject } from './stored-object.ts'

export type KeyPlacesParts = {
  readonly jotta: JottaClient
  readonly parents: ParentFolders
  readonly facts: FolderFacts
  readonly newFolders: Pick<NewFolders, 'making'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Of a folder, those in the trash included; more names go into shards. */
  readonly folderMaxEntries: number
}

type Place = Pick<BucketPlace, 'root' | 'encoding'>

/** Where a write puts a key. */
export type Target = Way & {
  /** The key's object, which the write replaces. */
  readonly object: StoredObject | undefined
  /** Whether nothing has the name yet, not even in the trash. */
  readonly isNew: boolean
}

export interface KeyPlaces {
  /** The key's object; `undefined` when there is none. Throws as `checkKey`. */
  find(
    place: Place,
    key: string,
    context: RequestContext,
  ): Promise<{ readonly location: Location; readonly object: StoredObject } | undefined>
  /** The folders that hold keys with this prefix, which is '' or ends in a slash; the natural one first. */
  findFolders(
    place: Place,
    keyPrefix: string,
    context: RequestContext,
  ): AsyncGenerator<{ readonly location: Location; readonly folder: KeyFolder }>
  /** Where a write goes. Only certain while the key's lock is held. Throws KeyCaseConflict. */
  choose(place: Place, key: string, context: RequestContext): Promise<Target>
  /** Makes the folders that are missing on the way. To be called with the topmost one's lock held, which it asks. */
  makeFolders(
    root: Location,
    target: Target,
    context: RequestContext & Pick<Held, 'check'>,
  ): Promise<void>
  /** A write to the target was confirmed. */
  stored(target: Target): Promise<void>
  /** Learns about the folders on a key's way what a write will need. */
  prepare(place: Place, key: string, context: RequestContext): Promise<void>
}

/**
 * A place for locks, which keys have in common that may want the same name, whatever they are stored under.
 * With `segmentCount`, that of a folder on the way.
 */
export function lockLocation(
  { root, encoding }: Place,
  key: string,
  segmentCount = Number.POSITIVE_INFINITY,
): Location {
  const segments = key.split('/').slice(0, segmentCount)
  return {
    ...root,
    path: [...root.path, ...segments.map((segment) => lockedName(segment, encoding))],
  }
}

export function createKeyPlaces(given: KeyPlacesParts): KeyPlaces {
  const parts = { ...given, absent: createRecentPlaces(given.now) }
  return {
    async find(place, key, context) {
      checkKey(key)
      return await createSearch(parts, place, context).find(key)
    },

    async *findFolders(place, keyPrefix, context) {
      const { root, encoding } = place
      const segments = keyPrefix.split('/').slice(0, -1)
      for await (const location of createSearch(parts, place, context).allFolders(root, segments)) {
        const folder = folderAt(location.path.slice(root.path.length), encoding)
        // The bridge's own as well, for what others have put there.
        const isOne = [folder, folder?.asOrdinary].some((one) => one?.keyPrefix === keyPrefix)
        if (folder !== undefined && isOne) yield { location, folder }
      }
    },

    async choose(place, key, context) {
      const target = await createSearch(parts, place, context).choose(key)
      await checkPathLength(parts.jotta, target.location, context)
      // Now and not only after the write: a process that is killed then would leave a key that a reader, who
      // relies on what is known, does not look for. The names on the way may be there without being known.
      if (target.missing === undefined) {
        await parts.facts.met(target.location, target.location.path.length - place.root.path.length)
      }
      return target
    },

    async makeFolders(root, { location, missing }, context) {
      if (missing === undefined) return
      const made = foldersTo(location).slice(missing.folder.path.length)
      const seen = await parts.jotta.stat(missing.folder, context)
      // A folder that comes back from the trash may hold anything.
      const isNew = seen === undefined
      await context.check()
      // Before it is made: from then on other processes put names into it, which must not be forgotten.
      if (isNew) for (const folder of made) await parts.facts.created(folder)
      await parts.facts.met(location, location.path.length - root.path.length)
      // Else somebody else has just made it.
      if (isNew || seen.deleted) parts.newFolders.making(made)
      try {
        await parts.jotta.createFolder(parentOf(location), context)
      } catch (error) {
        // Others may have put something there all the same, which must not be forgotten.
        for (const folder of made) await parts.facts.doubt(folder)
        throw error
      }
      parts.parents.remember(parentOf(location))
      for (const folder of made) await parts.facts.added(folder)
    },

    async stored({ location, isNew }) {
      if (isNew) await parts.facts.added(location)
    },

    async prepare(place, key, context) {
      const search = createSearch(parts, place, context)
      const segments = key.split('/').slice(0, -1)
      let folder = place.root
      for (const segment of segments) {
        const next = await search.firstFolder(folder, segment)
        if (next === undefined) break
        folder = next
      }
      await parts.facts.learn(folder, context)
    },
  }
}

/** Every path that is shorter is taken for one that Jottacloud opens (jottacloud-api.md 7.1). */
const pathSafeBytes = 1_000

/**
 * Throws JottaError `invalid-name` for a path that cannot be asked for: whether it can be stored all the
 * same, and then never be read, is not known.
 */
async function checkPathLength(
  jotta: JottaClient,
  location: Location,
  context: RequestContext,
): Promise<void> {
  if (Buffer.byteLength(location.path.join('/')) > pathSafeBytes)
    await jotta.stat(location, context)
}

type SearchParts = KeyPlacesParts & { readonly absent: RecentPlaces }

/** One search for one key: what it saw is not looked at again. */
function createSearch(parts: SearchParts, { root, encoding }: Place, context: RequestContext) {
  const { facts, folderMaxEntries } = parts
  const looks = createLooks(parts.jotta, parts.parents, root, context)
  const { places, allFolders } = createSegmentPlaces({
    ...{ looks, facts, encoding },
    absent: parts.absent,
    beganMs: parts.now(),
  })
  const placing = createPlacing({ looks, facts, folderMaxEntries, encoding, context })

  /** By any two keys one place may be tried; it is only one key's. */
  const isOf = (location: Location, key: string): boolean =>
    keyAt(location.path.slice(root.path.length), encoding) === key

  const find = async (key: string) => {
    const natural = naturalLocation(key)
    const first = natural && (await looks.object(natural))
    if (natural !== undefined && first !== undefined && isOf(natural, key)) {
      return { location: natural, object: first }
    }
    const segments = key.split('/')
    const kind = segmentKind(segments.length - 1, segments.length)
    const last = segments.pop() ?? ''
    for await (const folder of allFolders(root, segments)) {
      for await (const location of places(folder, last, kind)) {
        const object = await looks.object(location)
        if (object !== undefined && isOf(location, key)) return { location, object }
      }
    }
    return undefined
  }
  const naturalLocation = (key: string): Location | undefined => {
    const segments = key.split('/')
    const path = [...root.path]
    for (const [index, segment] of segments.entries()) {
      const kind = segmentKind(index, segments.length)
      const { natural } = segmentNames(segment, kind, encoding)
      if (natural === undefined) return undefined
      path.push(natural.name)
    }
    return { ...root, path }
  }

  const firstFolder = async (folder: Location, segment: string): Promise<Location | undefined> => {
    for await (const found of places(folder, segment, 'folder')) return found
    return undefined
  }

  /** No shard or piece of a long name, though others have put there what has this prefix. */
  const ownFolder = async (folder: Location, segment: string, prefix: string) => {
    for await (const found of places(folder, segment, 'folder')) {
      const { keyPrefix } = folderAt(found.path.slice(root.path.length), encoding) ?? {}
      if (keyPrefix === prefix) return found
    }
    return undefined
  }

  const choose = async (key: string): Promise<Target> => {
    const found = await find(key)
    if (found !== undefined) return { ...found, isNew: false, missing: undefined }
    const segments = key.split('/')
    const last = segments.pop() ?? ''
    let at: Way = { location: root, missing: undefined }
    for (const [index, segment] of segments.entries()) {
      const prefix = `${segments.slice(0, index + 1).join('/')}/`
      const next =
        at.missing === undefined ? await ownFolder(at.location, segment, prefix) : undefined
      at =
        next === undefined
          ? await placing.place(at, segment, 'folder', index + 1)
          : { location: next, missing: undefined }
    }
    const kind = segmentKind(segments.length, segments.length + 1)
    const { location, missing } = await placing.place(at, last, kind, segments.length + 1)
    if (!isOf(location, key)) throw new S3Error('KeyCaseConflict')
    if (missing !== undefined) return { location, object: undefined, isNew: true, missing }
    const isNew = (await looks.entry(location)) === undefined
    // It may be there after all, though nothing that is known told of it.
    return { location, object: await looks.object(location), isNew, missing }
  }

  return { find, allFolders, firstFolder, choose }
}
