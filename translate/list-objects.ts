// ListObjects: from a prefix to the folder that holds it, and from what lies there to a page of S3.
import { setImmediate } from 'node:timers/promises'
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Semaphore } from '../jotta/semaphore.ts'
import type {
  ListedObject,
  ListedPrefix,
  ListObjectsEnd,
  ListObjectsInput,
  ListObjectsResult,
  RequestContext,
  TakeListed,
} from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { Buckets } from './buckets.ts'
import type { FolderFacts } from './folder-facts.ts'
import { type WalkedFolder, WalkTooLongError, walkFolders } from './folder-walk.ts'
import { isJottaError } from './jotta-error.ts'
import { rootFolder } from './key-folder.ts'
import type { KeyPlaces } from './key-places.ts'
import { listObjectsMax } from './limits.ts'
import { entriesAtOnce, listPage, type TakeEntries, takePage } from './listing.ts'
import type { Markers } from './listings/markers.ts'
import type { WalkedObject } from './listings/row.ts'
import { NoRoomError } from './listings/snapshot-threads.ts'
import {
  type Leaving,
  NotYetError,
  type OpenSnapshot,
  type SnapshotSource,
  type Snapshots,
} from './listings/snapshots.ts'
import type { State } from './state/state.ts'
import { isLiveFolder, toListedObject } from './stored-object.ts'

export type ListParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly buckets: Buckets
  readonly places: KeyPlaces
  readonly facts: FolderFacts
  readonly snapshots: Snapshots
  readonly markers: Markers
  /**
   * For pages out of snapshots that are ready, which neither Jottacloud nor a client holds up. All at once in small
   * steps, each would end when all do, and what is short-lived in one would outlive the steps of the others.
   */
  readonly pageTurns: Semaphore
}

export async function listObjects(
  parts: ListParts,
  input: ListObjectsInput,
  context: RequestContext,
): Promise<ListObjectsResult> {
  const entries: (ListedObject | ListedPrefix)[] = []
  const end = await listObjectsInto(parts, input, context, (some) => entries.push(...some))
  return { entries, ...end }
}

/**
 * What a page is made of is done with a few entries at a time: held until its end it would be moved around by the
 * collector of garbage, which took as long as the page itself.
 */
export async function listObjectsInto(
  parts: ListParts,
  input: ListObjectsInput,
  context: RequestContext,
  take: TakeListed,
): Promise<ListObjectsEnd> {
  const place = await parts.buckets.place(input.bucket, context)
  const takeWalked: TakeWalked = async (walked) => {
    const objects = walked.filter((entry) => entry.kind === 'object')
    const records = await parts.state.objects.findListed(
      input.bucket,
      objects.map(({ key, object }) => ({ key, md5: object.md5, sizeBytes: object.sizeBytes })),
    )
    const entries = walked.map((entry) => {
      if (entry.kind === 'prefix') return entry
      const { key, object } = entry
      return toListedObject(key, object, records.get(key))
    })
    take(entries)
    await setImmediate()
    context.signal.throwIfAborted()
  }
  return await endOf(parts, input, await takeFound(parts, place, input, context, takeWalked))
}

type TakeWalked = TakeEntries<WalkedObject>

async function endOf(
  { markers }: ListParts,
  input: ListObjectsInput,
  { nextAfter, nextCursor }: ListObjectsEnd,
): Promise<ListObjectsEnd> {
  if (nextAfter === undefined) return { nextAfter }
  const { reader } = input
  if (reader !== undefined && nextCursor !== undefined) {
    await markers.remember({ ...input, reader, after: nextAfter }, nextCursor)
  }
  return { nextAfter, nextCursor }
}

/**
 * A page out of a snapshot, or of a walk from folder to folder: the walk is for what is soon found, and for
 * what no snapshot can be made of. Neither ever ends early.
 */
