// What replies say of a file, a folder or what lies in one. Pure.
import { at, listAt, type Reply, textAt } from './reply.ts'

export type FileLook = {
  readonly status: number
  readonly kind: 'file' | 'folder' | 'missing' | 'unclear'
  readonly isDeleted: boolean
  /** Of a file: complete. Neither is in the trash. */
  readonly isLive: boolean
  readonly name: string | undefined
  readonly abspath: string | undefined
  readonly uuid: string | undefined
  /** Of the current revision. */
  readonly number: number | undefined
  readonly md5: string | undefined
  readonly created: string | undefined
  readonly modified: string | undefined
  /** State of `latestRevision`. */
  readonly latest: string | undefined
  /** Numbers of the older revisions, as listed. */
  readonly older: readonly number[]
}

export function lookOf(reply: Reply): FileLook {
  const { status, root, xml } = reply
  const kind = kindOf(reply)
  const current = at(xml, 'currentRevision')
  const isDeleted = at(xml, '@deleted') !== undefined
  const isComplete = kind === 'folder' || textAt(current, 'state') === 'COMPLETED'
  const number = textAt(current, 'number')
  return {
    status,
    kind,
    isDeleted,
    isLive: isComplete && !isDeleted,
    name: root === 'mountPoint' ? textAt(xml, 'name') : attribute(xml, '@name'),
    abspath: textAt(xml, 'abspath'),
    uuid: attribute(xml, '@uuid'),
    number: number === undefined ? undefined : Number(number),
    md5: textAt(current, 'md5'),
    created: textAt(current, 'created'),
    modified: textAt(current, 'modified'),
    latest: textAt(xml, 'latestRevision', 'state'),
    older: listAt(xml, 'revisions', 'revision').map((each) => Number(textAt(each, 'number'))),
  }
}

function kindOf({ status, root }: Reply): FileLook['kind'] {
  if (status === 404) return 'missing'
  if (root === 'file') return 'file'
  return root === 'folder' || root === 'mountPoint' ? 'folder' : 'unclear'
}

export type Listed = {
  readonly name: string
  readonly isDeleted: boolean
  /** Of a file: has a complete revision. */
  readonly isComplete: boolean
  readonly md5: string | undefined
  /** State of `latestRevision`. */
  readonly latest: string | undefined
}

export type Listing = {
  /** The folder itself is in the trash. */
  readonly isDeleted: boolean
  readonly folders: readonly Listed[]
  readonly files: readonly Listed[]
}

export function listingOf({ xml }: Reply): Listing {
  return {
    isDeleted: at(xml, '@deleted') !== undefined,
    folders: listAt(xml, 'folders', 'folder').map(listedOf),
    files: listAt(xml, 'files', 'file').map(listedOf),
  }
}

/** Names of what is not in the trash. */
export function liveNames(entries: readonly Listed[]): string[] {
  return entries.filter(({ isDeleted }) => !isDeleted).map(({ name }) => name)
}

/** Names of the mountpoints that a device lists. */
export function mountpointsOf({ xml }: Reply): Listed[] {
  return listAt(xml, 'mountPoints', 'mountPoint').map((tag) => ({
    ...listedOf(tag),
    name: textAt(tag, 'name') ?? '',
  }))
}

function listedOf(tag: unknown): Listed {
  return {
    name: attribute(tag, '@name') ?? '',
    isDeleted: at(tag, '@deleted') !== undefined,
    isComplete: textAt(tag, 'currentRevision', 'state') === 'COMPLETED',
    md5: textAt(tag, 'currentRevision', 'md5'),
    latest: textAt(tag, 'latestRevision', 'state'),
  }
}

function attribute(tag: unknown, name: string): string | undefined {
  const value = at(tag, name)
  return typeof value === 'string' ? value : undefined
}
