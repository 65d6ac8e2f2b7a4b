// A place in Jottacloud as an operator writes it, `Jotta/Archive/photos`: device, mountpoint, folders.
import type { Location } from '../jotta/client.ts'
import { isReservedName } from './key-path.ts'

/** A path that no bucket can be; the message says why and fits after "must be" or stands alone. */
export class BucketPathError extends Error {
  override readonly name = 'BucketPathError'
}

/** Names are taken as Jottacloud shows them; their casing does not matter. Throws BucketPathError. */
export function parseBucketPath(text: string): Location {
  const [device = '', mountpoint = '', ...path] = text.split('/')
  if (device === '' || mountpoint === '') {
    throw new BucketPathError(
      'must be a device and a mountpoint, and folders after them where wanted, as in Jotta/Archive/photos',
    )
  }
  for (const name of [device, mountpoint, ...path]) checkName(name)
  if (device.toLowerCase() === 'jotta' && virtualMountpoints.has(mountpoint.toLowerCase())) {
    throw new BucketPathError(
      `${device}/${mountpoint} is a view that Jottacloud makes, and nothing can be stored in it`,
    )
  }
  return { device, mountpoint, path }
}

export function renderBucketPath({ device, mountpoint, path }: Location): string {
  return [device, mountpoint, ...path].join('/')
}

/** Of the built-in device (jottacloud-api.md 1.4); on another one they are names like any. */
const virtualMountpoints = new Set(['trash', 'latest', 'links', 'shared'])
const nameMaxBytes = 255

function checkName(name: string): void {
  if (name === '') {
    throw new BucketPathError('must not begin or end with a slash, or have two in a row')
  }
  if (name === '.' || name === '..') throw new BucketPathError('must not go through "." or ".."')
  if (/["*:<>?|%\p{Cc}\ufffe\uffff]/u.test(name) || !name.isWellFormed()) {
    throw new BucketPathError(
      `${JSON.stringify(name)} has a character that Jottacloud does not allow in names`,
    )
  }
  if (Buffer.byteLength(name) > nameMaxBytes) {
    throw new BucketPathError(`has a name of more than ${nameMaxBytes} bytes`)
  }
  if (isReservedName(name)) {
    throw new BucketPathError(`${name} is where the bridge keeps its own files`)
  }
}
