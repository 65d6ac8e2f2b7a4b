// Leases in SQLite: one row for each name that somebody holds. They need not survive a power cut, which ends
// all who hold some, so they do not wait for the disk.
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction, unsynced } from './sqlite-database.ts'
import type { State } from './state.ts'

export function createLeases(database: DatabaseSync): State['leases'] {
  const sql = prepare(database)

  return {
    async acquire({ holder, names, mode, nowMs, expiresMs }) {
      return unsynced(database, () =>
        inTransaction(database, () => {
          sql.removeExpired.run(nowMs)
          for (const name of names) {
            const other = mode === 'exclusive' ? sql.findAny.get(name) : sql.findExclusive.get(name)
            if (other !== undefined) return false
          }
          for (const name of new Set(names)) {
            sql.insert.run(name, holder, mode === 'exclusive' ? 1 : 0, expiresMs)
          }
          return true
        }),
      )
    },

    async renew(holder, expiresMs) {
      return unsynced(database, () => sql.renew.run(expiresMs, holder).changes > 0)
    },

    async release(holder) {
      unsynced(database, () => sql.release.run(holder))
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
    renew: database.prepare('UPDATE leases SET expires_ms = ? WHERE holder = ?'),
    release: database.prepare('DELETE FROM leases WHERE holder = ?'),
  }
}
