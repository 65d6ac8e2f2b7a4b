// What clients set on buckets, in SQLite: one row for each bucket and name.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { bucketConfigurationNames } from './records.ts'
import type { State } from './state.ts'

export function createBucketConfigurations(database: DatabaseSync): State['bucketConfigurations'] {
  const sql = prepare(database)

  return {
    async find(bucket) {
      const rows = sql.find.all(bucket).map((row) => recordRow.parse(row))
      return new Map(rows.map(({ name, text }) => [name, text]))
    },

    async put({ bucket, name, text }) {
      sql.put.run(bucket, name, text)
    },

    async remove(bucket, name) {
      sql.remove.run(bucket, name)
    },

    async removeBucket(bucket) {
      sql.removeBucket.run(bucket)
    },

    async all() {
      return sql.all.all().map((row) => recordRow.parse(row))
    },
  }
}

function prepare(database: DatabaseSync) {
  const columns = 'bucket, name, text'
  return {
    find: database.prepare(`SELECT ${columns} FROM bucket_configurations WHERE bucket = ?`),
    put: database.prepare(
      `INSERT OR REPLACE INTO bucket_configurations (${columns}) VALUES (?, ?, ?)`,
    ),
    remove: database.prepare('DELETE FROM bucket_configurations WHERE bucket = ? AND name = ?'),
    removeBucket: database.prepare('DELETE FROM bucket_configurations WHERE bucket = ?'),
    all: database.prepare(`SELECT ${columns} FROM bucket_configurations ORDER BY bucket, name`),
  }
}

const recordRow = z.object({
  bucket: z.string(),
  name: z.enum(bucketConfigurationNames),
  text: z.string(),
})
