// What may be asked of somebody's account: anything on the device that the run has made, a few looks
// elsewhere, nothing more. Every request passes here before it is sent. Pure.

export type Sent = {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly body?: string | Buffer | undefined
  readonly auth: 'bearer' | 'none'
}

export type Bounds = {
  readonly jfsUrl: string
  readonly apiUrl: string
  /** The login service's own origin. */
  readonly loginOrigin: string | undefined
  readonly username: string | undefined
  readonly device: string
  /** Handed out for files on that device. */
  readonly uploadUrls: ReadonlySet<string>
}

/** Marks what is ours: nothing else is ever removed. */
export const devicePattern = /^jotta-s3-assumptions-[0-9a-f]{8}$/

/** GETs that change nothing; `enableShare` is one that does. */
const harmlessModes = [null, 'bin', 'list', 'liststream']
const placesToLookAt = ['', '/Jotta', '/Jotta/Trash', '/Jotta/Shared', '/Jotta/Photos']
const targetCommands = ['cp', 'mv', 'mvDir', 'cpDir']

/** Throws RangeError for a request that leaves the bounds. */
export function checkBounds(sent: Sent, bounds: Bounds): void {
  if (devicePattern.test(bounds.device) && isWithin(sent, bounds)) return
  const { origin, pathname } = new URL(sent.url)
  throw new RangeError(`${sent.method} ${origin}${pathname} is not for a question to ask`)
}

function isWithin(sent: Sent, bounds: Bounds): boolean {
  if (sent.auth === 'none') return new URL(sent.url).origin === bounds.loginOrigin
  if (sent.url.startsWith(bounds.jfsUrl)) return isJfsWithin(sent, bounds)
  if (bounds.uploadUrls.has(sent.url)) return sent.method === 'POST' && isPrivate(sent.url, bounds)
  if (sent.url === `${bounds.apiUrl}account/v1/customer`) return sent.method === 'GET'
  if (sent.url !== `${bounds.apiUrl}files/v1/allocate`) return false
  return sent.method === 'POST' && isAllocationWithin(String(sent.body), bounds)
}

function isJfsWithin({ method, url }: Sent, { jfsUrl, username, device }: Bounds): boolean {
  if (username === undefined || !/^[\w-]+$/.test(username)) return false
  const { href, searchParams, hash } = new URL(url)
  const [path = '', query] = url.slice(jfsUrl.length).split('?')
  // What is sent is what was looked at, and nothing in it climbs or is a slash in disguise.
  if (href !== url || hash !== '' || /%2f/i.test(path) || climbs(decodeURIComponent(path))) {
    return false
  }
  if (path !== username && !path.startsWith(`${username}/`)) return false
  const place = path.slice(username.length)
  if (place !== `/${device}` && !place.startsWith(`/${device}/`)) {
    return method === 'GET' && query === undefined && placesToLookAt.includes(place)
  }
  if (method !== 'POST') return harmlessModes.includes(searchParams.get('mode'))
  const targets = targetCommands.flatMap((command) => searchParams.getAll(command))
  return targets.every((target) => isBelow(target, `/${username}/${device}/`))
}

function isAllocationWithin(body: string, { device }: Bounds): boolean {
  const request: unknown = JSON.parse(body)
  if (typeof request !== 'object' || request === null || !('path' in request)) return false
  return typeof request.path === 'string' && isBelow(request.path, `/jfs/${device}/`)
}

function isBelow(path: string, home: string): boolean {
  return path.startsWith(home) && !climbs(path)
}

/** By dots between slashes of either kind. */
function climbs(path: string): boolean {
  return path.split(/[/\\]/).some((name) => name === '..' || name === '.')
}

/** A token goes over https, or stays on this machine. */
function isPrivate(url: string, { jfsUrl }: Bounds): boolean {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:') return true
  return protocol === 'http:' && hostname === new URL(jfsUrl).hostname && isLoopback(hostname)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
