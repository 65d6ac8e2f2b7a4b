// The trash: what is in it, of the whole account and of one trashed folder, and its end. Entries stay
// addressable at their original path; the view of the trash is only for reading. API 6.2.
import { z } from 'zod'
import type { CallOptions, Location } from './client.ts'
import { removeFile, removeFolder, stat } from './files.ts'
import { JottaError } from './jotta-error.ts'
import { parseTime } from './jotta-time.ts'
import { readJson } from './json-reply.ts'
import { removeMountpoint } from './mountpoints.ts'
import { isDeleted, parseFile, parseFolder } from './parse-reply.ts'
import { nameOf } from './path.ts'
import { createChildCount } from './read-listing.ts'
import { requestAt, type Service } from './service.ts'
import type { Entry, Revision } from './wire.ts'
import { readXml, type XmlElement } from './xml-stream.ts'

export type TrashEntry = {
  readonly kind: 'file' | 'folder' | 'mountpoint'
  readonly name: string
  /** Where it was, its own name included; `undefined` when the service does not say so usably. */
  readonly location: Location | undefined
  readonly deletedAt: Date | undefined
  /** Of a file, its last revision; `undefined` also when no upload of it was ever completed. */
  readonly current: Revision | undefined
}

export type TrashedChild = TrashEntry & {
  readonly kind: 'file' | 'folder'
  readonly location: Location
}

export type TombstoneHead = { readonly isTrashed: boolean; readonly deletedAt: Date | undefined }

/** What was purged: trashed files, and trashed folders whatever was in them (API 6.2). */
export type Purged = { readonly files?: number | undefined; readonly folders?: number | undefined }

const count = z.number().int().nonnegative().optional().catch(undefined)
const purgeReply = z.object({ files: count, folders: count })

const trashView: Location = { device: 'Jotta', mountpoint: 'Trash', path: [] }

/** See JottaClient.listTrash. */
export async function* listTrash(
  service: Service,
  options: CallOptions,
): AsyncGenerator<TrashEntry, void, undefined> {
  // What a view counts, nobody has said.
  for await (const { element } of readFolder(service, trashView, 'uncounted', options)) {
    if (element !== undefined) yield parseTrashEntry(element.entry, element.subject)
  }
}

/** See JottaClient.listTrashedFolder. */
export async function* listTrashedFolder(
  service: Service,
  location: Location,
  options: CallOptions,
): AsyncGenerator<TrashedChild, void, undefined> {
  for await (const { self, child } of readTombstone(service, location, options)) {
    if (self?.isTrashed === false) {
      throw new JottaError('conflict', `the folder ${nameOf(location)} is not in the trash`)
    }
    if (child !== undefined) yield child
  }
}

/** What a folder says of itself, then its children; both whether they are in the trash or not. */
export async function* readTombstone(
  service: Service,
  location: Location,
  options: CallOptions,
): AsyncGenerator<{ self?: TombstoneHead; child?: TrashedChild }, void, undefined> {
  for await (const { root, element } of readFolder(service, location, 'counted', options)) {
    if (root !== undefined) {
      yield { self: { isTrashed: isDeleted(root.entry), deletedAt: deletionTime(root.entry) } }
    }
    if (element === undefined) continue
    const entry = parseTrashEntry(element.entry, element.subject)
    if (!isUsable(entry.name)) {
      throw new JottaError('protocol', `${element.subject}: an entry has a name that is none`)
    }
    const kind = entry.kind === 'file' ? 'file' : 'folder'
    const place = { ...location, path: [...location.path, entry.name] }
    yield { child: { ...entry, kind, location: place } }
  }
}

/** See JottaClient.purgeTrash. */
export async function purgeTrash(service: Service, options: CallOptions): Promise<Purged> {
  const request = {
    method: 'POST',
    url: `${service.apiUrl}files/v1/purge_trash`,
    headers: { accept: 'application/json' },
    auth: 'bearer',
    // Said again, it would take what came into the trash since.
    repeat: 'never',
    patience: 'long',
  } as const
  return await service.http.call(request, options, (reply) => readJson(reply, purgeReply))
}