async function takeFound(
  parts: ListParts,
  place: BucketPlace,
  input: ListObjectsInput,
  context: RequestContext,
  take: TakeWalked,
): Promise<ListObjectsEnd> {
  const { prefix, delimiter } = input
  const keyPrefix = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  // Asks Jottacloud, so only for a walk and when a snapshot is made, and not for its every page.
  const findFolders: FindFolders = async function* (context) {
    if (keyPrefix === '') yield { location: place.root, folder: rootFolder(place.encoding) }
    else yield* parts.places.findFolders(place, keyPrefix, context)
  }
  // It may end without an end, and another way be gone from the beginning: nothing is taken of it before.
  const walk = async (
    listingsMax: number,
    nextCursor = parts.markers.ownWalk,
  ): Promise<WalkedPage> => {
    const options = { root: place.root, prefix, delimiter, entriesPerFolder, listingsMax }
    const folders = await Array.fromAsync(findFolders(context))
    if (folders.length === 0) return emptyPage
    const source = walkFolders(parts, { folders, keyPrefix }, options, context)
    const page = await listPage(source, input)
    return { ...page, nextCursor }
  }
  const sources = snapshotSources(parts, place, input, findFolders)
  const cursor = await cursorOf(parts, input)
  // A listing whose last page came from another process may go on there again: a snapshot for each of its pages
  // would cost as much as all pages together.
  const isReadOnHere =
    cursor !== undefined &&
    (cursor === parts.markers.ownWalk || parts.snapshots.canGoOn(sources.best, cursor))
  const isNear = !isReadOnHere && input.delimiter !== '/' && isSoonFound(input)
  const near = isNear ? await unlessTooLong(walk(nearListings)) : undefined
  if (near !== undefined) return await takeWhole(near, take)
  const fromSnapshot = async (source: SnapshotSource): Promise<ListObjectsEnd | undefined> => {
    let opened: OpenSnapshot
    try {
      opened = await openSnapshot(parts.snapshots, source, cursor, context, patienceMs)
    } catch (error) {
      if (!(error instanceof NotYetError)) throw error
      const walked = await unlessTooLong(walk(farListings, error.cursor))
      if (walked !== undefined) return await takeWhole(walked, take)
      opened = await openSnapshot(parts.snapshots, source, error.cursor, context)
    }
    // Who fails to get this page comes back to the snapshot only by a cursor that he has and keeps.
    const isNamed = cursor !== undefined && parts.snapshots.canGoOn(source, cursor)
    const leavingUntaken = !isNamed
      ? 'ended'
      : input.reader === undefined
        ? 'goes-on'
        : 'perhaps-ended'
    const inTurn: InTurn = (act) => parts.pageTurns.run(context.signal, act)
    return await pageOf({ opened, source, leavingUntaken }, input, take, inTurn)
  }
  let isTreeEmpty = false
  try {
    const page = await fromSnapshot(sources.best).catch(async (error: unknown) => {
      // What cannot be listed by itself may be told with all that is below.
      if (!isJottaError(error, 'unlistable') || sources.best.kind === 'tree') throw error
      return await fromSnapshot(sources.tree)
    })
    if (page !== undefined) return page
    isTreeEmpty = true
  } catch (error) {
    // A folder that is said to be gone is looked at by the walk.
    const isGone = isJottaError(error, 'not-found') || isJottaError(error, 'conflict')
    if (!isGone && !(error instanceof NoRoomError)) throw error
  }
  const walked = await walk(Number.POSITIVE_INFINITY).catch(async (error: unknown) => {
    if (!isTreeEmpty || !isJottaError(error, 'unlistable')) throw error
    for await (const { location } of findFolders(context)) {
      await checkLive(parts.jotta, location, error, context)
    }
    return emptyPage
  })
  return await takeWhole(walked, take)
}

type WalkedPage = ListObjectsEnd & { readonly entries: readonly (WalkedObject | ListedPrefix)[] }

const emptyPage: WalkedPage = { entries: [], nextAfter: undefined }

async function takeWhole(
  { entries, ...end }: WalkedPage,
  take: TakeWalked,
): Promise<ListObjectsEnd> {
  for (let at = 0; at < entries.length; at += entriesAtOnce) {
    await take(entries.slice(at, at + entriesAtOnce))
  }
  return end
}

/** Throws `cause` unless the folder is live: then what was told of all below it holds. */
async function checkLive(
  jotta: JottaClient,
  folder: Location,
  cause: unknown,
  context: RequestContext,
): Promise<void> {
  if (!isLiveFolder(await jotta.stat(folder, context))) throw cause
}

/** So few keys are a probe. */
const probeMaxKeys = 100
/** Listings of folders that are no dearer than one of everything below. */
const nearListings = 16
/** Clients give up after a minute. */
const patienceMs = 20_000
const farListings = 250

