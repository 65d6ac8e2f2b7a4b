// Objects below a prefix in S3's order, by listing folders one at a time as they are needed. Of each folder
// only the next entries in order are held, so memory depends on the page and the depth, not on the bucket.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Entry } from '../jotta/wire.ts'
import type { ListedPrefix, RequestContext } from './bridge.ts'
import type { FolderFacts } from './folder-facts.ts'
import { FolderCount } from './folder-marks.ts'
import { isJottaError } from './jotta-error.ts'
import { enterFolder, isStructural, type KeyFolder, keyOfFile } from './key-folder.ts'
import { compareKeys, endOfPrefix, keyAfter } from './key-order.ts'
import { commonPrefixOf, type OrderedSource } from './listing.ts'
import type { WalkedObject } from './listings/row.ts'
import { childOf } from './location.ts'
import { S3Error } from './s3-error.ts'
import { isLiveFolder, readableObject } from './stored-object.ts'

export type WalkOptions = {
  /** Of the bucket. */
  readonly root: Location
  readonly prefix: string
  readonly delimiter: string
  /** Entries of a folder that are held at once; more cost another listing of it. */
  readonly entriesPerFolder: number
  /** After so many listings of folders the next one throws WalkTooLongError. */
  readonly listingsMax: number
}

/** What is asked for takes more listings than the walk may make. */
export class WalkTooLongError extends Error {
  override readonly name = 'WalkTooLongError'
}

/** One of the folders that hold what a key prefix has: such as a folder and its shards. */
export type WalkedFolder = { readonly location: Location; readonly folder: KeyFolder }

export type WalkParts = {
  readonly jotta: JottaClient
  /** Is told what the folders have shown. */
  readonly facts: Pick<FolderFacts, 'watch'>
}