/** See JottaClient.purgeTrashedFile. */
export async function purgeTrashedFile(
  service: Service,
  location: Location,
  options: CallOptions,
): Promise<'removed' | 'missing'> {
  await findTombstone(service, location, 'file', options)
  return await removeFile(service, location, 'permanent', options)
}

/** See JottaClient.purgeTrashedFolder. */
export async function purgeTrashedFolder(
  service: Service,
  location: Location,
  options: CallOptions,
): Promise<'removed' | 'missing'> {
  await findTombstone(service, location, 'folder', options)
  const { device, mountpoint, path } = location
  return path.length === 0
    ? await removeMountpoint(service, device, mountpoint, 'permanent', options)
    : await removeFolder(service, location, 'permanent', options)
}

/**
 * What a caller is about to purge or to replace: the same calls destroy what is live at that path. Throws
 * JottaError `not-found` when nothing is there, `conflict` when it is live or of the other kind.
 */
export async function findTombstone(
  service: Service,
  location: Location,
  kind: Entry['kind'],
  options: CallOptions,
): Promise<Entry> {
  const entry = await stat(service, location, options)
  const name = nameOf(location)
  if (entry === undefined) throw new JottaError('not-found', `nothing of the name ${name} is there`)
  if (!entry.deleted) throw new JottaError('conflict', `${name} is not in the trash`)
  if (entry.kind === kind) return entry
  throw new JottaError('conflict', `${name} in the trash is a ${entry.kind}, not a ${kind}`)
}

type Read = { readonly entry: XmlElement; readonly subject: string }

/** The root of a folder's listing, then its children, one at a time. */
async function* readFolder(
  service: Service,
  location: Location,
  counts: 'counted' | 'uncounted',
  options: CallOptions,
): AsyncGenerator<{ root?: Read; element?: Read }, void, undefined> {
  const request = await requestAt(service, location, options, {
    method: 'GET',
    repeat: 'transient',
    patience: 'long',
  })
  const reply = await service.http.open(request, options)
  const { subject } = reply
  const count = createChildCount()
  try {
    for await (const event of readXml(reply.body, ['folders', 'files'], subject)) {
      if (event.type === 'close') continue
      const { container, element: entry } = event
      if (event.type === 'open' && container === '') {
        assertFolder(entry, subject)
        yield { root: { entry, subject } }
      }
      if (event.type !== 'element') continue
      count.add(event)
      const isChild =
        (container === 'folders' && entry.name === 'folder') ||
        (container === 'files' && entry.name === 'file')
      if (isChild) yield { element: { entry, subject } }
    }
    if (counts === 'counted') count.assertNoneMissing(subject)
  } finally {
    reply.body.destroy()
  }
}

function assertFolder(root: XmlElement, subject: string): void {
  if (root.name === 'file') throw new JottaError('conflict', `${subject}: it is a file`)
  if (root.name === 'folder' || root.name === 'mountPoint') return
  throw new JottaError('protocol', `${subject}: the reply is not that of a folder`)
}

function parseTrashEntry(element: XmlElement, subject: string): TrashEntry {
  const deletedAt = deletionTime(element)
  const entry =
    element.name === 'file' ? parseFile(element, subject) : parseFolder(element, subject)
  const location = originOf(entry.parentPath, entry.name)
  const { kind, name } = entry
  const current = entry.kind === 'file' ? entry.current : undefined
  const isMountpoint = kind === 'folder' && location?.path.length === 0
  return { kind: isMountpoint ? 'mountpoint' : kind, name, location, deletedAt, current }
}

/** `/user/device/mountpoint/…` of the parent; a trashed mountpoint's parent is its device. */
function originOf(parentPath: string | undefined, name: string): Location | undefined {
  const [first, user, ...parents] = parentPath?.split('/') ?? []
  const [device, mountpoint, ...path] = [...parents, name]
  if (first !== '' || user === undefined || parents.length === 0) return undefined
  if (device === undefined || mountpoint === undefined) return undefined
  return [device, mountpoint, ...path].every(isUsable) ? { device, mountpoint, path } : undefined
}

function deletionTime(element: XmlElement): Date | undefined {
  return parseTime(element.attributes.deleted)
}

/** Whether it can stand in a path: no reply makes a request climb. */
function isUsable(name: string): boolean {
  return !['', '.', '..'].includes(name) && !/[/\0]/.test(name) && name.isWellFormed()
}
