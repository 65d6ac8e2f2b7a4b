// The XML of files, folders, mountpoints, devices and the account (API 3, 4), as strings of one entry.
import { hostname } from './emulator-error.ts'
import { mimeTypeOf } from './names.ts'
import type { Partial as Unfinished } from './partials.ts'
import type { Revision, Use } from './revisions.ts'
import { renderJfsTime } from './times.ts'
import type { Node } from './tree.ts'
import { attributes, element, spacedElement } from './xml.ts'

export type RevisionTag = 'currentRevision' | 'latestRevision' | 'revision'

/** What a file shows of itself. `receivedBytes` only where API 4.4 has a size for unfinished uploads. */
export type FileView = {
  readonly node: Node
  readonly deleted: number | null
  readonly current: Revision | undefined
  /** Instead of COMPLETED, by a fault. */
  readonly currentState?: string | undefined
  readonly unfinished: Unfinished | undefined
  readonly receivedBytes?: number | undefined
  readonly older?: readonly Revision[]
}

/** On root elements. */
export function rootAttributes(nowMs: number): Record<string, string> {
  return { time: renderJfsTime(nowMs), host: hostname }
}

export function parentPaths(path: string): string {
  return spacedElement('path', path) + spacedElement('abspath', path)
}

/** `extra` goes into the start tag, `head` in front of the revisions. */
export function fileXml(view: FileView, extra: Record<string, string>, head: string): string {
  const { node, deleted, current, unfinished, older = [] } = view
  const start = attributes({
    name: node.name,
    uuid: node.uuid,
    deleted: deleted === null ? undefined : renderJfsTime(deleted),
    ...extra,
  })
  let body = head + shareXml(node)
  if (current !== undefined) {
    body += revisionXml('currentRevision', node.name, current, view.currentState ?? 'COMPLETED')
  }
  if (unfinished !== undefined) {
    body += unfinishedXml(node.name, unfinished, view.receivedBytes)
  }
  if (older.length > 0) {
    const revisions = older.map((one) => revisionXml('revision', node.name, one, 'COMPLETED'))
    body += `<revisions>${revisions.join('')}</revisions>`
  }
  return `<file${start}>${body}</file>`
}

/** Addresses that exist while something is shared (API 4.8). */
export function shareXml(node: Node): string {
  if (node.publicUri === null) return ''
  const { publicUri } = node
  return element('publicURI', publicUri) + element('publicSharePath', `/s/${publicUri}`)
}

function revisionXml(tag: RevisionTag, name: string, revision: Revision, state: string): string {
  return (
    `<${tag}>${element('number', revision.number)}${element('state', state)}` +
    `${element('created', renderJfsTime(revision.created))}${element('modified', renderJfsTime(revision.modified))}` +
    `${element('mime', mimeTypeOf(name))}${element('size', revision.sizeBytes)}${element('md5', revision.md5)}` +
    `${element('updated', renderJfsTime(revision.updated))}</${tag}>`
  )
}

function unfinishedXml(
  name: string,
  { number, state, created, modified, md5, updated }: Unfinished,
  receivedBytes: number | undefined,
): string {
  const size =
    receivedBytes === undefined || state === 'CORRUPT' ? '' : element('size', receivedBytes)
  return (
    `<latestRevision>${element('number', number)}${element('state', state)}` +
    `${element('created', renderJfsTime(created))}${element('modified', renderJfsTime(modified))}` +
    `${element('mime', mimeTypeOf(name))}${size}${element('md5', md5)}` +
    `${element('updated', renderJfsTime(updated))}</latestRevision>`
  )
}

/** A folder among its siblings: a name, and a path only in the trash (API 4.2). */
export function childFolderXml(node: Node, deleted: number | null, parentPath: string): string {
  if (deleted === null) return `<folder${attributes({ name: node.name })}/>`
  const start = attributes({ name: node.name, deleted: renderJfsTime(deleted) })
  return `<folder${start}>${spacedElement('abspath', parentPath)}</folder>`
}

export function deviceXml(node: Node, use: Use): string {
  return (
    spacedElement('name', node.name) +
    spacedElement('display_name', node.name) +
    element('type', node.deviceType ?? 'WORKSTATION') +
    element('sid', node.uuid) +
    element('size', use.bytes) +
    element('modified', renderJfsTime(use.modified))
  )
}

/** A mountpoint in its device's listing. */
export function childMountpointXml(
  { name, deleted }: Pick<Node, 'name' | 'deleted'>,
  use: Use,
  devicePath: string,
): string {
  const start = attributes({ deleted: deleted === null ? undefined : renderJfsTime(deleted) })
  const path = deleted === null ? '' : spacedElement('abspath', devicePath)
  return (
    `<mountPoint${start}>${spacedElement('name', name)}${path}` +
    `${element('size', use.bytes)}${element('modified', renderJfsTime(use.modified))}</mountPoint>`
  )
}

/** `first` and `max` are always empty: nothing is paged (API 4.2). */
export function countsXml(folders: number, files: number): string {
  const counts = {
    total: String(folders + files),
    num_folders: String(folders),
    num_files: String(files),
  }
  return `<metadata${attributes({ first: '', max: '', ...counts })}/>`
}
