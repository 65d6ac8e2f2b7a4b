// Looks at Jottacloud of one search: it looks at nothing twice, and at no folder that was seen lately.
import type { JottaClient, Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import type { Entry } from '../jotta/wire.ts'
import type { RequestContext } from './bridge.ts'
import { isJottaError } from './jotta-error.ts'
import type { ParentFolders } from './parent-folders.ts'
import { S3Error } from './s3-error.ts'
import { isExactly, isLiveFolder, readableObject, type StoredObject } from './stored-object.ts'

export interface Looks {
  /** What is there, in the trash or not. */
  entry(location: Location): Promise<Entry | undefined>
  /** Whether a live folder of exactly this name is there. */
  isFolder(location: Location): Promise<boolean>
  /** The object of exactly this name. */
  object(location: Location): Promise<StoredObject | undefined>
}

export function createLooks(
  jotta: JottaClient,
  parents: ParentFolders,
  root: Location,
  context: RequestContext,
): Looks {
  const seen = new Map<string, Promise<Entry | undefined>>()
  const look = (location: Location): Promise<Entry | undefined> => {
    const name = placeName(location)
    const looking = seen.get(name) ?? statOrNothing(jotta, root, location, context)
    seen.set(name, looking)
    return looking
  }

  return {
    entry: look,
    async isFolder(location) {
      if (location.path.length === root.path.length || parents.isKnown(location)) return true
      const entry = await look(location)
      if (!isLiveFolder(entry) || !isExactly(entry, location)) return false
      parents.remember(location)
      return true
    },
    async object(location) {
      const entry = await look(location)
      if (entry?.kind !== 'file' || !isExactly(entry, location)) return undefined
      return readableObject(entry)
    },
  }
}

/** A name that Jottacloud refuses is not there, unless it is one that it stores and does not open. */
async function statOrNothing(
  jotta: JottaClient,
  root: Location,
  location: Location,
  context: RequestContext,
): Promise<Entry | undefined> {
  try {
    return await jotta.stat(location, context)
  } catch (error) {
    if (!isJottaError(error, 'invalid-name')) throw error
    await checkPercent(jotta, root, location, context)
    return undefined
  }
}

/** Throws InvalidRequest for what others stored under a raw percent sign (API 9.3): it is only ever listed. */
async function checkPercent(
  jotta: JottaClient,
  root: Location,
  { path, ...above }: Location,
  context: RequestContext,
): Promise<void> {
  const at = path.findIndex((name, depth) => depth >= root.path.length && name.includes('%'))
  if (at === -1) return
  try {
    for await (const { deleted, name } of jotta.list(
      { ...above, path: path.slice(0, at) },
      context,
    )) {
      if (deleted || name !== path[at]) continue
      throw new S3Error('InvalidRequest', {
        message:
          'Another program stored this name with a percent sign, and Jottacloud opens it for nobody. Rename it in the Jottacloud app.',
      })
    }
  } catch (error) {
    // Without the folder there is nothing in it.
    if (!isJottaError(error, 'not-found') && !isJottaError(error, 'conflict')) throw error
  }
}
