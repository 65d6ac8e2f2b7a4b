// Where things are: a Location as a URL, as the absolute path that cp and mv take, as the path in an
// allocation, and as a text that names it. Pure. API 1.2, 1.3.
import assert from 'node:assert/strict'
import type { Location } from './client.ts'

/**
 * The URL of a location below `jfsUrl` (which ends in a slash). Query values are form-encoded: a
 * blank becomes `+`.
 */
export function locationUrl(
  jfsUrl: string,
  username: string,
  location: Location,
  options: { readonly query?: Readonly<Record<string, string>> } = {},
): string {
  const path = segmentsOf(username, location).map(encodeSegment).join('/')
  const query = options.query === undefined ? '' : `?${new URLSearchParams(options.query)}`
  return `${jfsUrl}${path}${query}`
}

/** The URL of something above the mountpoints: the account itself, or a device. */
export function accountUrl(
  jfsUrl: string,
  segments: readonly string[],
  query?: Readonly<Record<string, string>>,
): string {
  for (const segment of segments) assertSegment(segment)
  const ending = query === undefined ? '' : `?${new URLSearchParams(query)}`
  return `${jfsUrl}${segments.map(encodeSegment).join('/')}${ending}`
}

/** `/user/device/mountpoint/path`, raw: the value of cp and mv before form-encoding. */
export function absolutePath(username: string, location: Location): string {
  return `/${segmentsOf(username, location).join('/')}`
}

/** `/jfs/device/mountpoint/path`, raw and without the user: the `path` of an allocation (API 5.1). */
export function allocationPath(location: Location): string {
  return `/${segmentsOf('jfs', location).join('/')}`
}

/**
 * `device/mountpoint/path`, raw: what a place goes by in maps, locks and the state. No two places have one, since
 * no name has a slash in it.
 */
export function placeName({ device, mountpoint, path }: Location): string {
  const names = [device, mountpoint, ...path]
  for (const name of names) assert(!name.includes('/'), 'a name of a place contains a slash')
  return names.join('/')
}

/** The last name of a location; of an empty path, the mountpoint's. */
export function nameOf(location: Location): string {
  return location.path.at(-1) ?? location.mountpoint
}

/** The folder that holds a location; `undefined` for the mountpoint itself. */
export function parentOf(location: Location): Location | undefined {
  if (location.path.length === 0) return undefined
  return { ...location, path: location.path.slice(0, -1) }
}

function segmentsOf(username: string, location: Location): string[] {
  const segments = [username, location.device, location.mountpoint, ...location.path]
  for (const segment of segments) assertSegment(segment)
  return segments
}

/** No path escapes: what could climb or split a path is a mistake of the caller, not input. */
function assertSegment(segment: string): void {
  assert(segment !== '' && segment !== '.' && segment !== '..', 'a path segment is empty or dots')
  assert(!/[/\0]/.test(segment), 'a path segment contains a slash or NUL')
  assert(segment.isWellFormed(), 'a path segment is not well-formed Unicode')
}

/** Encodes more than the service needs, `+` and `;` above all (API 1.3). */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
