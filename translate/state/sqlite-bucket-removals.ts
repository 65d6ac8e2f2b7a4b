// How many removals of buckets were begun, and how many of those are open, in SQLite: one row at the most.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { unsynced } from './sqlite-database.ts'
import type { State } from './state.ts'

const removalsRow = z.object({ begun: z.int(), open: z.int() })

export function createBucketRemovals(database: DatabaseSync): State['bucketRemovals'] {
  const find = database.prepare('SELECT count AS begun, open FROM bucket_removals')
  const begin = database.prepare(
    `INSERT INTO bucket_removals (only, count, open) VALUES (1, 1, 1)
     ON CONFLICT (only) DO UPDATE SET count = count + 1, open = open + 1`,
  )
  const end = database.prepare('UPDATE bucket_removals SET open = open - 1 WHERE open > 0')

  return {
    async counts() {
      const row = find.get()
      return row === undefined ? { begun: 0, open: 0 } : removalsRow.parse(row)
    },

    async begin() {
      begin.run()
    },

    async end() {
      unsynced(database, () => end.run())
    },
  }
}
