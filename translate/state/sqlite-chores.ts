// When work that is due once a day was done last, and where it stopped, in SQLite: one row for each chore.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { State } from './state.ts'

export function createChores(database: DatabaseSync): State['chores'] {
  const find = database.prepare('SELECT done_ms FROM chores WHERE name = ?')
  const keep = database.prepare(
    `INSERT INTO chores (name, done_ms) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET done_ms = excluded.done_ms`,
  )

  const findPosition = database.prepare('SELECT position FROM chore_positions WHERE name = ?')
  const keepPosition = database.prepare(
    `INSERT INTO chore_positions (name, position) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
  )
  const forgetPosition = database.prepare('DELETE FROM chore_positions WHERE name = ?')

  return {
    async doneAt(name) {
      const row = find.get(name)
      return row === undefined ? undefined : new Date(choreRow.parse(row).done_ms)
    },

    async setDone(name, at) {
      keep.run(name, at.getTime())
    },

    async position(name) {
      const row = findPosition.get(name)
      return row === undefined ? undefined : positionRow.parse(row).position
    },

    async setPosition(name, position) {
      if (position === undefined) forgetPosition.run(name)
      else keepPosition.run(name, position)
    },
  }
}

const choreRow = z.object({ done_ms: z.int() })
const positionRow = z.object({ position: z.string() })
