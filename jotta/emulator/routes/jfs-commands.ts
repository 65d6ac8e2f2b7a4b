// POST to `/jfs/…`: one command in the query (API 6), or none at the depth of a mountpoint (API 1.5).

import { isVirtualMountpoint } from '../commands.ts'
import { type Call, type Context, type Reply, xmlReply } from '../context.ts'
import { EmulatorError, invalidArgument, notFound } from '../emulator-error.ts'
import { splitPath } from '../names.ts'
import { parseClientTime } from '../times.ts'
import { xmlDeclaration } from '../xml.ts'
import { deviceReply, driveReply } from './account.ts'
import { discardBody } from './body.ts'
import { entryReply } from './jfs.ts'

type Names = readonly string[]
type Command = { readonly name: string; readonly value: string }

const flags = ['mkDir', 'dl', 'rm', 'dlDir', 'rmDir', 'cphash']
const withTarget = ['cp', 'mv', 'mvDir']
const deviceTypes = [
  'WORKSTATION',
  'LAPTOP',
  'IMAC',
  'MACBOOK',
  'IPAD',
  'ANDROID',
  'IPHONE',
  'WINDOWS_PHONE',
]

export async function runCommand(
  context: Context,
  call: Call,
  names: Names,
  trailingSlash: boolean,
): Promise<Reply> {
  await discardBody(call)
  if (context.switches.writeLock === 'on') {
    throw new EmulatorError(403, 'AccessDeniedException', 'The account is write-locked')
  }
  const command = commandOf(call.query)
  if (names.length === 0) throw noCommand()
  if (names.length === 1) return await deviceCommand(context, call, names, command)
  if (names.length === 2) return await mountpointCommand(context, call, names, command)
  if (isVirtualMountpoint(names)) return viewCommand(names, command)
  // Taken for an upload to this host, which is not one (API 6).
  if (call.request.headers['content-type']?.startsWith('application/octet-stream') === true) {
    throw notFound('NoSuchFileException', `File /${names.join('/')}`)
  }
  if (command === undefined) throw noCommand()
  const reply = await entryCommand(context, call, names, command, trailingSlash)
  await context.garbage.collect()
  return reply
}

/** The one command in a query; a flag counts only when it says `true`. */
function commandOf(query: URLSearchParams): Command | undefined {
  const present = [...flags, ...withTarget].filter((name) => query.has(name))
  const [name] = present
  if (name === undefined || present.length > 1) return undefined
  const value = query.get(name) ?? ''
  return flags.includes(name) && value !== 'true' ? undefined : { name, value }
}

function noCommand(): EmulatorError {
  return new EmulatorError(
    500,
    'IllegalStateException',
    'The request has neither multipart content nor command parameters',
  )
}

async function deviceCommand(
  context: Context,
  call: Call,
  names: Names,
  command: Command | undefined,
): Promise<Reply> {
  const [device = ''] = names
  const type = call.query.get('type')
  if (type !== null && command === undefined) {
    if (!deviceTypes.includes(type)) throw invalidArgument(`The device type ${type} is unknown`)
    context.commands.makeDevice(device, type)
    return deviceReply(context, names, 201)
  }
  if (command === undefined) throw noCommand()
  if (command.name !== 'rm') throw notFound('NoSuchPathException', `Path /${device}`)
  context.commands.removeDevice(device)
  await context.garbage.collect()
  return driveReply(context)
}

async function mountpointCommand(
  context: Context,
  call: Call,
  names: Names,
  command: Command | undefined,
): Promise<Reply> {
  const [device = '', mountpoint = ''] = names
  if (command === undefined) {
    // Anything in the query that is not understood is no silent success (API 9.3, 15).
    if (call.query.size > 0) throw noCommand()
    const made = context.commands.makeMountpoint(device, mountpoint)
    return entryReply(context, call, names, 'folder', made === 'created' ? 201 : 200)
  }
  switch (command.name) {
    case 'mkDir':
      context.commands.makeFolder(names)
      return entryReply(context, call, names, 'folder')
    case 'dl':
    case 'rm':
      context.commands.removeMountpoint(names, command.name === 'dl' ? 'trash' : 'permanent')
      await context.garbage.collect()
      return deviceReply(context, [device])
    default:
      // The verbs of files and folders do not fit (API 6.1).
      throw notFound('NoSuchPathException', `Path /${names.join('/')}`)
  }
}

/** Read-only: known commands find nothing there, unknown ones are what they are anywhere (API 6.2). */
function viewCommand(names: Names, command: Command | undefined): Reply {
  if (command === undefined) throw noCommand()
  throw notFound('NoSuchPathException', `Path /${names.join('/')}`)
}

async function entryCommand(
  context: Context,
  call: Call,
  names: Names,
  { name, value }: Command,
  trailingSlash: boolean,
): Promise<Reply> {
  const { commands } = context
  switch (name) {
    case 'mkDir':
      commands.makeFolder(names)
      return entryReply(context, call, names, 'folder')
    case 'dl':
    case 'dlDir': {
      const wanted = name === 'dl' ? 'file' : 'folder'
      const outcome = commands.trash(names, wanted)
      return outcome === 'missing'
        ? xmlReply(`${xmlDeclaration}<result/>`)
        : entryReply(context, call, names, wanted)
    }
    case 'rm':
    case 'rmDir': {
      const wanted = name === 'rm' ? 'file' : 'folder'
      const reply = entryReply(context, call, names, wanted)
      commands.remove(names, wanted)
      return reply
    }
    case 'cphash':
      return copyHash(context, call, names)
    case 'cp': {
      const target = targetOf(context, value)
      commands.copyFile(names, target)
      return entryReply(context, call, target, 'file')
    }
    case 'mv': {
      const target = targetOf(context, value)
      commands.moveFile(names, target)
      return entryReply(context, call, target, 'file')
    }
    default: {
      // Without the slash the source is not found (API 6.4).
      if (!trailingSlash) throw notFound('NoSuchPathException', `Path /${names.join('/')}`)
      const target = targetOf(context, value)
      commands.moveFolder(names, target)
      return entryReply(context, call, target, 'folder')
    }
  }
}

/** `/user/device/mountpoint/…/name`, already decoded from the query (API 1.3). */
function targetOf(context: Context, value: string): Names {
  if (!value.startsWith('/')) throw invalidArgument('The destination is not an absolute path')
  const [username, ...names] = splitPath(value)
  if (username !== context.username) {
    throw new EmulatorError(403, 'AccessDeniedException', `No access to ${username}`)
  }
  if (names.length < 3) throw invalidArgument('The destination is not below a mountpoint')
  return names
}

function copyHash(context: Context, call: Call, names: Names): Reply {
  const { jsize, jmd5, jcreated, jmodified } = call.request.headers
  if (typeof jsize !== 'string' || !/^\d{1,15}$/.test(jsize)) {
    throw invalidArgument('JSize is missing or not a size')
  }
  if (typeof jmd5 !== 'string' || !/^[0-9a-f]{32}$/i.test(jmd5)) {
    throw invalidArgument('JMd5 is missing or not an MD5')
  }
  const nowMs = context.tree.nowMs()
  const present = context.tree.find(names, 'file')
  const birth = present === undefined ? undefined : context.revisions.current(present)?.created
  context.commands.copyHash(names, {
    md5: jmd5,
    sizeBytes: Number(jsize),
    created: parseClientTime(jcreated, jcreated === undefined ? (birth ?? nowMs) : nowMs),
    modified: parseClientTime(jmodified, nowMs),
  })
  return entryReply(context, call, names, 'file')
}