/** `start` is all that holds what has the key prefix, which is '' or ends in a slash. */
export function walkFolders(
  parts: WalkParts,
  start: { readonly folders: readonly WalkedFolder[]; readonly keyPrefix: string },
  options: WalkOptions,
  context: RequestContext,
): OrderedSource<WalkedObject> {
  let listings = 0
  const open: Frame[] = [frameOf(start.folders, start.keyPrefix)]

  return {
    async next(from) {
      for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
        const child = frame.children.shift()
        if (child === undefined) {
          if (frame.isComplete) {
            open.pop()
            continue
          }
          listings += 1
          if (listings > options.listingsMax) throw new WalkTooLongError()
          await load(parts, frame, from, options, context)
          continue
        }
        frame.lastName = child.name
        if (isBelow(child, from)) continue
        if (child.kind === 'object') return child.found
        if (commonPrefixOf(child.name, options) === child.name) {
          return { kind: 'prefix', prefix: child.name } satisfies ListedPrefix
        }
        open.push(frameOf(child.folders, child.name))
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
  | { readonly kind: 'folder'; readonly name: string; readonly folders: readonly WalkedFolder[] }

/** A folder of keys on the way to where the walk is. */
type Frame = {
  readonly folders: readonly WalkedFolder[]
  readonly keyPrefix: string
  /** The next ones in order. */
  children: Child[]
  /** No more to load after `children`. */
  isComplete: boolean
  lastName: string | undefined
}

function frameOf(folders: readonly WalkedFolder[], keyPrefix: string): Frame {
  return { folders, keyPrefix, children: [], isComplete: false, lastName: undefined }
}

async function load(
  { jotta, facts }: WalkParts,
  frame: Frame,
  from: string,
  options: WalkOptions,
  context: RequestContext,
): Promise<void> {
  const least = frame.lastName === undefined ? '' : keyAfter(frame.lastName)
  const waiting = [...frame.folders]
  let kept: Child[] = []
  let isComplete = true
  for (let walked = waiting.shift(); walked !== undefined; walked = waiting.shift()) {
    const learn = await facts.watch(walked.location)
    const count = new FolderCount()
    try {
      for await (const entry of jotta.list(walked.location, context)) {
        count.add(entry)
        const child = childFrom(frame, walked, entry)
        if (child === undefined) continue
        if ('within' in child) {
          waiting.push(child.within)
          continue
        }
        if (!child.name.startsWith(options.prefix)) continue
        if (compareKeys(child.name, least) < 0 || isBelow(child, from)) continue
        kept.push(child)
        if (kept.length < 2 * options.entriesPerFolder) continue
        kept = smallest(kept, options.entriesPerFolder)
        isComplete &&= kept.length < options.entriesPerFolder
      }
      await learn(count)
    } catch (error) {
      if (!isJottaError(error, 'not-found') && !isJottaError(error, 'conflict')) throw error
      await checkGone(jotta, walked.location, options.root, error, context)
    }
  }
  kept = smallest(kept, Number.POSITIVE_INFINITY)
  if (kept.length > options.entriesPerFolder) isComplete = false
  frame.children = kept.slice(0, options.entriesPerFolder)
  frame.isComplete = isComplete
}

/**
 * A folder may go away since its parent was listed. Only one that is seen to be gone is listed as empty:
 * whoever syncs against a listing deletes what it does not name.
 */
async function checkGone(
  jotta: JottaClient,
  listed: Location,
  root: Location,
  cause: unknown,
  context: RequestContext,
): Promise<void> {
  const isThere = async (folder: Location): Promise<boolean> =>
    isLiveFolder(await jotta.stat(folder, context))
  if (!(await isThere(root))) throw new S3Error('NoSuchBucket', { cause })
  if (await isThere(listed)) throw new S3Error('ServiceUnavailable', { cause })
}

/** In order, and each name once: several folders may hold what has one prefix. */
function smallest(children: Child[], count: number): Child[] {
  const merged: Child[] = []
  for (const child of children.sort((a, b) => compareKeys(a.name, b.name))) {
    const last = merged.at(-1)
    if (last?.name !== child.name) {
      if (merged.length === count) break
      merged.push(child)
    } else if (last.kind === 'folder' && child.kind === 'folder') {
      // Each file of others in a folder of the bridge's own names that same folder.
      const further = child.folders.filter((folder) => !last.folders.includes(folder))
      const folders = [...last.folders, ...further]
      merged.splice(-1, 1, { kind: 'folder', name: last.name, folders })
    }
  }
  return merged
}

/** What an entry is in S3, or a folder that is to be looked into; `undefined`: none of S3's business. */
function childFrom(
  frame: Frame,
  walked: WalkedFolder,
  entry: Entry,
): Child | { readonly within: WalkedFolder } | undefined {
  if (entry.deleted) return undefined
  if (entry.kind === 'folder') {
    const folder = enterFolder(walked.folder, entry.name)
    if (folder === undefined) return undefined
    const within = { location: childOf(walked.location, entry.name), folder }
    if (isStructural(folder)) return { within }
    return folder.keyPrefix.startsWith(frame.keyPrefix)
      ? childFolder(frame, folder.keyPrefix, walked, within)
      : undefined
  }
  const object = readableObject(entry)
  const key = object && keyOfFile(walked.folder, entry.name)
  if (object === undefined || key === undefined || !key.startsWith(frame.keyPrefix)) {
    return undefined
  }
  return key.includes('/', frame.keyPrefix.length)
    ? childFolder(frame, key, walked, undefined)
    : { kind: 'object', name: key, found: { kind: 'object', key, object } }
}

/**
 * The folder of keys that a deeper name is in. In a folder of the bridge's own others may have put what
 * has its key below that folder's name: it is looked into once more for those.
 */
function childFolder(
  frame: Frame,
  name: string,
  walked: WalkedFolder,
  within: WalkedFolder | undefined,
): Child {
  const end = name.indexOf('/', frame.keyPrefix.length) + 1
  const isDirect = within !== undefined && end === name.length
  return { kind: 'folder', name: name.slice(0, end), folders: [isDirect ? within : walked] }
}

/** Neither the child nor anything in it reaches `from`. */
function isBelow(child: Child, from: string): boolean {
  if (child.kind === 'object') return compareKeys(child.name, from) < 0
  const end = endOfPrefix(child.name)
  return end !== undefined && compareKeys(end, from) <= 0
}
