// `/jfs/…`: decides by depth and by what is there which reply or command a request is for. GET and
// HEAD here; POST in jfs-commands.ts.
import { randomBytes } from 'node:crypto'
import { isVirtualMountpoint } from '../commands.ts'
import { type Call, type Context, type Reply, xmlReply } from '../context.ts'
import { EmulatorError, invalidArgument, notFound } from '../emulator-error.ts'
import { flatList, folderContents, inSnapshot, treeStream } from '../listing.ts'
import { decodeJfsPath } from '../names.ts'
import { latestPartial } from '../partials.ts'
import { type FileView, fileXml, parentPaths, rootAttributes, shareXml } from '../render.ts'
import { useOfMountpoint } from '../revisions.ts'
import { renderJfsTime } from '../times.ts'
import { deletedAt, type Found, type Wanted } from '../tree.ts'
import { attributes, element, spacedElement, xmlDeclaration } from '../xml.ts'
import { deviceReply, driveReply } from './account.ts'
import { download } from './download.ts'
import { runCommand } from './jfs-commands.ts'
import { latestReply, linksReply, trashReply } from './views.ts'

export async function jfs(context: Context, call: Call): Promise<Reply> {
  const { names, trailingSlash } = decodeJfsPath(
    call.rawPath.slice('/jfs/'.length),
    context.switches,
  )
  const [username, ...below] = names
  if (username === undefined) {
    throw new EmulatorError(400, 'UsernameNotFoundException', 'The username is not in the URL')
  }
  if (username !== context.username) {
    throw new EmulatorError(403, 'AccessDeniedException', `No access to ${username}`)
  }
  if (call.method === 'POST') return await runCommand(context, call, below, trailingSlash)
  if (call.method === 'HEAD' && context.switches.headRequests === 'refuse') {
    throw new EmulatorError(405, 'HttpRequestMethodNotSupportedException', 'HEAD', { allow: 'GET' })
  }
  if (call.method !== 'GET' && call.method !== 'HEAD') {
    throw new EmulatorError(405, 'HttpRequestMethodNotSupportedException', call.method, {
      allow: 'GET, HEAD, POST',
    })
  }
  return get(context, call, below)
}

function get(context: Context, call: Call, names: readonly string[]): Reply {
  if (names.length === 0) return driveReply(context)
  if (names.length === 1) return deviceReply(context, names)
  if (isVirtualMountpoint(names)) return view(context, call, names)
  const mode = call.query.get('mode')
  switch (mode) {
    case null:
      return stat(context, call, names)
    case 'bin':
      return download(context, call, names)
    case 'list':
    case 'liststream':
      return recursiveListing(context, call, names, mode)
    case 'enableShare':
    case 'disableShare':
      return share(context, call, names, mode)
    case 'thumb':
      throw notFound('NoSuchFileException', 'A thumbnail')
    default:
      throw invalidArgument(`The mode ${mode} is unknown`)
  }
}

function view(context: Context, call: Call, names: readonly string[]): Reply {
  // What hangs below a view has no address of its own (API 6.2).
  if (names.length > 2) throw notFound('NoSuchPathException', `Path /${names.join('/')}`)
  switch (names[1]?.toLowerCase()) {
    case 'trash':
      return trashReply(context)
    case 'links':
      return linksReply(context)
    default:
      return latestReply(context, call.query)
  }
}

function stat(context: Context, call: Call, names: readonly string[]): Reply {
  const found = context.tree.mustFind(names, 'any')
  if (found.kind === 'file') return fileReply(context, call, found)
  const status = checkListable(context, found)
  const shownMax = context.faults.take('shortListing', recordOf(call))?.entries
  const path = pathOf(context, found)
  return xmlReply(
    inSnapshot(context, stateOf(context, call), (scope) =>
      folderPieces(context, found, folderContents(scope, found, path, shownMax)),
    ),
    status,
  )
}

/** `/user/device/mountpoint/…` of a node, in stored casing. */
export function pathOf(context: Context, found: Found): string {
  return `${parentPathOf(context, found)}/${found.name}`
}

function parentPathOf(context: Context, found: Found): string {
  return `/${[context.username, ...found.trail.map(({ name }) => name)].join('/')}`
}

/** Status 200, or throws the 500 of a folder that is too big for one query (API 4.2, 8 row 11). */
function checkListable(context: Context, found: Found): 200 {
  const { folderMaxEntries } = context.switches
  if (folderMaxEntries <= 0) return 200
  const row = context.store.get(
    'SELECT 1 FROM nodes WHERE parent = ? LIMIT 1 OFFSET ?',
    found.id,
    folderMaxEntries,
  )
  if (row === undefined) return 200
  throw new EmulatorError(
    500,
    'TransientDataAccessResourceException',
    'PreparedStatementCallback; Packet for query is too large (20971601 > 20971520). You can change ' +
      "this value on the server by setting the 'max_allowed_packet' variable.",
  )
}

