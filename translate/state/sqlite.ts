// The state in one SQLite file, for a bridge on one machine. SQLite runs in this thread, and a write takes as long as
// its fsync; what finds the file locked by another process waits beside it. So each method is one that may be begun
// again when it failed at the lock (sqlite-turns.ts).
import { createAccount } from './sqlite-account.ts'
import { createBucketConfigurations } from './sqlite-bucket-configurations.ts'
import { createBucketRemovals } from './sqlite-bucket-removals.ts'
import { createChores } from './sqlite-chores.ts'
import { openDatabase } from './sqlite-database.ts'
import { createFolders } from './sqlite-folders.ts'
import { createLeases } from './sqlite-leases.ts'
import { createListings } from './sqlite-listings.ts'
import { createObjects } from './sqlite-objects.ts'
import { Turns } from './sqlite-turns.ts'
import { createParts, createUploads } from './sqlite-uploads.ts'
import { createUsage } from './sqlite-usage.ts'
import type { State } from './state.ts'

/**
 * Opens or creates the file; its folder must exist. Several processes may have it open. Throws when it
 * is no database, or was written by a newer version.
 */
export function openSqliteState(options: {
  readonly file: string
  /** How long a call waits while another process has the file locked; 10 s when left out. */
  readonly lockWaitMs?: number
}): State {
  const database = openDatabase(options.file)
  try {
    const turns = new Turns(database, options.lockWaitMs)
    const { all, leftStaged, ...objects } = createObjects(database, turns)
    return {
      account: turns.over(createAccount(database), 'find'),
      bucketConfigurations: turns.over(createBucketConfigurations(database), 'find', 'all'),
      bucketRemovals: turns.over(createBucketRemovals(database), 'counts'),
      chores: turns.over(createChores(database), 'doneAt', 'position'),
      folders: turns.over(createFolders(database), 'find'),
      leases: turns.over(createLeases(database)),
      listings: turns.over(createListings(database)),
      objects: {
        ...turns.over(objects, 'find', 'findListed', 'parts', 'latest'),
        // Each of their pages is a turn.
        all,
        leftStaged,
      },
      uploads: turns.over(createUploads(database), 'find', 'list', 'expired', 'countUnfinished'),
      parts: turns.over(createParts(database), 'list', 'isRecorded'),
      usage: turns.over(createUsage(database), 'find'),
      close: () => turns.close(),
    }
  } catch (error) {
    database.close()
    throw error
  }
}
