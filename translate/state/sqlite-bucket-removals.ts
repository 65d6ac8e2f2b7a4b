// How often a bucket was removed, in SQLite: one row at the most.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { State } from './state.ts'

const removalsRow = z.object({ count: z.int() })

export function createBucketRemovals(database: DatabaseSync): State['bucketRemovals'] {
  const find = database.prepare('SELECT count FROM bucket_removals')
  const add = database.prepare(
    `INSERT INTO bucket_removals (only, count) VALUES (1, 1)
     ON CONFLICT (only) DO UPDATE SET count = count + 1`,
  )

  return {
    async count() {
      const row = find.get()
      return row === undefined ? 0 : removalsRow.parse(row).count
    },

    async add() {
      add.run()
    },
  }
}
