// Whether anything that a key could lead to is in a folder. Names of live children are remembered, so that
// emptying a large folder does not list it for each of them: one of them is looked at instead, since another
// process may have deleted it.
import type { JottaClient, Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import type { Entry } from '../jotta/wire.ts'
import type { RequestContext } from './bridge.ts'
import { isJottaError } from './jotta-error.ts'
import { enterFolder, isStructural, type KeyFolder } from './key-folder.ts'
import { childOf, parentOf } from './location.ts'
import { holdsContent } from './stored-object.ts'

export interface FolderOccupants {
  /** What was at a place is gone. */
  note(location: Location): void
  /**
   * Whether nothing live is in a folder, but for folders that are no part of keys, as long as nothing is in
   * those. `leftovers`: names of unfinished uploads that count as nothing.
   */
  isEmpty(
    folder: Location,
    asKeys: KeyFolder,
    leftovers: 'all' | ReadonlySet<string>,
    context: RequestContext,
  ): Promise<boolean>
}

const maxNamesPerFolder = 256
const maxFolders = 256
/** At remembered names, before the folder is listed. */
const looksMax = 4
const rememberedForMs = 30_000

export function createFolderOccupants(jotta: JottaClient, now: () => number): FolderOccupants {
  /** Folder -> some children that were seen alive; while one is left, the folder is not empty. */
  const occupants = new Map<string, { readonly names: Set<string>; readonly seenMs: number }>()
  /** Folder that is being listed -> children deleted meanwhile, which the listing may still name. */
  const goneMeanwhile = new Map<string, Set<string>>()

  const isEmpty: FolderOccupants['isEmpty'] = async (folder, asKeys, leftovers, context) => {
    const id = placeName(folder)
    const seen = occupants.get(id)
    if (seen !== undefined && now() - seen.seenMs < rememberedForMs) {
      for (const name of [...seen.names].slice(0, looksMax)) {
        if (await isLive(jotta, childOf(folder, name), context)) return false
        seen.names.delete(name)
      }
    }
    const seenMs = now()
    const gone = new Set<string>()
    goneMeanwhile.set(id, gone)
    const found = await look(jotta, folder, asKeys, leftovers, context).finally(() =>
      goneMeanwhile.delete(id),
    )
    occupants.delete(id)
    const { names } = found
    const named = names.size
    for (const name of gone) names.delete(name)
    // All that was named is gone by now; only another look tells what else there is.
    if (named > 0 && names.size === 0) return await isEmpty(folder, asKeys, leftovers, context)
    if (names.size > 0) occupants.set(id, { names, seenMs })
    for (const oldest of occupants.keys()) {
      if (occupants.size <= maxFolders) break
      occupants.delete(oldest)
    }
    if (names.size > 0) return false
    // Not remembered: what empties them may leave them there.
    for (const [name, child] of found.structural) {
      if (!(await isEmpty(childOf(folder, name), child, leftovers, context))) return false
    }
    return true
  }

  return {
    isEmpty,
    note(location) {
      const id = placeName(parentOf(location))
      const name = location.path.at(-1) ?? ''
      occupants.get(id)?.names.delete(name)
      goneMeanwhile.get(id)?.add(name)
    },
  }
}

async function isLive(
  jotta: JottaClient,
  location: Location,
  context: RequestContext,
): Promise<boolean> {
  try {
    const entry = await jotta.stat(location, context)
    return entry !== undefined && isOccupant(entry)
  } catch (error) {
    // It was listed, and Jottacloud opens it for nobody: a raw percent sign of others.
    if (isJottaError(error, 'invalid-name')) return true
    throw error
  }
}

/** What is left of uploads that were never finished is no object. */
function isOccupant(entry: Entry): boolean {
  return !entry.deleted && (entry.kind === 'folder' || holdsContent(entry))
}

async function look(
  jotta: JottaClient,
  folder: Location,
  asKeys: KeyFolder,
  leftovers: 'all' | ReadonlySet<string>,
  context: RequestContext,
): Promise<{ readonly names: Set<string>; readonly structural: Map<string, KeyFolder> }> {
  const names = new Set<string>()
  const structural = new Map<string, KeyFolder>()
  for await (const entry of jotta.list(folder, context)) {
    const isLeftover = leftovers === 'all' || leftovers.has(entry.name)
    if (entry.deleted || (isLeftover && !isOccupant(entry))) continue
    const child = entry.kind === 'folder' ? enterFolder(asKeys, entry.name) : undefined
    if (child !== undefined && isStructural(child)) structural.set(entry.name, child)
    else names.add(entry.name)
    if (names.size === maxNamesPerFolder) break
  }
  return { names, structural }
}
