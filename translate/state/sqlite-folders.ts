// What is known of Jottacloud's folders, in SQLite: one row for each that was written to lately. A cache, which does
// not wait for the disk: what a write needs of it is there when its record is, which is staged later and does wait.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { FolderMark } from './records.ts'
import { inTransaction, unsynced } from './sqlite-database.ts'
import type { State } from './state.ts'

export function createFolders(database: DatabaseSync): State['folders'] {
  const sql = prepare(database)

  return {
    async find(place) {
      const row = sql.find.get(place)
      if (row === undefined) return undefined
      const { entries, has_irregular, has_shards, learnt_ms, changes } = folderRow.parse(row)
      return {
        entries,
        hasIrregular: has_irregular === 1,
        hasShards: has_shards === 1,
        learntMs: learnt_ms,
        changes,
      }
    },

    async learn(place, { entries, hasIrregular, hasShards, learntMs, changes }) {
      const marks = [hasIrregular ? 1 : 0, hasShards ? 1 : 0]
      unsynced(database, () => sql.learn.run(place, entries, ...marks, learntMs, changes))
    },

    async add(place, { isIrregular, isShard }, nowMs) {
      unsynced(database, () => sql.add.run(place, isIrregular ? 1 : 0, isShard ? 1 : 0, nowMs))
    },

    async mark(marks, nowMs) {
      const isNews = ({ place, isIrregular, isShard }: FolderMark): boolean => {
        const row = sql.find.get(place)
        return (isIrregular && row?.has_irregular !== 1) || (isShard && row?.has_shards !== 1)
      }
      const news = marks.filter(isNews)
      if (news.length === 0) return
      // Seldom, and folders of such names are made before any record is staged: this one waits.
      inTransaction(database, () => {
        for (const { place, isIrregular, isShard } of news) {
          sql.mark.run(place, isIrregular ? 1 : 0, isShard ? 1 : 0, nowMs)
        }
      })
    },

    async forget(place) {
      // What is below begins with the place and a slash, after which `0` comes.
      unsynced(database, () => sql.forget.run(place, `${place}/`, `${place}0`))
    },

    async forgetOld(beforeMs, limit) {
      unsynced(database, () => sql.forgetOld.run(beforeMs, limit))
    },
  }
}

function prepare(database: DatabaseSync) {
  return {
    find: database.prepare(
      'SELECT entries, has_irregular, has_shards, learnt_ms, changes FROM folders WHERE place = ?',
    ),
    learn: database.prepare(
      `INSERT INTO folders (place, entries, has_irregular, has_shards, learnt_ms, changes)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6 + max(?3, ?4))
       ON CONFLICT (place) DO UPDATE SET entries = excluded.entries,
         has_irregular = excluded.has_irregular, has_shards = excluded.has_shards,
         learnt_ms = excluded.learnt_ms, changes = excluded.changes
       WHERE changes = ?6`,
    ),
    mark: database.prepare(
      `INSERT INTO folders (place, entries, has_irregular, has_shards, learnt_ms, changes)
       VALUES (?, 0, ?, ?, 0, ?)
       ON CONFLICT (place) DO UPDATE SET has_irregular = max(has_irregular, excluded.has_irregular),
         has_shards = max(has_shards, excluded.has_shards), changes = max(changes + 1, excluded.changes)`,
    ),
    add: database.prepare(
      `INSERT INTO folders (place, entries, has_irregular, has_shards, learnt_ms, changes)
       VALUES (?, 1, ?, ?, 0, ?)
       ON CONFLICT (place) DO UPDATE SET entries = entries + 1,
         has_irregular = max(has_irregular, excluded.has_irregular),
         has_shards = max(has_shards, excluded.has_shards), changes = max(changes + 1, excluded.changes)`,
    ),
    forget: database.prepare('DELETE FROM folders WHERE place = ? OR (place > ? AND place < ?)'),
    forgetOld: database.prepare(
      `DELETE FROM folders WHERE place IN (
         SELECT place FROM folders WHERE max(learnt_ms, changes) < ?
         ORDER BY max(learnt_ms, changes) LIMIT ?)`,
    ),
  }
}

const folderRow = z.object({
  entries: z.int(),
  has_irregular: z.int(),
  has_shards: z.int(),
  learnt_ms: z.int(),
  changes: z.int(),
})
