// The virtual mountpoints of the device Jotta: Trash (API 6.2), Latest and Links (API 4.9).
import { type Context, type Reply, xmlReply } from '../context.ts'
import { trashedRoots } from '../garbage.ts'
import { chunked } from '../listing.ts'
import { countsXml, fileXml, parentPaths, rootAttributes } from '../render.ts'
import { renderJfsTime } from '../times.ts'
import { type Node, nodeColumns, toNode } from '../tree.ts'
import { attributes, element, spacedElement, xmlDeclaration } from '../xml.ts'

const inTrash = { contextType: 'TRASH' }

/** Trashed roots of all devices, a trashed mountpoint as a folder; names may repeat. */
export function trashReply(context: Context): Reply {
  const { username, tree } = context
  const roots = trashedRoots(tree)
  const folders = roots.filter(({ kind }) => kind !== 'file')
  const files = roots.filter(({ kind }) => kind === 'file')
  const device = `/${username}/Jotta`
  const head =
    `${xmlDeclaration}<mountPoint${attributes(rootAttributes(tree.nowMs()))}>` +
    `${spacedElement('name', 'Trash')}${parentPaths(device)}${element('size', 0)}` +
    `${element('modified', '')}${element('device', 'Jotta')}${element('user', username)}`
  return xmlReply(
    chunked(
      (function* () {
        yield head
        if (folders.length > 0) yield '<folders>'
        for (const node of folders) yield trashedFolder(context, node)
        if (folders.length > 0) yield '</folders>'
        if (files.length > 0) yield '<files>'
        for (const node of files) yield foundFile(context, node, inTrash)
        if (files.length > 0) yield '</files>'
        yield `${countsXml(folders.length, files.length)}</mountPoint>`
      })(),
    ),
  )
}

function trashedFolder(context: Context, node: Node): string {
  const start = attributes({
    name: node.name,
    deleted: node.deleted === null ? undefined : renderJfsTime(node.deleted),
    ...inTrash,
  })
  return `<folder${start}>${spacedElement('abspath', parentPath(context, node))}</folder>`
}

function foundFile(context: Context, node: Node, extra: Record<string, string>): string {
  const path = parentPath(context, node)
  const current = context.revisions.current(node)
  const view = { node, deleted: node.deleted, current, unfinished: undefined }
  return fileXml(view, extra, parentPaths(path))
}

function parentPath(context: Context, node: Node): string {
  const trail = context.tree.trailOf(node.parent) ?? []
  return `/${[context.username, ...trail.map(({ name }) => name)].join('/')}`
}

/** Whatever is shared, trashed or not. */
export function linksReply(context: Context): Reply {
  const shared = context.store
    .all(
      `SELECT ${nodeColumns} FROM nodes n WHERE public_uri IS NOT NULL AND kind = 'file' ORDER BY id`,
    )
    .map(toNode)
  return searchReply(context, shared, shared.length)
}

/** The live files that changed last. */
export function latestReply(context: Context, query: URLSearchParams): Reply {
  const max = Math.min(Math.max(Number(query.get('max') ?? 10) || 10, 10), 1000)
  const newest = context.store
    .all(
      `SELECT ${nodeColumns} FROM revisions r JOIN nodes n ON n.id = r.node AND n.current = r.number
       WHERE n.deleted IS NULL ORDER BY r.updated DESC, r.node DESC LIMIT ?`,
      max,
    )
    .map(toNode)
    .filter(({ parent }) => context.tree.trailOf(parent)?.every(({ deleted }) => deleted === null))
  return searchReply(context, newest, max)
}

function searchReply(context: Context, files: readonly Node[], max: number): Reply {
  const found = files.map((node) => foundFile(context, node, {})).join('')
  const counts = attributes({ first: '0', max: String(max), total: String(files.length) })
  return xmlReply(
    `${xmlDeclaration}<searchresult${attributes(rootAttributes(context.tree.nowMs()))}>` +
      `${found === '' ? '' : `<files>${found}</files>`}<metadata${counts}/></searchresult>`,
  )
}
