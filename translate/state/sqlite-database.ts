// The SQLite database under the state: opening it so that several processes may share it and a crash
// loses nothing, its schema, its transactions. It knows nothing of what the rows mean.
import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** How long a write waits for the writes of other processes, which take milliseconds. */
const busyTimeoutMs = 10_000

/**
 * Opens or creates the file, for its owner only, and brings its schema up to date: `steps` in order, of
 * which a later version of this program only has more.
 */
export function openDatabase(file: string, steps: readonly string[] = migrations): DatabaseSync {
  createForOwner(file)
  const database = new DatabaseSync(file, {
    timeout: busyTimeoutMs,
    enableForeignKeyConstraints: true,
  })
  try {
    const mode = database.prepare('PRAGMA journal_mode = WAL').get()
    assert.equal(mode?.journal_mode, 'wal', `${file} cannot be used in WAL mode`)
    // A commit is on disk when it returns; the default for WAL may lose the last ones in a power cut.
    database.exec('PRAGMA synchronous = FULL')
    migrate(database, file, steps)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Runs `act` as one transaction that no other process writes during. */
export function inTransaction<T>(database: DatabaseSync, act: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = act()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // Some failures (a full disk) end the transaction by themselves.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Commits without waiting for the disk. In WAL mode this loses the last commits in a power cut, and never more than those. */
export function unsynced<T>(database: DatabaseSync, act: () => T): T {
  database.exec('PRAGMA synchronous = NORMAL')
  try {
    return act()
  } finally {
    database.exec('PRAGMA synchronous = FULL')
  }
}

/**
 * Keys are kept as the bytes of their UTF-8: SQLite compares those as S3 orders keys, and unlike text
 * they may hold NUL without some of its functions stopping there.
 */
export function toKeyBytes(key: string): Buffer {
  assert(key.isWellFormed(), 'a key is not Unicode')
  return Buffer.from(key)
}

export function fromKeyBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

/** The schema as a list of steps; `user_version` counts those that a file has behind it. */
export const migrations = [
  `CREATE TABLE object_records (
    write_id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket TEXT NOT NULL,
    key BLOB NOT NULL,
    is_staged INTEGER NOT NULL CHECK (is_staged IN (0, 1)),
    md5 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    data TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX object_records_committed ON object_records (bucket, key)
    WHERE is_staged = 0;
  CREATE INDEX object_records_key ON object_records (bucket, key, is_staged, write_id);

  CREATE TABLE uploads (
    upload_id TEXT NOT NULL PRIMARY KEY,
    bucket TEXT NOT NULL,
    key BLOB NOT NULL,
    initiated_ms INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'completing', 'completed')),
    data TEXT NOT NULL,
    result TEXT,
    completed_ms INTEGER,
    CHECK ((status = 'completed') = (result IS NOT NULL)),
    CHECK ((status = 'completed') = (completed_ms IS NOT NULL))
  ) STRICT;
  CREATE INDEX uploads_unfinished ON uploads (bucket, key, initiated_ms, upload_id)
    WHERE status <> 'completed';
  CREATE INDEX uploads_bucket ON uploads (bucket);

  CREATE TABLE parts (
    upload_id TEXT NOT NULL REFERENCES uploads ON DELETE CASCADE,
    part_number INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    checksums TEXT NOT NULL,
    file_name TEXT NOT NULL UNIQUE,
    PRIMARY KEY (upload_id, part_number)
  ) STRICT, WITHOUT ROWID;`,

  `CREATE TABLE bucket_configurations (
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (bucket, name)
  ) STRICT, WITHOUT ROWID;`,

  // Parts leave the records, where every read paid for them: 10,000 sizes at the worst. There they were
  // runs of [size, count].
  `CREATE TABLE object_parts (
    write_id INTEGER NOT NULL REFERENCES object_records ON DELETE CASCADE,
    part_number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    checksums TEXT NOT NULL,
    PRIMARY KEY (write_id, part_number)
  ) STRICT, WITHOUT ROWID;
  WITH RECURSIVE
    runs AS (
      SELECT write_id, run.key AS position,
        json_extract(run.value, '$[0]') AS size_bytes, json_extract(run.value, '$[1]') AS count
      FROM object_records, json_each(data, '$.partSizes') AS run
    ),
    placed AS (
      SELECT write_id, size_bytes, count,
        coalesce(sum(count) OVER before, 0) AS parts_before,
        coalesce(sum(size_bytes * count) OVER before, 0) AS bytes_before
      FROM runs
      WINDOW before AS (
        PARTITION BY write_id ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      )
    ),
    numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9999)
  INSERT INTO object_parts
    SELECT write_id, parts_before + n + 1, bytes_before + n * size_bytes, size_bytes, '{}'
    FROM placed JOIN numbers ON n < count;
  UPDATE object_records
    SET data = json_set(
      json_remove(data, '$.partSizes'),
      '$.partCount',
      (SELECT count(*) FROM object_parts WHERE write_id = object_records.write_id)
    )
    WHERE json_array_length(data, '$.partSizes') > 0;`,

  `CREATE TABLE folders (
    place TEXT NOT NULL PRIMARY KEY,
    entries INTEGER NOT NULL,
    has_irregular INTEGER NOT NULL CHECK (has_irregular IN (0, 1)),
    has_shards INTEGER NOT NULL CHECK (has_shards IN (0, 1)),
    learnt_ms INTEGER NOT NULL,
    changes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`,

  `CREATE TABLE leases (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    is_exclusive INTEGER NOT NULL CHECK (is_exclusive IN (0, 1)),
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (name, holder)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX leases_holder ON leases (holder);
  CREATE INDEX leases_end ON leases (expires_ms);`,

  `CREATE TABLE chores (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    held_until_ms INTEGER,
    done_ms INTEGER
  ) STRICT, WITHOUT ROWID;`,

  `CREATE TABLE bucket_usage (
    bucket TEXT NOT NULL PRIMARY KEY,
    counted_bytes INTEGER NOT NULL,
    counted_ms INTEGER NOT NULL,
    added_bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE bucket_writes (
    id TEXT NOT NULL PRIMARY KEY,
    bucket TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    begun_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX bucket_writes_bucket ON bucket_writes (bucket, begun_ms);`,

  `CREATE TABLE account (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    username TEXT NOT NULL
  ) STRICT;`,

  `CREATE TABLE listing_moments (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    last INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE listing_pages (
    name TEXT NOT NULL PRIMARY KEY CHECK (length(name) <= 64),
    moment INTEGER NOT NULL,
    pages INTEGER NOT NULL CHECK (pages > 0),
    since_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX listing_pages_since ON listing_pages (since_ms);`,

  // Until now changes were only counted, so what is there is as old as it was learnt.
  `CREATE INDEX folders_age ON folders (max(learnt_ms, changes));`,

  // Who is at a chore has a lease.
  `CREATE TABLE chores_done (
    name TEXT NOT NULL PRIMARY KEY,
    done_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO chores_done SELECT name, done_ms FROM chores WHERE done_ms IS NOT NULL;
  DROP TABLE chores;
  ALTER TABLE chores_done RENAME TO chores;`,

  // 0 is not known: of what is there already, and of what a process of an earlier version stages beside this one.
  'ALTER TABLE object_records ADD COLUMN staged_ms INTEGER NOT NULL DEFAULT 0;',

  `CREATE TABLE bucket_removals (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    count INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`,

  // Whoever holds a lease knows its names.
  'DROP INDEX leases_holder; DROP INDEX leases_end;',

  // `count` was of removals that had ended, and is of those that were begun.
  'ALTER TABLE bucket_removals ADD COLUMN open INTEGER NOT NULL DEFAULT 0;',

  `CREATE TABLE chore_positions (
    name TEXT NOT NULL PRIMARY KEY,
    position TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;`,
]

function migrate(database: DatabaseSync, file: string, steps: readonly string[]): void {
  if (versionOf(database) === steps.length) return
  inTransaction(database, () => {
    // Another process may have done it while this one waited for its turn.
    const version = versionOf(database)
    if (version > steps.length) {
      throw new Error(`${file} was written by a newer version of this program`)
    }
    for (const step of steps.slice(version)) database.exec(step)
    database.exec(`PRAGMA user_version = ${steps.length}`)
  })
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version)
}

/** SQLite gives its other files the mode of this one. */
function createForOwner(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    // NOTE: an existing file must not even be opened here: closing it would drop SQLite's locks on it.
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw error
  }
}