/** Of a listing that begins here: few keys, or those that come next to a name. */
function isSoonFound({ maxKeys, after, prefix }: ListObjectsInput): boolean {
  return maxKeys <= probeMaxKeys || after !== '' || !(prefix === '' || prefix.endsWith('/'))
}

async function unlessTooLong<T>(walk: Promise<T>): Promise<T | undefined> {
  try {
    return await walk
  } catch (error) {
    // Nor is there a way through a folder that Jottacloud cannot list by itself.
    if (error instanceof WalkTooLongError || isJottaError(error, 'unlistable')) return undefined
    throw error
  }
}

/** `undefined` for a listing that begins here. */
async function cursorOf(
  { markers }: ListParts,
  input: ListObjectsInput,
): Promise<string | undefined> {
  const { reader, after } = input
  if (reader === undefined || after === '') return input.cursor
  return await markers.take({ ...input, reader })
}

/** The one that costs least, and the one of all that is below. */
function snapshotSources(
  parts: ListParts,
  place: BucketPlace,
  input: ListObjectsInput,
  findFolders: FindFolders,
): { readonly best: SnapshotSource; readonly tree: SnapshotSource } {
  const tree = snapshotSource(parts, place, input, findFolders, 'tree')
  if (input.delimiter !== '/') return { best: tree, tree }
  return { best: snapshotSource(parts, place, input, findFolders, 'folder'), tree }
}

type FindFolders = (context: RequestContext) => AsyncIterable<WalkedFolder>

function snapshotSource(
  { jotta, facts }: ListParts,
  { root, encoding }: BucketPlace,
  { prefix }: ListObjectsInput,
  findFolders: FindFolders,
  kind: SnapshotSource['kind'],
): SnapshotSource {
  const encodingFlags = encoding.flags
  return {
    ...{ kind, prefix, encodingFlags },
    name: JSON.stringify([kind, prefix, encodingFlags, root]),
    upstream: ({ requestId, counter }) => ({
      async *folders(signal) {
        for await (const { location } of findFolders({ requestId, counter, signal })) {
          yield location.path.slice(root.path.length)
        }
      },
      async open(below, signal) {
        const location = { ...root, path: [...root.path, ...below] }
        const learn = kind === 'folder' ? await facts.watch(location) : undefined
        const listing = await jotta.openListing(location, kind, { signal, counter })
        return {
          ...listing,
          async saw(folders) {
            for (const { entries, ...marks } of folders) {
              if (entries !== undefined) await learn?.({ entries, ...marks })
            }
            await facts.saw(root, folders)
          },
        }
      },
    }),
  }
}

async function openSnapshot(
  snapshots: Snapshots,
  source: SnapshotSource,
  cursor: string | undefined,
  context: RequestContext,
  patienceMs?: number,
): Promise<OpenSnapshot> {
  if (cursor === undefined) return await snapshots.begin(source, context, patienceMs)
  return await snapshots.goOn(source, cursor, context, patienceMs)
}

type InTurn = <T>(act: () => Promise<T>) => Promise<T>

/** `undefined` when the tree is empty: what a recursive listing says of a folder that is not live is unknown. */
async function pageOf(
  {
    opened,
    source,
    leavingUntaken,
  }: {
    readonly opened: OpenSnapshot
    readonly source: SnapshotSource
    readonly leavingUntaken: Leaving
  },
  input: ListObjectsInput,
  take: TakeWalked,
  inTurn: InTurn,
): Promise<ListObjectsEnd | undefined> {
  // What fails in here says nothing of the snapshot, unless that itself cannot be read.
  let left = leavingUntaken
  const takeFrom: TakeWalked = async (some) => {
    left = leavingUntaken
    await take(some)
    left = 'ended'
  }
  try {
    const isUnknown = opened.isEmpty && source.kind === 'tree'
    const nextAfter = await inTurn(async () => {
      left = 'ended'
      return isUnknown ? undefined : await takePage(opened.entries, input, takeFrom)
    })
    if (isUnknown) return undefined
    if (nextAfter !== undefined) left = 'goes-on'
    // Equal listings by names alone go on in one snapshot, and nothing tells which of them is the last.
    else if (input.reader !== undefined && input.after !== '') left = 'perhaps-ended'
    return { nextAfter, nextCursor: opened.cursor }
  } finally {
    opened.leave(left)
  }
}

/** A whole page and one more, also for small pages: a folder may have many entries that hold no key. */
const entriesPerFolder = listObjectsMax + 1
