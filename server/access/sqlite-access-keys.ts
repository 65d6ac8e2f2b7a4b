// Access keys in SQLite: one file in the data folder, readable by its owner only.
import { z } from 'zod'
import { inTransaction, openDatabase } from '../../translate/state/sqlite-database.ts'
import { Turns } from '../../translate/state/sqlite-turns.ts'
import { type AccessKeyRecord, type AccessKeys, AccessKeyTaken } from './access-keys.ts'

const migrations = [
  `CREATE TABLE access_keys (
    access_key_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    secret_access_key TEXT NOT NULL,
    owner TEXT NOT NULL,
    limits TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`,
]

const limits = z.object({
  buckets: z.array(z.string()),
  access: z.enum(['full', 'read-only']),
})

const keyRow = z.object({
  access_key_id: z.string(),
  name: z.string(),
  owner: z.string(),
  limits: z.string(),
  created_ms: z.int(),
})
const wholeRow = keyRow.extend({ secret_access_key: z.string() })

/** Opens or creates the file. */
export function openAccessKeys(file: string): AccessKeys {
  const database = openDatabase(file, migrations)
  const turns = new Turns(database)
  const columns = 'access_key_id, name, owner, limits, created_ms'
  const find = database.prepare(
    `SELECT ${columns}, secret_access_key FROM access_keys WHERE access_key_id = ?`,
  )
  const findTaken = database.prepare(
    'SELECT access_key_id FROM access_keys WHERE access_key_id = ? OR name = ?',
  )
  const add = database.prepare(
    `INSERT INTO access_keys (${columns}, secret_access_key) VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const list = database.prepare(`SELECT ${columns} FROM access_keys ORDER BY name`)
  const remove = database.prepare('DELETE FROM access_keys WHERE name = ?')

  const keys: Omit<AccessKeys, 'close'> = {
    async find(accessKeyId) {
      const row = find.get(accessKeyId)
      if (row === undefined) return undefined
      const parsed = wholeRow.parse(row)
      return { ...toRecord(parsed), secretAccessKey: parsed.secret_access_key }
    },

    async add({ accessKeyId, secretAccessKey, name, owner, limits: wanted, created }) {
      inTransaction(database, () => {
        const taken = findTaken.get(accessKeyId, name)
        if (taken !== undefined) {
          const what = taken.access_key_id === accessKeyId ? 'id' : 'name'
          throw new AccessKeyTaken(`an access key of that ${what} exists`)
        }
        const text = JSON.stringify(wanted)
        add.run(accessKeyId, name, owner, text, created.getTime(), secretAccessKey)
      })
    },

    async list() {
      return list.all().map((row) => toRecord(keyRow.parse(row)))
    },

    async remove(name) {
      return remove.run(name).changes > 0
    },
  }
  return { ...turns.over(keys, 'find', 'list'), close: () => turns.close() }
}

function toRecord(row: z.infer<typeof keyRow>): Omit<AccessKeyRecord, 'secretAccessKey'> {
  return {
    accessKeyId: row.access_key_id,
    name: row.name,
    owner: row.owner,
    limits: limits.parse(JSON.parse(row.limits)),
    created: new Date(row.created_ms),
  }
}
