// Which request is which. One server stands for all hosts of the service (API 1.1): the path decides.
import type { Call, Context, Operation, Reply } from '../context.ts'
import { EmulatorError, notFound } from '../emulator-error.ts'
import { customerReply, userinfoReply } from './account.ts'
import type { Admin } from './admin.ts'
import { allocate, emptyTrash, upload, uploadPrefix } from './api.ts'
import { authorize } from './authorize.ts'
import { jfs } from './jfs.ts'
import { legacyToken } from './legacy-token.ts'
import { openidOperationOf } from './openid-paths.ts'
import { discovery, token } from './token.ts'

export const adminPath = '/emulator/faults'

const jfsCommands = ['mkDir', 'dl', 'rm', 'dlDir', 'rmDir', 'cp', 'mv', 'mvDir', 'cphash'] as const
const modes: Readonly<Record<string, Operation>> = {
  bin: 'download',
  list: 'list',
  liststream: 'liststream',
  enableShare: 'enableShare',
  disableShare: 'disableShare',
}
const fixed: Readonly<Record<string, Operation>> = {
  '/auth/v1/token': 'legacyToken',
  '/account/v1/customer': 'customer',
  '/files/v1/allocate': 'allocate',
  '/files/v1/purge_trash': 'purge_trash',
}
const methods: Partial<Readonly<Record<Operation, string>>> = {
  token: 'POST',
  legacyToken: 'POST',
  allocate: 'POST',
  upload: 'POST',
  purge_trash: 'POST',
}

export function operationOf(method: string, rawPath: string, query: URLSearchParams): Operation {
  if (rawPath.startsWith(uploadPrefix)) return 'upload'
  if (!rawPath.startsWith('/jfs/')) return fixed[rawPath] ?? openidOperationOf(rawPath) ?? 'unknown'
  const depth = rawPath.split('/').filter((name) => name !== '').length - 1
  if (method === 'POST') {
    const command = jfsCommands.find((name) => query.has(name))
    if (command !== undefined) return command
    if (depth === 2 && query.has('type')) return 'createDevice'
    return depth === 3 ? 'createMountpoint' : 'unknown'
  }
  const mode = query.get('mode')
  if (mode !== null) return modes[mode] ?? 'unknown'
  if (depth <= 1) return 'drive'
  return depth === 2 ? 'device' : 'stat'
}

export async function route(
  context: Context,
  call: Call,
  admin: Admin | undefined,
): Promise<Reply> {
  if (admin !== undefined && call.rawPath === adminPath) return await admin(context, call)
  const method = methods[call.operation]
  if (method !== undefined && call.method !== method) {
    throw new EmulatorError(405, 'HttpRequestMethodNotSupportedException', call.method, {
      allow: method,
    })
  }
  switch (call.operation) {
    case 'discovery':
      return discovery(call)
    case 'authorize':
      return await authorize(context, call)
    case 'token':
      return await token(context, call)
    case 'legacyToken':
      return await legacyToken(context, call)
  }
  if (!context.identity.isAuthorized(call.request.headers.authorization)) {
    throw new EmulatorError(401, 'BadCredentialsException', 'No username for this token', {
      'www-authenticate': 'Bearer',
    })
  }
  if (call.rawPath.startsWith('/jfs/')) return await jfs(context, call)
  switch (call.operation) {
    case 'userinfo':
      return userinfoReply(context)
    case 'customer':
      return customerReply(context)
    case 'allocate':
      return await allocate(context, call)
    case 'upload':
      return await upload(context, call)
    case 'purge_trash':
      return await emptyTrash(context, call)
    default:
      throw notFound('NoHandlerFoundException', call.rawPath)
  }
}
