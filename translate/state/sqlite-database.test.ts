import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  fromKeyBytes,
  inTransaction,
  migrations,
  openDatabase,
  toKeyBytes,
} from './sqlite-database.ts'

const test = suite('sqlite-database')

async function withDatabase(act: (database: DatabaseSync, file: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-database-'))
  const file = join(folder, 'state.db')
  const database = openDatabase(file)
  try {
    act(database, file)
  } finally {
    database.close()
    await rm(folder, { recursive: true })
  }
}

const insert =
  "INSERT INTO uploads (upload_id, bucket, key, initiated_ms, status, data) VALUES ('u', 'b', x'61', 0, 'open', '{}')"

function count(database: DatabaseSync): unknown {
  return database.prepare('SELECT count(*) AS count FROM uploads').get()?.count
}

test('no other process writes between the first read of a transaction and its end', () =>
  withDatabase((database, file) => {
    const other = new DatabaseSync(file, { timeout: 0 })
    inTransaction(database, () => {
      assert.is(count(database), 0)
      assert.throws(() => other.exec(insert), /locked/)
      assert.is(count(other), 0, 'but they read')
    })
    other.exec(insert)
    other.close()
    assert.is(count(database), 1)
  }))

test('a transaction that fails leaves nothing behind and does not hinder the next', () =>
  withDatabase((database) => {
    const failing = () =>
      inTransaction(database, () => {
        database.exec(insert)
        throw new Error('failed')
      })
    assert.throws(failing, /failed/)
    assert.is(count(database), 0)
    assert.is(
      inTransaction(database, () => {
        database.exec(insert)
        return 'done'
      }),
      'done',
    )
    assert.is(count(database), 1)
  }))

test('a commit waits for the disk, and the journal lets others read meanwhile', () =>
  withDatabase((database) => {
    assert.is(database.prepare('PRAGMA synchronous').get()?.synchronous, 2)
    assert.is(database.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
    assert.is(database.prepare('PRAGMA foreign_keys').get()?.foreign_keys, 1)
  }))

test('keys come back from their bytes, the empty one too, and none is bent to fit', () =>
  withDatabase((database) => {
    const echo = database.prepare('SELECT ? AS bytes')
    for (const key of ['', '\0', 'a\0b', '\ufeffé\u{10ffff}']) {
      const bytes = echo.get(toKeyBytes(key))?.bytes
      assert.instance(bytes, Uint8Array)
      assert.is(bytes instanceof Uint8Array && fromKeyBytes(bytes), key)
    }
    assert.throws(() => toKeyBytes('\ud800'), /not Unicode/)
  }))

test('what was done is known after who does it became a lease, and what was only begun is not done', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-database-'))
  const file = join(folder, 'state.db')
  const step = migrations.findIndex((each) => each.includes('chores_done'))
  const before = openDatabase(file, migrations.slice(0, step))
  before.exec(`INSERT INTO chores (name, holder, held_until_ms, done_ms) VALUES
    ('done', NULL, NULL, 5), ('again', 'a', 9, 6), ('begun', 'a', 9, NULL)`)
  before.close()
  const database = openDatabase(file)
  const rows = database.prepare('SELECT name, done_ms FROM chores ORDER BY name').all()
  database.close()
  await rm(folder, { recursive: true })
  assert.equal(
    rows.map(({ name, done_ms }) => [name, done_ms]),
    [
      ['again', 6],
      ['done', 5],
    ],
  )
})

test.run()