function* folderPieces(
  context: Context,
  found: Found,
  contents: Iterable<string>,
): Generator<string> {
  const deleted = deletedAt(found)
  const root = {
    ...rootAttributes(context.tree.nowMs()),
    deleted: deleted === null ? undefined : renderJfsTime(deleted),
  }
  const paths = parentPaths(parentPathOf(context, found))
  if (found.kind === 'mountpoint') {
    const use = useOfMountpoint(context.store, found.id)
    yield `${xmlDeclaration}<mountPoint${attributes(root)}>${spacedElement('name', found.name)}${paths}` +
      `${element('size', use.bytes)}${element('modified', renderJfsTime(use.modified))}` +
      `${element('device', found.trail[0]?.name ?? '')}${element('user', context.username)}${shareXml(found)}`
    yield* contents
    yield '</mountPoint>'
    return
  }
  yield `${xmlDeclaration}<folder${attributes({ name: found.name, ...root })}>${paths}${shareXml(found)}`
  yield* contents
  yield '</folder>'
}

/** `delayVisibility` and `showState` faults act here. */
function fileReply(context: Context, call: Call, found: Found): Reply {
  const { revisions, faults, switches } = context
  let current = revisions.current(found)
  let older = revisions.older(found)
  if (current !== undefined && faults.takeInvisible(found.id, current.number)) {
    current = older[0]
    older = older.slice(1)
  }
  const unfinished =
    switches.unfinishedUploads === 'show' ? latestPartial(context.store, found) : undefined
  const received = unfinished === undefined ? 0 : context.blobs.partialSize(unfinished.id)
  return fileViewReply(context, found, {
    node: found,
    deleted: deletedAt(found),
    current,
    currentState: stateOf(context, call)(pathOf(context, found)),
    unfinished,
    receivedBytes: received,
    older,
  })
}

function fileViewReply(context: Context, found: Found, shown: FileView): Reply {
  const head = parentPaths(parentPathOf(context, found))
  return xmlReply(xmlDeclaration + fileXml(shown, rootAttributes(context.tree.nowMs()), head))
}

/** The reply of a command: what is at a path now. */
export function entryReply(
  context: Context,
  call: Call,
  names: readonly string[],
  wanted: Wanted,
  status = 200,
): Reply {
  const found = context.tree.mustFind(names, wanted)
  if (found.kind === 'file') return { ...fileReply(context, call, found), status }
  return xmlReply([...folderPieces(context, found, [])].join(''), status)
}

function share(
  context: Context,
  call: Call,
  names: readonly string[],
  mode: 'enableShare' | 'disableShare',
): Reply {
  const found = context.tree.mustFind(names, 'any')
  if (deletedAt(found) !== null) throw notFound('NoSuchFileException', pathOf(context, found))
  const present = found.publicUri ?? randomBytes(16).toString('hex')
  context.commands.share(names, mode === 'enableShare' ? present : null)
  return entryReply(context, call, names, 'any')
}

function recursiveListing(
  context: Context,
  call: Call,
  names: readonly string[],
  mode: 'list' | 'liststream',
): Reply {
  const found = context.tree.mustFind(names, 'folder')
  const states = stateOf(context, call)
  if (mode === 'list') {
    return xmlReply(
      inSnapshot(context, states, (scope) => flatList(scope, found, parentPathOf(context, found))),
    )
  }
  const spoiling = context.faults.take('spoilListing', recordOf(call))?.how
  // No user and no device (API 4.7).
  const path = `/${[...found.trail.slice(1), found].map(({ name }) => name).join('/')}`
  const above = `/${context.username}/${found.trail[0]?.name ?? ''}`
  return xmlReply(
    inSnapshot(
      context,
      (below) => states(above + below),
      (scope) => treeStream(scope, found, path, spoiling),
    ),
  )
}

/** With a `showState` fault: which state a path shows instead of COMPLETED. */
function stateOf(context: Context, call: Call): (path: string) => string | undefined {
  const record = recordOf(call)
  return (path) => {
    // The rule's path is that of the file, whichever request shows it.
    const rule = context.faults.take('showState', { ...record, path: `/jfs${path}` })
    return rule?.state
  }
}

export function recordOf(call: Call): {
  method: string
  path: string
  operation: Call['operation']
} {
  return { method: call.method, path: call.rawPath, operation: call.operation }
}
