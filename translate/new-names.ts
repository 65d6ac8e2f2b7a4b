// Chooses names for the segments of a key that are not there yet: natural ones where they are free, and shards
// where the folder is full.
import type { Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import type { FolderFacts } from './folder-facts.ts'
import { shardFolders } from './key-folder.ts'
import { childOf } from './location.ts'
import type { Looks } from './looks.ts'
import type { NameEncoding } from './name-encoding.ts'
import { S3Error } from './s3-error.ts'
import { type SegmentKind, segmentNames } from './segment-name.ts'
import { isExactly } from './stored-object.ts'

/** How far a new path has come. */
export type Way = {
  readonly location: Location
  /** The topmost folder on it that is not there. */
  readonly missing:
    | {
        readonly folder: Location
        /** How many of the key's segments lead to it or through it. */
        readonly segmentCount: number
        /** Nothing is at the location, nor in it, not even in the trash, out of which a folder brings its names. */
        readonly isBlank: boolean
      }
    | undefined
}

type PlacingParts = {
  readonly looks: Looks
  readonly facts: FolderFacts
  /** Of a folder, those in the trash included. */
  readonly folderMaxEntries: number
  readonly encoding: NameEncoding
  readonly context: RequestContext
}

/** Chooses names for segments that are not there. */
export function createPlacing(parts: PlacingParts) {
  const { facts, looks, encoding, context } = parts

  const step = async (way: Way, name: string, segmentCount: number): Promise<Way> => {
    const location = childOf(way.location, name)
    if (way.missing?.isBlank === true) return { location, missing: way.missing }
    if (way.missing === undefined && (await looks.isFolder(location))) {
      return { location, missing: undefined }
    }
    const { folder, segmentCount: count } = way.missing ?? { folder: location, segmentCount }
    const isBlank = (await looks.entry(location)) === undefined
    return { location, missing: { folder, segmentCount: count, isBlank } }
  }
  /** Where a full folder keeps a name. */
  const holderOf = async (way: Way, name: string, segmentCount: number): Promise<Way> => {
    let holder = way
    for (const shard of shardFolders(name)) {
      if (holder.missing !== undefined || (await hasRoom(holder.location))) return holder
      if (await isTombstone(childOf(holder.location, name))) return holder
      const next = await step(holder, shard, segmentCount)
      // Somebody else has something of this name.
      if (next.missing !== undefined && !(await isFree(next.location, 'folder'))) return holder
      holder = next
    }
    return holder
  }
  const hasRoom = async (folder: Location): Promise<boolean> => {
    const known = await facts.learn(folder, context)
    if (known.entries < parts.folderMaxEntries) return true
    // Some may have gone since; once there are shards, all that is new goes there.
    if (known.hasShards) return false
    return (await facts.learnAnew(folder, context)).entries < parts.folderMaxEntries
  }
  /** What comes back from the trash takes no more room than it had. */
  const isTombstone = async (location: Location): Promise<boolean> => {
    const entry = await looks.entry(location)
    return entry?.deleted === true && isExactly(entry, location)
  }
  const isFree = async (location: Location, kind: SegmentKind): Promise<boolean> => {
    const entry = await looks.entry(location)
    if (entry === undefined) return true
    // What is in the trash comes back under the name that it had.
    if (!isExactly(entry, location)) return false
    return entry.deleted || (kind !== 'folder' && entry.kind === 'file')
  }
  const placeNames = async (
    way: Way,
    [name = '', ...rest]: readonly string[],
    kind: SegmentKind,
    segmentCount: number,
  ): Promise<Way | undefined> => {
    const holder = await holderOf(way, name, segmentCount)
    const location = childOf(holder.location, name)
    const isBlank = holder.missing?.isBlank === true
    if (rest.length === 0 && kind !== 'folder') {
      const isTaken = !isBlank && !(await isFree(location, kind))
      return isTaken ? undefined : { location, missing: holder.missing }
    }
    // It may be there after all, though nothing that is known told of it.
    const next = await step(holder, name, segmentCount)
    const isTaken = !isBlank && next.missing !== undefined && !(await isFree(location, 'folder'))
    if (isTaken) return undefined
    return rest.length === 0 ? next : await placeNames(next, rest, kind, segmentCount)
  }

  return {
    async place(way: Way, segment: string, kind: SegmentKind, segmentCount: number): Promise<Way> {
      const { natural, irregular } = segmentNames(segment, kind, encoding)
      const chains = natural?.isWritable === true ? [[natural.name], irregular] : [irregular]
      for (const chain of chains) {
        const placed = await placeNames(way, chain, kind, segmentCount)
        if (placed !== undefined) return placed
      }
      throw new S3Error('KeyCaseConflict')
    },
  }
}
