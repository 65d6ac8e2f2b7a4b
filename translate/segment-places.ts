// What there is in Jottacloud of one segment of a key: its natural name or its irregular one, in its folder or
// in a shard of that. Of what is known not to be there nothing is looked at.
import type { Location } from '../jotta/client.ts'
import type { FolderFacts } from './folder-facts.ts'
import { shardFolders } from './key-folder.ts'
import { childOf, parentOf } from './location.ts'
import type { Looks } from './looks.ts'
import type { NameEncoding } from './name-encoding.ts'
import type { RecentPlaces } from './recent-places.ts'
import { type SegmentKind, segmentNames } from './segment-name.ts'

export interface SegmentPlaces {
  /** Where a segment is in a folder: one place, or none, unless others moved the bridge's names about. */
  places(folder: Location, segment: string, kind: SegmentKind): AsyncGenerator<Location>
  /**
   * The folders that some segments lead to, for who wants them all: when the one of natural names is there, all
   * looks go at once.
   */
  allFolders(folder: Location, segments: readonly string[]): AsyncGenerator<Location>
}

/** Longer ways are looked at one folder after the other. */
const levelsAtOnce = 8

export type SegmentPlacesParts = {
  readonly looks: Looks
  readonly facts: Pick<FolderFacts, 'known' | 'isMarked'>
  /**
   * Shards and tagged folders that were looked for lately and were not there: what goes on being asked for costs no
   * look at what it might have as well. Every process of the bridge marks a folder before it puts such a name there.
   */
  readonly absent: Pick<RecentPlaces, 'isKnown' | 'remember'>
  readonly encoding: NameEncoding
  /** Before anything of this search is looked at. */
  readonly beganMs: number
}

export function createSegmentPlaces({
  looks,
  facts,
  absent,
  encoding,
  beganMs,
}: SegmentPlacesParts): SegmentPlaces {
  /** Of a shard or a tagged folder. */
  const isFolder = async (location: Location): Promise<boolean> => {
    if (absent.isKnown(location) && !(await facts.isMarked(parentOf(location)))) return false
    const isThere = await looks.isFolder(location)
    if (!isThere) absent.remember(location, beganMs)
    return isThere
  }

  /** The folder itself and those of its shards that a name may be in. */
  async function* holders(folder: Location, name: string): AsyncGenerator<Location> {
    yield folder
    let holder = folder
    for (const shard of shardFolders(name)) {
      const known = await facts.known(holder)
      if (known !== undefined && !known.hasShards) return
      holder = childOf(holder, shard)
      if (!(await isFolder(holder))) return
      yield holder
    }
  }

  /** The places of a segment that are taken. */
  async function* places(
    folder: Location,
    segment: string,
    kind: SegmentKind,
  ): AsyncGenerator<Location> {
    const { natural, irregular } = segmentNames(segment, kind, encoding)
    if (natural !== undefined) {
      const isTaken = kind === 'folder' ? looks.isFolder : looks.object
      for await (const holder of holders(folder, natural.name)) {
        const location = childOf(holder, natural.name)
        if (await isTaken(location)) yield location
      }
    }
    if (irregular.length === 1 && irregular[0] === natural?.name) return
    if (await mayHoldIrregular(folder)) yield* irregularPlaces(folder, irregular, kind)
  }
  const mayHoldIrregular = async (folder: Location): Promise<boolean> => {
    const known = await facts.known(folder)
    // A shard knows only of itself.
    return known === undefined || known.hasIrregular || known.hasShards
  }
  async function* irregularPlaces(
    folder: Location,
    [name = '', ...rest]: readonly string[],
    kind: SegmentKind,
  ): AsyncGenerator<Location> {
    for await (const holder of holders(folder, name)) {
      const location = childOf(holder, name)
      if (rest.length > 0) {
        if (await isFolder(location)) yield* irregularPlaces(location, rest, kind)
      } else if (kind === 'folder' ? await isFolder(location) : await looks.object(location)) {
        yield location
      }
    }
  }

  async function* folders(
    folder: Location,
    [segment, ...rest]: readonly string[],
  ): AsyncGenerator<Location> {
    if (segment === undefined) yield folder
    else for await (const next of places(folder, segment, 'folder')) yield* folders(next, rest)
  }

  /** What one look each tells that `folders` is about to ask for. */
  const lookAhead = async (folder: Location, segments: readonly string[]): Promise<void> => {
    const way = naturalWay(folder, segments, encoding)
    for (const [level, segment] of segments.slice(0, levelsAtOnce).entries()) {
      const at = way[level]
      if (at === undefined || !(await mayHoldIrregular(at))) continue
      const { natural, irregular } = segmentNames(segment, 'folder', encoding)
      const names = [natural?.name, irregular[0]].filter((name) => name !== undefined)
      const shards = names.flatMap((name) => shardFolders(name).slice(0, 1))
      for (const name of new Set([...shards, ...irregular.slice(0, 1)])) {
        // Whoever asks for it is told of a failure.
        isFolder(childOf(at, name)).catch(() => {})
      }
    }
  }
  async function* allFolders(
    folder: Location,
    segments: readonly string[],
  ): AsyncGenerator<Location> {
    const way = naturalWay(folder, segments, encoding)
    const natural = way.length > segments.length ? way.at(-1) : undefined
    // Then all on its way are there as well; else there may be nothing to look at.
    if (natural !== undefined && (await looks.isFolder(natural))) await lookAhead(folder, segments)
    yield* folders(folder, segments)
  }

  return { places, allFolders }
}

/** The folder and, under their natural names, those that segments lead to; as many as have one. */
function naturalWay(
  folder: Location,
  segments: readonly string[],
  encoding: NameEncoding,
): Location[] {
  const way = [folder]
  for (const segment of segments) {
    const { natural } = segmentNames(segment, 'folder', encoding)
    if (natural === undefined) break
    way.push(childOf(way.at(-1) ?? folder, natural.name))
  }
  return way
}
