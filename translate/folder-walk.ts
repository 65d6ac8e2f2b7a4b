// Objects below a prefix in S3's order, by listing folders one at a time as they are needed. Of each folder
// only the next entries in order are held, so memory depends on the page and the depth, not on the bucket.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Entry } from '../jotta/wire.ts'
import type { ListedPrefix, RequestContext } from './bridge.ts'
import { isJottaError } from './jotta-error.ts'
import { compareKeys, endOfPrefix, keyAfter } from './key-order.ts'
import { isReservedName, nameToSegment } from './key-path.ts'
import { commonPrefixOf, type OrderedSource } from './listing.ts'
import type { NameEncoding } from './name-encoding.ts'
import { S3Error } from './s3-error.ts'
import { readableObject, type StoredObject } from './stored-object.ts'

export type WalkedObject = {
  readonly kind: 'object'
  readonly key: string
  readonly object: StoredObject
}

export type WalkOptions = {
  /** Of the bucket. */
  readonly root: Location
  readonly prefix: string
  readonly delimiter: string
  /** In which names are stored. */
  readonly encoding: NameEncoding
  /** Entries of a folder that are held at once; more cost another listing of it. */
  readonly entriesPerFolder: number
}

/** `start` is the folder that holds everything with the prefix, `keyPrefix` its key with a slash, or ''. */
export function walkFolders(
  jotta: JottaClient,
  start: { readonly folder: Location; readonly keyPrefix: string; readonly isRoot: boolean },
  options: WalkOptions,
  context: RequestContext,
): OrderedSource<WalkedObject> {
  const open: Frame[] = [frameOf(start.folder, start.keyPrefix, start.isRoot)]

  return {
    async next(from) {
      for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
        const child = frame.children.shift()
        if (child === undefined) {
          if (frame.isComplete) open.pop()
          else await load(jotta, frame, from, options, context)
          continue
        }
        frame.lastName = child.name
        if (isBelow(child, from)) continue
        if (child.kind === 'object') return child.found
        if (commonPrefixOf(child.name, options) === child.name) {
          return { kind: 'prefix', prefix: child.name } satisfies ListedPrefix
        }
        open.push(frameOf(child.folder, child.name, false))
      }
      return undefined
    },
    async close() {
      open.length = 0
    },
  }
}

/** `name` is what a child sorts by: a key, or a folder's key with a slash. */
type Child =
  | { readonly kind: 'object'; readonly name: string; readonly found: WalkedObject }
  | { readonly kind: 'folder'; readonly name: string; readonly folder: Location }

/** A folder on the way to where the walk is. */
type Frame = {
  readonly folder: Location
  readonly keyPrefix: string
  readonly isRoot: boolean
  /** The next ones in order. */
  children: Child[]
  /** No more to load after `children`. */
  isComplete: boolean
  lastName: string | undefined
}

function frameOf(folder: Location, keyPrefix: string, isRoot: boolean): Frame {
  return { folder, keyPrefix, isRoot, children: [], isComplete: false, lastName: undefined }
}

async function load(
  jotta: JottaClient,
  frame: Frame,
  from: string,
  options: WalkOptions,
  context: RequestContext,
): Promise<void> {
  const least = frame.lastName === undefined ? '' : keyAfter(frame.lastName)
  let kept: Child[] = []
  let isComplete = true
  try {
    for await (const entry of jotta.list(frame.folder, context)) {
      const child = childOf(frame, entry, options.encoding)
      if (child === undefined || !child.name.startsWith(options.prefix)) continue
      if (compareKeys(child.name, least) < 0 || isBelow(child, from)) continue
      kept.push(child)
      if (kept.length < 2 * options.entriesPerFolder) continue
      kept = smallest(kept, options.entriesPerFolder)
      isComplete = false
    }
  } catch (error) {
    if (!isJottaError(error, 'not-found') && !isJottaError(error, 'conflict')) throw error
    await checkGone(jotta, frame, options.root, error, context)
    kept = []
  }
  if (kept.length > options.entriesPerFolder) isComplete = false
  frame.children = smallest(kept, options.entriesPerFolder)
  frame.isComplete = isComplete
}

/**
 * A folder may go away since its parent was listed. Only one that is seen to be gone is listed as empty:
 * whoever syncs against a listing deletes what it does not name.
 */
async function checkGone(
  jotta: JottaClient,
  frame: Frame,
  root: Location,
  cause: unknown,
  context: RequestContext,
): Promise<void> {
  const isLiveFolder = async (folder: Location): Promise<boolean> => {
    const entry = await jotta.stat(folder, context)
    return entry?.kind === 'folder' && !entry.deleted
  }
  if (!(await isLiveFolder(root))) throw new S3Error('NoSuchBucket', { cause })
  if (await isLiveFolder(frame.folder)) throw new S3Error('ServiceUnavailable', { cause })
}

function smallest(children: Child[], count: number): Child[] {
  return children.sort((a, b) => compareKeys(a.name, b.name)).slice(0, count)
}

/** What an entry is in S3; `undefined` for what is none of S3's business. */
function childOf(frame: Frame, entry: Entry, encoding: NameEncoding): Child | undefined {
  if (entry.deleted || (frame.isRoot && isReservedName(entry.name))) return undefined
  const segment = nameToSegment(entry.name, encoding)
  if (segment === undefined) return undefined
  const key = `${frame.keyPrefix}${segment}`
  if (entry.kind === 'folder') {
    const folder = { ...frame.folder, path: [...frame.folder.path, entry.name] }
    return { kind: 'folder', name: `${key}/`, folder }
  }
  const object = readableObject(entry)
  if (object === undefined) return undefined
  return { kind: 'object', name: key, found: { kind: 'object', key, object } }
}

/** Neither the child nor anything in it reaches `from`. */
function isBelow(child: Child, from: string): boolean {
  if (child.kind === 'object') return compareKeys(child.name, from) < 0
  const end = endOfPrefix(child.name)
  return end !== undefined && compareKeys(end, from) <= 0
}
