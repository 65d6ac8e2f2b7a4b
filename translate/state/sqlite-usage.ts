// How much buckets with a quota hold, in SQLite: what was counted, what was written since, and writes that are
// under way, one row each. Writes do not wait for the disk here: their records do, which are staged between the two
// steps, and what a power cut takes of the second one makes a bucket look too full until it is counted.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { inTransaction, unsynced } from './sqlite-database.ts'
import type { State } from './state.ts'

const usageRow = z.object({
  counted_bytes: z.int(),
  counted_ms: z.int(),
  added_bytes: z.int(),
  pending_bytes: z.int(),
})
const bucketRow = z.object({ bucket: z.string() })
const writeRow = z.object({ bucket: z.string(), size_bytes: z.int() })

export function createUsage(database: DatabaseSync): State['usage'] {
  const sql = prepare(database)
  const commit = <T>(act: () => T): T => unsynced(database, () => inTransaction(database, act))

  const find = (bucket: string) => {
    const row = sql.find.get(bucket)
    if (row === undefined) return undefined
    const { counted_bytes, counted_ms, added_bytes, pending_bytes } = usageRow.parse(row)
    return {
      countedBytes: counted_bytes,
      countedMs: counted_ms,
      addedBytes: added_bytes,
      pendingBytes: pending_bytes,
    }
  }
  const remove = (bucket: string): void => {
    sql.removeUsage.run(bucket)
    sql.removeWrites.run(bucket)
  }

  return {
    find: async (bucket) => find(bucket),

    async reserve({ id, bucket, sizeBytes, limitBytes, nowMs }) {
      return commit(() => {
        const usage = find(bucket)
        if (usage === undefined) return false
        const { countedBytes, addedBytes, pendingBytes } = usage
        if (countedBytes + addedBytes + pendingBytes + sizeBytes > limitBytes) return false
        sql.reserve.run(id, bucket, sizeBytes, nowMs)
        return true
      })
    },

    async settle(id, outcome) {
      commit(() => {
        const row = sql.takeWrite.get(id)
        if (row === undefined || outcome === 'dropped') return
        const { bucket, size_bytes } = writeRow.parse(row)
        sql.add.run(size_bytes, bucket)
      })
    },

    async setCounted(bucket, { countedBytes, startedMs, before, abandonedBeforeMs }) {
      return inTransaction(database, () => {
        const found = find(bucket)
        // Counted by another meanwhile, or removed.
        if (found?.countedMs !== before?.countedMs) return false
        sql.setCounted.run({
          bucket,
          countedBytes,
          startedMs,
          addedBefore: before?.addedBytes ?? 0,
        })
        sql.removeAbandoned.run(bucket, abandonedBeforeMs)
        return true
      })
    },

    async removeBucket(bucket) {
      inTransaction(database, () => remove(bucket))
    },

    async keepOnly(buckets) {
      inTransaction(database, () => {
        const all = sql.buckets.all().map((row) => bucketRow.parse(row).bucket)
        for (const bucket of all) if (!buckets.has(bucket)) remove(bucket)
      })
    },
  }
}

function prepare(database: DatabaseSync) {
  return {
    find: database.prepare(
      `SELECT counted_bytes, counted_ms, added_bytes,
         (SELECT coalesce(sum(size_bytes), 0) FROM bucket_writes WHERE bucket = bucket_usage.bucket)
           AS pending_bytes
       FROM bucket_usage WHERE bucket = ?`,
    ),
    reserve: database.prepare(
      'INSERT INTO bucket_writes (id, bucket, size_bytes, begun_ms) VALUES (?, ?, ?, ?)',
    ),
    takeWrite: database.prepare(
      'DELETE FROM bucket_writes WHERE id = ? RETURNING bucket, size_bytes',
    ),
    add: database.prepare('UPDATE bucket_usage SET added_bytes = added_bytes + ? WHERE bucket = ?'),
    setCounted: database.prepare(
      `INSERT INTO bucket_usage (bucket, counted_bytes, counted_ms, added_bytes)
       VALUES ($bucket, $countedBytes, $startedMs, 0)
       ON CONFLICT (bucket) DO UPDATE SET
         counted_bytes = $countedBytes, counted_ms = $startedMs,
         added_bytes = added_bytes - $addedBefore`,
    ),
    removeAbandoned: database.prepare(
      'DELETE FROM bucket_writes WHERE bucket = ? AND begun_ms < ?',
    ),
    removeUsage: database.prepare('DELETE FROM bucket_usage WHERE bucket = ?'),
    removeWrites: database.prepare('DELETE FROM bucket_writes WHERE bucket = ?'),
    buckets: database.prepare(
      'SELECT bucket FROM bucket_usage UNION SELECT bucket FROM bucket_writes',
    ),
  }
}
