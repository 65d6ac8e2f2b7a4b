// Files and folders at a location: look, create, remove. API 4.3, 4.4, 5.3, 6.1 to 6.3.
import assert from 'node:assert/strict'
import type { CallOptions, Location, UploadInput } from './client.ts'
import type { HttpReply } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { renderJfsTime } from './jotta-time.ts'
import { list } from './list.ts'
import { mountpoints } from './mountpoints.ts'
import { isDeleted, parseFile } from './parse-reply.ts'
import { nameOf } from './path.ts'
import { requestAt, type Service } from './service.ts'
import type { Entry, FileEntry } from './wire.ts'
import { readElement, readXml, textOf, type XmlElement } from './xml-stream.ts'

/** Before the listing of a folder, or in a file; there are about ten. */
const HEAD_ELEMENTS_MAX = 1_000

type Mode = 'trash' | 'permanent'

/** See JottaClient.stat. */
export async function stat(
  service: Service,
  location: Location,
  options: CallOptions,
): Promise<Entry | undefined> {
  const request = await requestAt(service, location, options, {
    method: 'GET',
    repeat: 'transient',
    answers: [404],
  })
  try {
    return await service.http.call(request, options, async (reply) =>
      reply.status === 404 ? undefined : await readEntry(reply, location),
    )
  } catch (error) {
    if (!(error instanceof JottaError) || error.kind !== 'unlistable') throw error
    const entry = await findFromAbove(service, location, options)
    if (entry === undefined) throw error
    return entry
  }
}

/**
 * A folder whose own reply would be a listing that is too long (API 4.2), as its parent lists it. Letter case
 * is all that its name there may differ by.
 */
async function findFromAbove(
  service: Service,
  { path, ...place }: Location,
  options: CallOptions,
): Promise<Entry | undefined> {
  const name = path.at(-1)
  if (name === undefined) {
    const found = (await mountpoints(service, place.device, options)) ?? []
    const isThere = found.some((each) => each.name === place.mountpoint)
    if (!isThere) return undefined
    return { kind: 'folder', name: place.mountpoint, deleted: false, parentPath: undefined }
  }
  const above = { ...place, path: path.slice(0, -1) }
  const parent = await stat(service, above, options)
  if (parent?.kind !== 'folder' || parent.parentPath === undefined) return undefined
  const parentPath = `${parent.parentPath}/${parent.name}`
  let other: Entry | undefined
  for await (const entry of list(service, above, options)) {
    if (entry.kind !== 'folder') continue
    if (entry.name === name) return { ...entry, parentPath }
    if (foldCase(entry.name) === foldCase(name)) other = { ...entry, parentPath }
  }
  return other
}

function foldCase(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

/** See JottaClient.createByHash. */
export async function createByHash(
  service: Service,
  location: Location,
  input: Pick<UploadInput, 'sizeBytes' | 'md5' | 'created' | 'modified'>,
  options: CallOptions,
): Promise<FileEntry | undefined> {
  const request = await requestAt(service, location, options, {
    method: 'POST',
    query: { cphash: 'true' },
    headers: {
      JSize: String(input.sizeBytes),
      JMd5: input.md5,
      JCreated: renderJfsTime(input.created),
      JModified: renderJfsTime(input.modified),
    },
    repeat: 'transient',
    answers: [404],
  })
  return await service.http.call(request, options, async (reply) => {
    if (reply.status === 404) return undefined
    const file = await readFile(reply)
    if (
      isLive(file) &&
      file.current?.md5 === input.md5 &&
      file.current.sizeBytes === input.sizeBytes
    )
      return file
    throw new JottaError('protocol', `${reply.subject}: the reply describes another content`)
  })
}

/** Makes missing parents, revives a name that is in the trash (API 6.3). */
export async function createFolder(
  service: Service,
  location: Location,
  options: CallOptions,
): Promise<void> {
  assert(location.path.length > 0, 'a mountpoint is not made as a folder')
  const request = await requestAt(service, location, options, {
    method: 'POST',
    query: { mkDir: 'true' },
    repeat: 'transient',
  })
  await service.http.call(request, options, async (reply) => {
    const entry = await readEntry(reply, location)
    if (entry.kind === 'file') throw new JottaError('conflict', `${reply.subject}: it is a file`)
    if (entry.deleted) {
      throw new JottaError('protocol', `${reply.subject}: the new folder is in the trash`)
    }
  })
}

export async function removeFile(
  service: Service,
  location: Location,
  mode: Mode,
  options: CallOptions,
): Promise<'removed' | 'missing'> {
  return await remove(service, location, mode === 'trash' ? 'dl' : 'rm', options)
}

export async function removeFolder(
  service: Service,
  location: Location,
  mode: Mode,
  options: CallOptions,
): Promise<'removed' | 'missing'> {
  return await remove(service, location, mode === 'trash' ? 'dlDir' : 'rmDir', options)
}

/** COMPLETED and not in the trash: the status of a reply alone says nothing (API 6.2). */
export function isLive(entry: Entry | undefined): boolean {
  if (entry === undefined || entry.deleted) return false
  return entry.kind === 'folder' || entry.current?.state === 'COMPLETED'
}

async function remove(
  service: Service,
  location: Location,
  verb: 'dl' | 'rm' | 'dlDir' | 'rmDir',
  options: CallOptions,
): Promise<'removed' | 'missing'> {
  assert(location.path.length > 0, 'a mountpoint is not removed as a folder')
  const request = await requestAt(service, location, options, {
    method: 'POST',
    query: { [verb]: 'true' },
    repeat: 'transient',
    answers: [404],
    patience: 'long',
  })
  return await service.http.call(request, options, async (reply) =>
    reply.status === 404 && !reply.isRepeated ? 'missing' : 'removed',
  )
}

/** A reply that must be a `<file>`. */
export async function readFile(reply: HttpReply): Promise<FileEntry> {
  const root = await readElement(reply.body, reply.subject)
  if (root.name === 'file') return parseFile(root, reply.subject)
  throw new JottaError('protocol', `${reply.subject}: the reply is not that of a file`)
}

/** The whole of a file, only the beginning of a folder, whose listing may be huge. */
async function readEntry(reply: HttpReply, location: Location): Promise<Entry> {
  const children: XmlElement[] = []
  let root: XmlElement | undefined
  // Not destroyed on an early end, so that little that is left can be drained.
  const source = reply.body.iterator({ destroyOnReturn: false })
  for await (const event of readXml(source, ['folders', 'files'], reply.subject)) {
    if (event.type === 'open') {
      if (event.container !== '') break
      root = event.element
    }
    if (event.type !== 'element') continue
    if (event.element.name === 'metadata') break
    children.push(event.element)
    if (children.length > HEAD_ELEMENTS_MAX) {
      throw new JottaError('protocol', `${reply.subject}: the reply has too many elements`)
    }
  }
  const head: XmlElement = { name: '', attributes: {}, text: '', ...root, children }
  switch (head.name) {
    case 'file':
      return parseFile(head, reply.subject)
    case 'folder':
    case 'mountPoint': {
      const name = head.attributes.name ?? textOf(head, 'name') ?? nameOf(location)
      const parentPath = textOf(head, 'abspath')
      return { kind: 'folder', name, deleted: isDeleted(head), parentPath }
    }
    default:
      throw new JottaError('protocol', `${reply.subject}: the reply is not that of an entry`)
  }
}
