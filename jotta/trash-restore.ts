// Out of the trash again. Jottacloud has no call for it: a file is made anew from the content that its
// tombstone names, a folder is walked (API 6.2). Nothing live is ever overwritten.
import type { CallOptions, Location } from './client.ts'
import { createByHash, createFolder, isLive, stat } from './files.ts'
import { JottaError } from './jotta-error.ts'
import { createMountpoint } from './mountpoints.ts'
import { nameOf, parentOf, placeName } from './path.ts'
import type { Service } from './service.ts'
import { findTombstone, readTombstone, type TrashedChild } from './trash.ts'
import type { Entry, FileEntry, Revision } from './wire.ts'

/**
 * - `restored`: live again.
 * - `taken`: something live has the name now, and was left alone.
 * - `gone`: Jottacloud does not have the content any more.
 * - `unfinished`: a file of which no upload was ever completed: there is nothing to restore.
 * - `trashed-before`: it was in the trash before the folder around it was, and stays there.
 * - `failed`: refused for another reason, in `error`.
 */
export type RestoreOutcome =
  | 'restored'
  | 'taken'
  | 'gone'
  | 'unfinished'
  | 'trashed-before'
  | 'failed'

export type Restored = {
  readonly kind: 'file' | 'folder'
  readonly location: Location
  readonly outcome: RestoreOutcome
  readonly error?: JottaError
}

export type RestoreFolderOptions = CallOptions & {
  /** What to do with entries that were in the trash before the folder was. */
  readonly trashedBefore: 'leave' | 'restore'
}

type Content = Parameters<typeof createByHash>[2]

/** Known before anything is changed, since a restored parent may hide the rest of its tombstone. */
type Plan = {
  readonly folders: Location[]
  readonly files: {
    readonly folder: Location
    readonly name: string
    readonly content: Content
  }[]
  /** Settled while looking. */
  readonly settled: Restored[]
}

/** A folder with more than this is restored folder by folder: the plan is held in memory. */
const PLAN_ENTRIES_MAX = 1_000_000
const FILES_AT_ONCE = 6

/** Failures of the account or the connection, which the next file would meet as well. */
const fatalKinds: ReadonlySet<JottaError['kind']> = new Set([
  'unauthorized',
  'login-required',
  'other-account',
  'quota',
  'throttled',
  'unavailable',
])

/** See JottaClient.restoreFile. */
export async function restoreFile(
  service: Service,
  location: Location,
  options: CallOptions,
): Promise<FileEntry> {
  const entry = await findTombstone(service, location, 'file', options)
  const content = entry.kind === 'file' ? contentOf(service, entry.current) : undefined
  if (content === undefined) {
    throw new JottaError('not-found', `no upload of ${nameOf(location)} was ever completed`)
  }
  const file = await recreate(service, location, content, liveFolders(service), options)
  if (file !== undefined) return file
  throw new JottaError('not-found', `Jottacloud does not have the content of ${nameOf(location)}`)
}

/** See JottaClient.restoreFolder. */
export async function* restoreFolder(
  service: Service,
  location: Location,
  options: RestoreFolderOptions,
): AsyncGenerator<Restored, void, undefined> {
  await findTombstone(service, location, 'folder', options)
  const plan = await planOf(service, location, options)
  yield* plan.settled
  const folders = liveFolders(service)
  // Its children need it, and no call brings a mountpoint back with them.
  if (location.path.length === 0) await folders.ensure(location, options)
  const filled = new Set<string>()
  for (let at = 0; at < plan.files.length; at += FILES_AT_ONCE) {
    const batch = plan.files.slice(at, at + FILES_AT_ONCE)
    const settled = await Promise.allSettled(
      batch.map(async ({ folder, name, content }) => {
        const place = { ...folder, path: [...folder.path, name] }
        return await attempt('file', place, async () => {
          // Right before, since what is there would be replaced (API 5.3).
          if (isTaken(await stat(service, place, options))) throw taken(place)
          const file = await recreate(service, place, content, folders, options)
          return file === undefined ? 'gone' : 'restored'
        })
      }),
    )
    for (const each of settled) {
      if (each.status !== 'fulfilled') continue
      if (each.value.outcome === 'restored') markFilled(filled, parentOf(each.value.location))
      yield each.value
    }
    for (const each of settled) if (each.status === 'rejected') throw each.reason
  }
  for (const folder of plan.folders) {
    // The root is looked at in any case: it is what was asked for.
    if (filled.has(placeName(folder)) && folder.path.length > location.path.length) continue
    yield await attempt('folder', folder, async () => {
      await folders.ensure(folder, options)
      return 'restored'
    })
  }
}

