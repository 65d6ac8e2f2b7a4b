// Leases in SQLite: one row for each name that somebody holds. They need not survive a power cut, which ends
// all who hold some, so they do not wait for the disk. Each write of an object takes, renews and releases some, and
// there are few at a time: so there is no index but the table itself.
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction, unsynced } from './sqlite-database.ts'
import type { State } from './state.ts'

export function createLeases(database: DatabaseSync): State['leases'] {
  const sql = prepare(database)
  const commit = <T>(act: () => T): T => unsynced(database, () => inTransaction(database, act))

  return {
    async acquire({ holder, names, mode, nowMs, expiresMs }) {
      return commit(() => {
        sql.removeExpired.run(nowMs)
        for (const name of names) {
          const other = mode === 'exclusive' ? sql.findAny : sql.findExclusive
          if (other.get(name) !== undefined) return false
        }
        for (const name of new Set(names)) {
          sql.insert.run(name, holder, mode === 'exclusive' ? 1 : 0, expiresMs)
        }
        return true
      })
    },

    async renew({ holder, names, expiresMs }) {
      return commit(() =>
        [...new Set(names)].every((name) => sql.renew.run(expiresMs, name, holder).changes > 0),
      )
    },

    async release({ holder, names }) {
      commit(() => {
        for (const name of names) sql.release.run(name, holder)
      })
    },
  }
}

function prepare(database: DatabaseSync) {
  return {
    removeExpired: database.prepare('DELETE FROM leases WHERE expires_ms <= ?'),
    findAny: database.prepare('SELECT 1 FROM leases WHERE name = ?'),
    findExclusive: database.prepare('SELECT 1 FROM leases WHERE name = ? AND is_exclusive = 1'),
    insert: database.prepare(
      'INSERT INTO leases (name, holder, is_exclusive, expires_ms) VALUES (?, ?, ?, ?)',
    ),
    renew: database.prepare('UPDATE leases SET expires_ms = ? WHERE name = ? AND holder = ?'),
    release: database.prepare('DELETE FROM leases WHERE name = ? AND holder = ?'),
  }
}
