// Folders on the way to keys that were seen to exist lately, in exactly that casing, so that they are not looked at
// each time. Jottacloud would put an object under another key where one has another casing.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import { parentOf } from './location.ts'
import { createRecentPlaces } from './recent-places.ts'
import { S3Error } from './s3-error.ts'
import { isExactly, trashedCaseConflict } from './stored-object.ts'

export interface ParentFolders {
  /** Others may rename it meanwhile; what a write then does is checked again after it. */
  isKnown(folder: Location): boolean
  /** The folder exists, and so do those above it. */
  remember(folder: Location): void
  /** The folder was removed, and with it all below. */
  forget(folder: Location): void
  /**
   * Makes the folder of a location where it is missing. `root`, which is taken to exist as it is, and what is above
   * it are not looked at. Throws ObjectParentIsFile or KeyCaseConflict.
   */
  ensure(root: Location, location: Location, context: RequestContext): Promise<void>
}

export function createParentFolders(jotta: JottaClient, now: () => number): ParentFolders {
  const known = createRecentPlaces(now)

  const remember = (folder: Location): void => {
    for (let at = folder; at.path.length > 0; at = parentOf(at)) known.remember(at, now())
  }
  const isThere = async (folder: Location, context: RequestContext): Promise<boolean> => {
    if (known.isKnown(folder)) return true
    const entry = await jotta.stat(folder, context)
    if (entry === undefined) return false
    if (entry.deleted) {
      if (entry.kind === 'folder' && !isExactly(entry, folder)) throw trashedCaseConflict()
      return false
    }
    if (!isExactly(entry, folder)) throw new S3Error('KeyCaseConflict')
    // A file whose first upload never ended is no object, but it is in the way all the same.
    if (entry.kind === 'file') throw new S3Error('ObjectParentIsFile')
    remember(folder)
    return true
  }

  return {
    isKnown: known.isKnown,
    remember,
    forget: known.forget,
    async ensure(root, location, context) {
      const parent = parentOf(location)
      let folder = parent
      while (folder.path.length > root.path.length && !(await isThere(folder, context))) {
        folder = parentOf(folder)
      }
      if (folder.path.length === parent.path.length) return
      await jotta.createFolder(parent, context)
      remember(parent)
    },
  }
}
