// A folder or mountpoint that somebody wrote down, as Jottacloud has it: its names in the listed casing.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Entry } from '../jotta/wire.ts'
import type { RequestContext } from './bridge.ts'
import { foldName } from './key-path.ts'
import { isLiveFolder, parentNames } from './stored-object.ts'

/** `undefined` when it is not there, is in the trash, or is a file. */
export async function findFolder(
  jotta: JottaClient,
  written: Location,
  context: RequestContext,
): Promise<Location | undefined> {
  const mountpoint = await findMountpoint(jotta, written, context)
  if (mountpoint === undefined || written.path.length === 0) return mountpoint
  const location = { ...mountpoint, path: written.path }
  const entry = await jotta.stat(location, context)
  if (!isLiveFolder(entry)) return undefined
  return { ...location, path: storedPath(entry, written.path) }
}

/** The mountpoint that a place is in. */
export async function findMountpoint(
  jotta: JottaClient,
  written: Location,
  context: RequestContext,
): Promise<Location | undefined> {
  const device = (await jotta.device(written.device, context))?.name
  if (device === undefined) return undefined
  const names = ((await jotta.mountpoints(device, context)) ?? []).map(({ name }) => name)
  const mountpoint =
    names.find((name) => name === written.mountpoint) ??
    names.find((name) => foldName(name) === foldName(written.mountpoint))
  return mountpoint === undefined ? undefined : { device, mountpoint, path: [] }
}

/** The names on the way from the mountpoint to a folder; those that its entry does not tell, as written. */
function storedPath(entry: Entry, written: readonly string[]): string[] {
  const above = written.slice(0, -1)
  const stored = parentNames(entry, above.length)
  const isTold =
    stored.length === above.length &&
    stored.every((name, index) => foldName(name) === foldName(above[index] ?? ''))
  return [...(isTold ? stored : above), entry.name]
}
