// Whose state it is, in SQLite: one row at the most.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { State } from './state.ts'

const accountRow = z.object({ username: z.string() })

export function createAccount(database: DatabaseSync): State['account'] {
  const sql = {
    find: database.prepare('SELECT username FROM account'),
    claim: database.prepare(
      'INSERT INTO account (one, username) VALUES (1, ?) ON CONFLICT (one) DO NOTHING',
    ),
  }
  const find = (): string | undefined => {
    const row = sql.find.get()
    return row === undefined ? undefined : accountRow.parse(row).username
  }

  return {
    async find() {
      return find()
    },

    async claim(username) {
      sql.claim.run(username)
      return find() ?? username
    },
  }
}
