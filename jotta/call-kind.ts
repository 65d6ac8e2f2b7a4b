// What a request to Jottacloud is for, as one of a few words: for whoever counts them. Pure. API 3 to 6.
import type { HttpEvent, HttpRequest } from './http.ts'

const byPath = [
  [/\/files\/v1\/allocate$/, 'allocate'],
  [/\/files\/v1\/purge_trash$/, 'purge-trash'],
  [/\/account\/v1\/customer$/, 'account'],
] as const

/** A parameter of a JFS POST says what it does. */
const byParameter = {
  cp: 'copy',
  cphash: 'create-by-hash',
  dl: 'remove',
  dlDir: 'remove',
  mkDir: 'create-folder',
  mv: 'move',
  rm: 'remove',
  rmDir: 'remove',
} as const

export type CallKind =
  | (typeof byPath)[number][1]
  | (typeof byParameter)[keyof typeof byParameter]
  | 'create-place'
  | 'download'
  | 'list-tree'
  | 'look'
  | 'token'
  | 'upload'

/** One request that was sent to Jottacloud, and how it went. */
export type UpstreamCall = Omit<HttpEvent, 'request'> & { readonly kind: CallKind }

/** For `onSent` of an Http. */
export function toCalls(onCall: (call: UpstreamCall) => void): (event: HttpEvent) => void {
  return ({ request, ...event }) => onCall({ ...event, kind: kindOfCall(request) })
}

export function kindOfCall({ url, method, body, auth }: HttpRequest): CallKind {
  if (typeof body === 'object') return 'upload'
  // Logins are all that is asked for without one.
  if (auth === 'none') return 'token'
  const { pathname, searchParams } = new URL(url)
  const named = byPath.find(([pattern]) => pattern.test(pathname))
  if (named !== undefined) return named[1]
  if (method === 'GET') {
    const mode = searchParams.get('mode')
    return mode === 'bin' ? 'download' : mode === 'liststream' ? 'list-tree' : 'look'
  }
  for (const [parameter, kind] of Object.entries(byParameter)) {
    if (searchParams.has(parameter)) return kind
  }
  return 'create-place'
}