async function planOf(
  service: Service,
  root: Location,
  options: RestoreFolderOptions,
): Promise<Plan> {
  const plan: Plan = { folders: [], files: [], settled: [] }
  const waiting = [root]
  let rootDeletedAt: Date | undefined
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    plan.folders.push(folder)
    for await (const { self, child } of readTombstone(service, folder, options)) {
      if (folder === root && self !== undefined) rootDeletedAt = self.deletedAt
      if (child === undefined) continue
      assertRoom(plan, waiting.length, root)
      const content = contentOf(service, child.current)
      const isOlder = isBefore(child.deletedAt, rootDeletedAt)
      if (isOlder && options.trashedBefore === 'leave') {
        plan.settled.push(settle(child, 'trashed-before'))
      } else if (child.kind === 'folder') {
        waiting.push(child.location)
      } else if (content === undefined) {
        plan.settled.push(settle(child, 'unfinished'))
      } else {
        plan.files.push({ folder, name: child.name, content })
      }
    }
  }
  return plan
}

function assertRoom({ folders, files, settled }: Plan, waiting: number, root: Location): void {
  if (folders.length + files.length + settled.length + waiting < PLAN_ENTRIES_MAX) return
  const text = `${nameOf(root)} has more than ${PLAN_ENTRIES_MAX} entries`
  throw new JottaError('conflict', `${text}: restore the folders in it one by one`)
}

function settle(child: TrashedChild, outcome: RestoreOutcome): Restored {
  return { kind: child.kind, location: child.location, outcome }
}

async function attempt(
  kind: Restored['kind'],
  location: Location,
  act: () => Promise<RestoreOutcome>,
): Promise<Restored> {
  try {
    return { kind, location, outcome: await act() }
  } catch (error) {
    if (!(error instanceof JottaError) || fatalKinds.has(error.kind)) throw error
    return { kind, location, outcome: error instanceof Taken ? 'taken' : 'failed', error }
  }
}

/** `undefined` when the content is gone. Throws `Taken` when a folder on the way is a live file. */
async function recreate(
  service: Service,
  location: Location,
  content: Content,
  folders: LiveFolders,
  options: CallOptions,
): Promise<FileEntry | undefined> {
  const make = () => createByHash(service, location, content, options)
  const parent = parentOf(location)
  if (parent === undefined) return await make()
  let first: { file: FileEntry | undefined } | { error: JottaError }
  try {
    first = { file: await make() }
  } catch (error) {
    // The folder is in the trash, and so is what was made in it.
    if (!(error instanceof JottaError) || error.kind !== 'protocol') throw error
    first = { error }
  }
  // Made first and the folder looked at afterwards: this way its tombstone comes back to life instead
  // of being put aside for a new folder (API 5.5). Where that did not happen, it is done again.
  if ((await folders.ensure(parent, options)) === 'made') return await make()
  if ('error' in first) throw first.error
  return first.file
}

type LiveFolders = {
  /** Makes or revives a folder or mountpoint; each is looked at once. Throws `Taken`. */
  ensure(location: Location, options: CallOptions): Promise<'was-live' | 'made'>
}

function liveFolders(service: Service): LiveFolders {
  const known = new Map<string, Promise<'was-live' | 'made'>>()
  const ensure: LiveFolders['ensure'] = async (location, options) => {
    const entry = await stat(service, location, options)
    if (isTaken(entry) && entry?.kind === 'file') throw taken(location)
    if (isLive(entry)) return 'was-live'
    if (location.path.length > 0) await createFolder(service, location, options)
    else await createMountpoint(service, location.device, location.mountpoint, options)
    return 'made'
  }
  return {
    ensure(location, options) {
      const key = placeName(location)
      const ensured = known.get(key) ?? ensure(location, options)
      known.set(key, ensured)
      return ensured
    },
  }
}

class Taken extends JottaError {}

function taken(location: Location): Taken {
  return new Taken('conflict', `something live is at ${nameOf(location)} now, and was left alone`)
}

function markFilled(filled: Set<string>, folder: Location | undefined): void {
  for (let at = folder; at !== undefined && !filled.has(placeName(at)); at = parentOf(at)) {
    filled.add(placeName(at))
  }
}

function isBefore(time: Date | undefined, other: Date | undefined): boolean {
  return time !== undefined && other !== undefined && time.getTime() < other.getTime()
}

/** Also what is there but not readable yet; an upload that was never completed holds no name. */
function isTaken(entry: Entry | undefined): boolean {
  if (entry === undefined || entry.deleted) return false
  return entry.kind === 'folder' || entry.current !== undefined
}

function contentOf(service: Service, revision: Revision | undefined): Content | undefined {
  const { md5, sizeBytes } = revision ?? {}
  if (revision?.state !== 'COMPLETED' || md5 === undefined || sizeBytes === undefined) {
    return undefined
  }
  const modified = revision.modified ?? new Date(service.environment.now())
  return { md5, sizeBytes, modified, created: revision.created ?? modified }
}
