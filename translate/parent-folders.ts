// Makes sure, before a write, that the folders on a key's way are what the key says: folders, in exactly
// that casing. Jottacloud would otherwise put the object under another key. Also makes missing ones.
import type { JottaClient, Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import type { RequestContext } from './bridge.ts'
import { parentOf } from './location.ts'
import { S3Error } from './s3-error.ts'
import { isExactly, trashedCaseConflict } from './stored-object.ts'

export interface ParentFolders {
  /**
   * Throws ObjectParentIsFile or KeyCaseConflict. Says whether the parent folder exists. `root`, which
   * is taken to exist as it is, and what is above it are not looked at.
   * Asks Jottacloud only for folders that it has not seen lately.
   */
  check(root: Location, location: Location, context: RequestContext): Promise<'exists' | 'missing'>
  /** As `check`, and creates the parent folder when it is missing. */
  ensure(root: Location, location: Location, context: RequestContext): Promise<void>
  /** Whether a folder was seen to exist lately. */
  isKnown(folder: Location): boolean
  /** A write below these folders was confirmed: they exist. */
  remember(location: Location): void
  /** The folder was removed, and with it all below. */
  forget(folder: Location): void
}

/** Others may rename a folder meanwhile; what a write then does is checked again after it. */
const knownForMs = 30_000
const maxKnown = 10_000

export function createParentFolders(jotta: JottaClient, now: () => number): ParentFolders {
  /** Folder -> when it was seen to exist, all its parents with it; the oldest first. */
  const known = new Map<string, number>()

  const remember = (folder: Location): void => {
    for (let depth = folder.path.length; depth > 0; depth -= 1) {
      const name = placeName({ ...folder, path: folder.path.slice(0, depth) })
      known.delete(name)
      known.set(name, now())
    }
    for (const oldest of known.keys()) {
      if (known.size <= maxKnown) break
      known.delete(oldest)
    }
  }
  const isKnown = (folder: Location): boolean => {
    const seenMs = known.get(placeName(folder))
    return seenMs !== undefined && now() - seenMs < knownForMs
  }

  const check: ParentFolders['check'] = async (root, location, context) => {
    const depth = root.path.length
    const parent = parentOf(location)
    for (let folder = parent; folder.path.length > depth; folder = parentOf(folder)) {
      if (isKnown(folder)) return folder === parent ? 'exists' : 'missing'
      const entry = await jotta.stat(folder, context)
      if (entry === undefined) continue
      if (entry.deleted) {
        if (entry.kind === 'folder' && !isExactly(entry, folder)) throw trashedCaseConflict()
        continue
      }
      if (entry.kind === 'file') {
        // A file whose first upload never ended is no object, but it is in the way all the same.
        throw new S3Error(isExactly(entry, folder) ? 'ObjectParentIsFile' : 'KeyCaseConflict')
      }
      if (!isExactly(entry, folder)) throw new S3Error('KeyCaseConflict')
      remember(folder)
      return folder === parent ? 'exists' : 'missing'
    }
    return parent.path.length === depth ? 'exists' : 'missing'
  }

  return {
    check,
    isKnown,
    async ensure(root, location, context) {
      if ((await check(root, location, context)) === 'exists') return
      const parent = parentOf(location)
      await jotta.createFolder(parent, context)
      remember(parent)
    },
    remember: (location) => remember(parentOf(location)),
    forget(folder) {
      const name = placeName(folder)
      for (const other of known.keys()) {
        if (other === name || other.startsWith(`${name}/`)) known.delete(other)
      }
    },
  }
}
