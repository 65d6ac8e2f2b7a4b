// Where listings of several pages are, in SQLite: one row for each name that pages ended at, and one with the last
// moment. Not waiting for the disk, a page pays some tens of microseconds for it.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { inTransaction, unsynced } from './sqlite-database.ts'
import type { State } from './state.ts'

/** Each write adds one row at the most. */
const forgottenPerWrite = 8

const momentRow = z.object({ last: z.int() })
const pageRow = z.object({ moment: z.int(), pages: z.int() })

export function createListings(database: DatabaseSync): State['listings'] {
  const sql = prepare(database)
  const commit = <T>(act: () => T): T => unsynced(database, () => inTransaction(database, act))

  return {
    async nextMoment(nowMs) {
      return commit(() => momentRow.parse(sql.nextMoment.get(nowMs)).last)
    },

    async remember({ name, moment, nowMs, keptMs, namesMax }) {
      const kept = { $after: nowMs - keptMs, $before: nowMs + keptMs }
      commit(() => {
        sql.forget.run({ $name: name, ...kept })
        sql.remember.run({ $name: name, $moment: moment, $now: nowMs })
        sql.forgetOld.run({ $limit: forgottenPerWrite, ...kept })
        sql.forgetSurplus.run({ $namesMax: namesMax })
      })
    },

    async take({ name, nowMs, keptMs }) {
      const page = { $name: name, $after: nowMs - keptMs, $before: nowMs + keptMs }
      // Most names are unknown, and nothing is written for those.
      if (sql.find.get(page) === undefined) return undefined
      return commit(() => {
        const row = sql.find.get(page)
        if (row === undefined) return undefined
        const { moment, pages } = pageRow.parse(row)
        if (pages > 1) sql.takeOne.run(name)
        else sql.takeLast.run(name)
        return moment
      })
    },
  }
}

function prepare(database: DatabaseSync) {
  return {
    nextMoment: database.prepare(
      `INSERT INTO listing_moments (only, last) VALUES (1, ?)
       ON CONFLICT (only) DO UPDATE SET last = max(last + 1, excluded.last)
       RETURNING last`,
    ),
    find: database.prepare(
      `SELECT moment, pages FROM listing_pages
       WHERE name = $name AND since_ms > $after AND since_ms < $before`,
    ),
    remember: database.prepare(
      `INSERT INTO listing_pages (name, moment, pages, since_ms) VALUES ($name, $moment, 1, $now)
       ON CONFLICT (name) DO UPDATE SET moment = max(moment, excluded.moment), pages = pages + 1`,
    ),
    takeOne: database.prepare('UPDATE listing_pages SET pages = pages - 1 WHERE name = ?'),
    takeLast: database.prepare('DELETE FROM listing_pages WHERE name = ?'),
    forget: database.prepare(
      `DELETE FROM listing_pages
       WHERE name = $name AND NOT (since_ms > $after AND since_ms < $before)`,
    ),
    // Two ranges of the index, each read from its end.
    forgetOld: database.prepare(
      `DELETE FROM listing_pages WHERE name IN (
         SELECT name FROM (
           SELECT name FROM listing_pages WHERE since_ms <= $after ORDER BY since_ms LIMIT $limit
         )
         UNION ALL
         SELECT name FROM (
           SELECT name FROM listing_pages WHERE since_ms >= $before
           ORDER BY since_ms DESC LIMIT $limit
         )
       )`,
    ),
    forgetSurplus: database.prepare(
      `DELETE FROM listing_pages WHERE name IN (
         SELECT name FROM listing_pages ORDER BY since_ms DESC LIMIT -1 OFFSET $namesMax
       )`,
    ),
  }
}
