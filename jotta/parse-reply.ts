// Elements of JFS replies -> the types of wire.ts. Pure. API 3.2, 3.3, 4.2 to 4.4, 4.7.
import { JottaError } from './jotta-error.ts'
import { parseTime } from './jotta-time.ts'
import type {
  Device,
  FileEntry,
  FolderEntry,
  Mountpoint,
  Revision,
  RevisionState,
  TreeEntry,
} from './wire.ts'
import { childOf, textOf, type XmlElement } from './xml-stream.ts'

const states: ReadonlySet<string> = new Set<RevisionState>([
  'COMPLETED',
  'INCOMPLETE',
  'CORRUPT',
  'ADDED',
  'PROCESSING',
])

/** A `<file>`, in a listing or by itself. Throws JottaError `protocol` when it has no name. */
export function parseFile(element: XmlElement, subject: string): FileEntry {
  const revisions = childOf(element, 'revisions')?.children ?? []
  return {
    kind: 'file',
    name: attributeName(element, subject),
    uuid: element.attributes.uuid,
    deleted: isDeleted(element),
    parentPath: textOf(element, 'abspath'),
    current: parseRevision(childOf(element, 'currentRevision')),
    latest: parseRevision(childOf(element, 'latestRevision')),
    revisions: revisions.flatMap((revision) => parseRevision(revision) ?? []),
  }
}

/** A `<folder>` of a listing. Throws JottaError `protocol` when it has no name. */
export function parseFolder(element: XmlElement, subject: string): FolderEntry {
  return {
    kind: 'folder',
    name: attributeName(element, subject),
    deleted: isDeleted(element),
    parentPath: textOf(element, 'abspath'),
  }
}

/** In the trash: the attribute is there, whatever its value. */
export function isDeleted(element: XmlElement): boolean {
  return element.attributes.deleted !== undefined
}

/** `undefined` for a mountpoint in the trash or without a name. */
export function parseMountpoint(element: XmlElement): Mountpoint | undefined {
  const name = textOf(element, 'name')
  if (name === undefined || name === '' || isDeleted(element)) return undefined
  return {
    name,
    sizeBytes: parseCount(textOf(element, 'size')),
    modified: parseTime(textOf(element, 'modified')),
  }
}

/** `undefined` for a device that is gone or has no name. */
export function parseDevice(element: XmlElement): Device | undefined {
  const name = textOf(element, 'name')
  if (name === undefined || name === '' || isDeleted(element)) return undefined
  return {
    name,
    type: textOf(element, 'type'),
    sizeBytes: parseCount(textOf(element, 'size')),
    modified: parseTime(textOf(element, 'modified')),
  }
}

/**
 * A `<file>` or `<folder>` of a liststream. Its path starts with the mountpoint and the listed folder,
 * whose names are dropped by number, since their casing may differ from the one asked for.
 */
export function parseTreeEntry(
  element: XmlElement,
  rootSegments: number,
  subject: string,
): TreeEntry {
  const [first, ...segments] = (textOf(element, 'path') ?? '').split('/')
  if (first !== '' || segments.length < rootSegments || segments.includes('')) {
    throw new JottaError('protocol', `${subject}: an entry has a path from elsewhere`)
  }
  const path = segments.slice(rootSegments)
  if (element.name === 'folder') return { kind: 'folder', path }
  const name = textOf(element, 'filename')
  const sizeBytes = parseCount(textOf(element, 'size'))
  const md5 = parseMd5(textOf(element, 'md5'))
  if (name === undefined || name === '' || name.includes('/')) {
    throw new JottaError('protocol', `${subject}: a file has no name`)
  }
  if (sizeBytes === undefined || md5 === undefined) {
    throw new JottaError('protocol', `${subject}: a file has no size or no MD5`)
  }
  const created = parseTime(textOf(element, 'created'))
  const modified = parseTime(textOf(element, 'modified'))
  return { kind: 'file', path, name, sizeBytes, md5, created, modified }
}

/** A whole number of bytes or things; `undefined` for what is none. */
export function parseCount(text: string | undefined): number | undefined {
  if (!/^\d{1,16}$/.test(text?.trim() ?? '')) return undefined
  const count = Number(text)
  return Number.isSafeInteger(count) ? count : undefined
}

function parseRevision(element: XmlElement | undefined): Revision | undefined {
  if (element === undefined) return undefined
  const mime = textOf(element, 'mime')?.trim()
  return {
    number: parseCount(textOf(element, 'number')) ?? 0,
    state: parseState(textOf(element, 'state')),
    sizeBytes: parseCount(textOf(element, 'size')),
    md5: parseMd5(textOf(element, 'md5')),
    created: parseTime(textOf(element, 'created')),
    modified: parseTime(textOf(element, 'modified')),
    updated: parseTime(textOf(element, 'updated')),
    mime: mime === '' ? undefined : mime,
  }
}

function parseState(text: string | undefined): RevisionState {
  const state = text?.trim() ?? ''
  return isState(state) ? state : 'UNKNOWN'
}

function isState(text: string): text is RevisionState {
  return states.has(text)
}

function parseMd5(text = ''): string | undefined {
  const isMd5 = /^[0-9a-f]{32}$/
  if (isMd5.test(text)) return text
  const md5 = text.trim().toLowerCase()
  return isMd5.test(md5) ? md5 : undefined
}

function attributeName(element: XmlElement, subject: string): string {
  const { name } = element.attributes
  if (name === undefined || name === '') {
    throw new JottaError('protocol', `${subject}: a ${element.name} has no name`)
  }
  return name
}
