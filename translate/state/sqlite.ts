// The state in one SQLite file, for a bridge on one machine. Calls answer at once: SQLite runs in this
// thread, and a write takes as long as its fsync.
import { createAccount } from './sqlite-account.ts'
import { createBucketConfigurations } from './sqlite-bucket-configurations.ts'
import { createBucketRemovals } from './sqlite-bucket-removals.ts'
import { createChores } from './sqlite-chores.ts'
import { openDatabase } from './sqlite-database.ts'
import { createFolders } from './sqlite-folders.ts'
import { createLeases } from './sqlite-leases.ts'
import { createListings } from './sqlite-listings.ts'
import { createObjects } from './sqlite-objects.ts'
import { createParts, createUploads } from './sqlite-uploads.ts'
import { createUsage } from './sqlite-usage.ts'
import type { State } from './state.ts'

/**
 * Opens or creates the file; its folder must exist. Several processes may have it open. Throws when it
 * is no database, or was written by a newer version.
 */
export function openSqliteState(options: { readonly file: string }): State {
  const database = openDatabase(options.file)
  try {
    return {
      account: createAccount(database),
      bucketConfigurations: createBucketConfigurations(database),
      bucketRemovals: createBucketRemovals(database),
      chores: createChores(database),
      folders: createFolders(database),
      leases: createLeases(database),
      listings: createListings(database),
      objects: createObjects(database),
      uploads: createUploads(database),
      parts: createParts(database),
      usage: createUsage(database),
      async close() {
        if (database.isOpen) database.close()
      },
    }
  } catch (error) {
    database.close()
    throw error
  }
}
