// Places in Jottacloud beside each other: above, below, and whether two may be one. Pure.
import type { Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import { foldName } from './key-path.ts'

/** The folder that a place is in; of a mountpoint, itself. */
export function parentOf(location: Location): Location {
  return { ...location, path: location.path.slice(0, -1) }
}

export function childOf(folder: Location, name: string): Location {
  return { ...folder, path: [...folder.path, name] }
}

/** The folders on the way to a place, from the mountpoint itself to its parent. */
export function foldersTo(location: Location): Location[] {
  return location.path.map((_, depth) => ({ ...location, path: location.path.slice(0, depth) }))
}

/** As `placeName`, and the same text for places that Jottacloud may take for one. */
export function foldedPlaceName({ device, mountpoint, path }: Location): string {
  return placeName({
    device: foldName(device),
    mountpoint: foldName(mountpoint),
    path: path.map(foldName),
  })
}

/** Whether two places may be one for Jottacloud. */
export function isSamePlace(a: Location, b: Location): boolean {
  return foldedPlaceName(a) === foldedPlaceName(b)
}
