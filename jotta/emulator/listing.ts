// Listings of any size, piece by piece from a snapshot: a folder (API 4.2), `mode=list` and
// `mode=liststream` (API 4.7). Nothing here holds more than one entry for each level of the tree.
import type { Context } from './context.ts'
import { partialColumns, toPartial } from './partials.ts'
import {
  childFolderXml,
  countsXml,
  type FileView,
  fileXml,
  parentPaths,
  rootAttributes,
} from './render.ts'
import { revisionColumns, toRevision } from './revisions.ts'
import type { Connection, Row } from './store.ts'
import { renderJfsTime, renderStreamTime } from './times.ts'
import { deletedAt, type Found, type Node, nodeColumns, toNode } from './tree.ts'
import { attributes, element, spacedElement, xmlDeclaration } from './xml.ts'

const chunkUnits = 32 * 1024

/** Fewer, larger pieces. */
export function* chunked(pieces: Iterable<string>): Generator<string> {
  let chunk = ''
  for (const piece of pieces) {
    chunk += piece
    if (chunk.length < chunkUnits) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

type Scope = {
  readonly context: Context
  readonly reader: Connection
  /** With `showState` faults: the state to show for the files at a path. */
  readonly stateOf: (path: string) => string | undefined
}

function childFolders({ context, reader }: Scope, parent: number): Iterable<Row> {
  return reader.iterate(
    `SELECT ${nodeColumns} FROM nodes n WHERE parent = ? AND kind = 'folder' ORDER BY ${order(context)}`,
    parent,
  )
}

function childFiles({ context, reader }: Scope, parent: number): Iterable<Row> {
  return reader.iterate(
    `SELECT ${nodeColumns}, ${revisionColumns} FROM nodes n
     LEFT JOIN revisions r ON r.node = n.id AND r.number = n.current
     WHERE n.parent = ? AND n.kind = 'file' ORDER BY ${order(context)}`,
    parent,
  )
}

function order(context: Context): string {
  return context.switches.listingOrder === 'random' ? 'random()' : 'n.id'
}

function viewOf(scope: Scope, row: Row, parentDeleted: number | null, path: string): FileView {
  const node = toNode(row)
  const current = row.number === null ? undefined : toRevision(row)
  const show = scope.context.switches.unfinishedUploads === 'show'
  // Numbers beyond the current one are there only after a failed or unfinished upload.
  const upload =
    show && node.nextNumber > (node.current ?? 0) + 1
      ? scope.reader.get(
          `SELECT ${partialColumns} FROM partials p WHERE node = ? AND number > ? ORDER BY number DESC LIMIT 1`,
          node.id,
          node.current ?? 0,
        )
      : undefined
  return {
    node,
    deleted: node.deleted ?? parentDeleted,
    current,
    currentState: scope.stateOf(`${path}/${node.name}`),
    unfinished: upload === undefined ? undefined : toPartial(upload),
  }
}

/**
 * `<folders>`, `<files>` and `<metadata>` of one folder; the root element is the caller's. With `shownMax`
 * what is beyond it is counted and not there.
 */
export function* folderContents(
  scope: Scope,
  found: Found,
  path: string,
  shownMax = Number.POSITIVE_INFINITY,
): Generator<string> {
  const deleted = deletedAt(found)
  let folders = 0
  for (const row of childFolders(scope, found.id)) {
    if (folders === 0) yield '<folders>'
    folders += 1
    const node = toNode(row)
    if (folders <= shownMax) yield childFolderXml(node, node.deleted ?? deleted, path)
  }
  if (folders > 0) yield '</folders>'
  let files = 0
  for (const piece of filesOf(scope, found.id, deleted, path)) {
    if (files === 0) yield '<files>'
    files += 1
    if (folders + files <= shownMax) yield piece
  }
  if (files > 0) yield '</files>'
  yield countsXml(folders, files)
}

function* filesOf(
  scope: Scope,
  folder: number,
  deleted: number | null,
  path: string,
): Generator<string> {
  for (const row of childFiles(scope, folder)) {
    const view = viewOf(scope, row, deleted, path)
    yield fileXml(view, {}, view.deleted === null ? '' : spacedElement('abspath', path))
  }
}

/** `mode=list`: every folder at any depth in one flat row, trash and unfinished uploads included. */
export function* flatList(scope: Scope, found: Found, parentPath: string): Generator<string> {
  const nowMs = scope.context.tree.nowMs()
  yield `${xmlDeclaration}<filedirlist${attributes(rootAttributes(nowMs))}><folders>`
  yield* flatFolder(scope, found, deletedAt(found), parentPath)
  yield '</folders></filedirlist>'
}

function* flatFolder(
  scope: Scope,
  folder: Node,
  deleted: number | null,
  parentPath: string,
): Generator<string> {
  const stamp = deleted === null ? {} : { deleted: renderJfsTime(deleted) }
  yield `<folder${attributes({ name: folder.name, ...stamp })}>${parentPaths(parentPath)}`
  const path = `${parentPath}/${folder.name}`
  let files = 0
  for (const piece of filesOf(scope, folder.id, deleted, path)) {
    if (files === 0) yield '<files>'
    files += 1
    yield piece
  }
  yield files > 0 ? '</files></folder>' : '</folder>'
  for (const row of childFolders(scope, folder.id)) {
    const node = toNode(row)
    yield* flatFolder(scope, node, node.deleted ?? deleted, path)
  }
}

export type Spoiling = 'no-stats' | 'wrong-stats' | 'truncated' | undefined

/**
 * `mode=liststream`: live folders, each before its first file, and live complete files; then stats
 * that count exactly what was written, unless spoiled. `path` is the folder's own, from the mountpoint
 * on.
 */
export function* treeStream(
  scope: Scope,
  found: Found,
  path: string,
  spoiling: Spoiling,
): Generator<string> {
  const stats = { folders: 0, files: 0 }
  yield `${xmlDeclaration}<filedirlist>`
  if (deletedAt(found) === null) {
    for (const piece of streamFolder(scope, found.id, path, stats)) {
      // Well-formed, and no reader can tell what is missing.
      if (spoiling === 'truncated' && stats.files + stats.folders > 1) break
      yield piece
    }
  }
  const wrong = spoiling === 'wrong-stats' ? 1 : 0
  if (spoiling === undefined || spoiling === 'wrong-stats') {
    yield `<stats>${element('folders', stats.folders)}${element('files', stats.files + wrong)}</stats>`
  }
  yield '</filedirlist>'
}

function* streamFolder(
  scope: Scope,
  folder: number,
  path: string,
  stats: { folders: number; files: number },
): Generator<string> {
  const where = element('path', path)
  stats.folders += 1
  yield `<folder>${where}</folder>`
  for (const row of childFiles(scope, folder)) {
    if (row.deleted !== null || row.number === null) continue
    const revision = toRevision(row)
    const node = toNode(row)
    if ((scope.stateOf(`${path}/${node.name}`) ?? 'COMPLETED') !== 'COMPLETED') continue
    stats.files += 1
    yield `<file>${where}${element('filename', node.name)}${element('md5', revision.md5)}` +
      `${element('size', revision.sizeBytes)}${element('modified', renderStreamTime(revision.modified))}` +
      `${element('created', renderStreamTime(revision.created))}</file>`
  }
  for (const row of childFolders(scope, folder)) {
    const node = toNode(row)
    if (node.deleted === null) yield* streamFolder(scope, node.id, `${path}/${node.name}`, stats)
  }
}

/** Runs a listing in a snapshot that starts with its first piece and ends with the last, or when left. */
export function* inSnapshot(
  context: Context,
  stateOf: Scope['stateOf'],
  list: (scope: Scope) => Iterable<string>,
): Generator<string> {
  const { reader, release } = context.store.snapshot()
  try {
    yield* chunked(list({ context, reader, stateOf }))
  } finally {
    release()
  }
}
