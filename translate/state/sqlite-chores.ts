// Work that is done once a day by one of several processes, in SQLite: one row for each chore.
import type { DatabaseSync } from 'node:sqlite'
import type { State } from './state.ts'

export function createChores(database: DatabaseSync): State['chores'] {
  const sql = {
    // A time that lies ahead is of a clock that was wrong, and keeps nobody from the work.
    begin: database.prepare(
      `INSERT INTO chores (name, holder, held_until_ms) VALUES ($name, $holder, $heldUntil)
       ON CONFLICT (name) DO UPDATE SET holder = $holder, held_until_ms = $heldUntil
       WHERE (done_ms IS NULL OR done_ms < $dueSince OR done_ms > $now)
         AND (holder IS NULL OR held_until_ms <= $now OR held_until_ms > $heldUntil)`,
    ),
    hold: database.prepare('UPDATE chores SET held_until_ms = ? WHERE name = ? AND holder = ?'),
    finish: database.prepare(
      `UPDATE chores SET holder = NULL, held_until_ms = NULL, done_ms = coalesce(?, done_ms)
       WHERE name = ? AND holder = ?`,
    ),
  }

  return {
    async begin(name, { holder, now, dueSince, heldUntil }) {
      const { changes } = sql.begin.run({
        $name: name,
        $holder: holder,
        $now: now.getTime(),
        $dueSince: dueSince.getTime(),
        $heldUntil: heldUntil.getTime(),
      })
      return Number(changes) > 0
    },

    async hold(name, { holder, heldUntil }) {
      return Number(sql.hold.run(heldUntil.getTime(), name, holder).changes) > 0
    },

    async finish(name, { holder, doneAt }) {
      sql.finish.run(doneAt?.getTime() ?? null, name, holder)
    },
  }
}
