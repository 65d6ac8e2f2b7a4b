// When work that is due once a day was done last, in SQLite: one row for each chore.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { State } from './state.ts'

export function createChores(database: DatabaseSync): State['chores'] {
  const find = database.prepare('SELECT done_ms FROM chores WHERE name = ?')
  const keep = database.prepare(
    `INSERT INTO chores (name, done_ms) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET done_ms = excluded.done_ms`,
  )

  return {
    async doneAt(name) {
      const row = find.get(name)
      return row === undefined ? undefined : new Date(choreRow.parse(row).done_ms)
    },

    async setDone(name, at) {
      keep.run(name, at.getTime())
    },
  }
}

const choreRow = z.object({ done_ms: z.int() })
