// Failures of the disk as SQLite itself tells them, brought about with real files wherever that can be done.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toS3Error } from './jotta-error.ts'
import { S3Error } from './s3-error.ts'
import { openDatabase } from './state/sqlite-database.ts'
import { createObjects } from './state/sqlite-objects.ts'
import { Turns } from './state/sqlite-turns.ts'

const test = suite('failures of the disk')

type Stage = (metadataLength?: number) => Promise<unknown>

/** `stage` notes a write, whose metadata is so long, and gives what it fails with. */
async function withState(
  act: (state: { database: DatabaseSync; file: string; stage: Stage }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'disk-error-'))
  const file = join(folder, 'state.db')
  const database = openDatabase(file)
  const objects = createObjects(database, new Turns(database, 0))
  const stage: Stage = async (length = 10) => {
    const user = { long: 'x'.repeat(length) }
    const record = { bucket: 'b', key: 'k', md5: '', sizeBytes: 0, metadata: { user } }
    return await objects
      .stage({ ...record, multipartEtag: undefined, checksums: undefined })
      .then(() => undefined, toS3Error)
  }
  try {
    await act({ database, file, stage })
  } finally {
    database.close()
    await rm(folder, { recursive: true })
  }
}

function expectTold(failure: unknown, code: string, message: RegExp): S3Error {
  assert.instance(failure, S3Error)
  const told = failure as S3Error
  assert.equal([told.code, told.status], [code, 503])
  assert.match(told.message, message)
  assert.instance(told.cause, Error)
  return told
}

test('a full one asks for space', () =>
  withState(async ({ database, stage }) => {
    database.exec('PRAGMA max_page_count = 1')
    expectTold(await stage(100_000), 'SlowDown', /free space/)
  }))

test('a lock that another program holds for too long is told with when to try again, and then all is well', () =>
  withState(async ({ file, stage }) => {
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    const told = expectTold(await stage(), 'ServiceUnavailable', /locked.*backup/)
    assert.is(told.retryAfterSeconds, 5)
    other.exec('ROLLBACK')
    other.close()
    assert.is(await stage(), undefined)
  }))

test('one that may only be read says so', () =>
  withState(async ({ database, stage }) => {
    database.exec('PRAGMA query_only = 1')
    expectTold(await stage(), 'ServiceUnavailable', /mounted read-only/)
    database.exec('PRAGMA query_only = 0')
    assert.is(await stage(), undefined)
  }))

test('a damaged database asks for a backup', () =>
  withState(async ({ database, file, stage }) => {
    await stage(100_000)
    database.exec('PRAGMA wal_checkpoint = TRUNCATE')
    const raw = await open(file, 'r+')
    const { size } = await raw.stat()
    await raw.write(Buffer.alloc(size - 4096, 0xff), 0, size - 4096, 4096)
    await raw.close()
    const other = new DatabaseSync(file)
    const failure = failureOf(() => other.prepare('SELECT * FROM object_records').all())
    expectTold(toS3Error(failure), 'ServiceUnavailable', /damaged.*backup/)
    other.close()
    // All of it.
    const whole = await open(file, 'r+')
    await whole.write(Buffer.alloc(size, 'x'), 0, size, 0)
    await whole.close()
    const third = new DatabaseSync(file)
    const noDatabase = failureOf(() => third.prepare('SELECT * FROM object_records').all())
    expectTold(toS3Error(noDatabase), 'ServiceUnavailable', /damaged.*backup/)
    third.close()
  }))

test('one that cannot be opened says what to look at', () =>
  withState(async ({ file }) => {
    const failure = failureOf(() => new DatabaseSync(join(file, 'in a file')))
    expectTold(toS3Error(failure), 'ServiceUnavailable', /still there/)
  }))

test('mistakes of this program stay what they are', () =>
  withState(async ({ database, file, stage }) => {
    await stage()
    await stage()
    const insert = 'INSERT INTO chores (name, done_ms) VALUES (?, ?)'
    const twice = failureOf(() => {
      for (const ms of [1, 2]) database.prepare(insert).run('name', ms)
    })
    const ofAnotherType = failureOf(() => database.prepare(insert).run('other', 'no number'))
    const inNoLanguage = failureOf(() => database.exec('no SQL'))

    // What was read is no longer so when it is written.
    const other = new DatabaseSync(file)
    database.exec('BEGIN')
    database.prepare('SELECT * FROM chores').all()
    other.exec('DELETE FROM object_records')
    const late = failureOf(() => database.exec('DELETE FROM chores'))
    database.exec('ROLLBACK')
    other.close()

    const reading = database.prepare('SELECT * FROM chores').iterate()
    reading.next()
    const ownConflict = failureOf(() => database.exec('DROP TABLE chores'))
    reading.return?.()

    const codes = [twice, ofAnotherType, inNoLanguage, late, ownConflict].map(
      (error) => 'errcode' in error && Number(error.errcode),
    )
    // CONSTRAINT_PRIMARYKEY, CONSTRAINT_DATATYPE, ERROR, BUSY_SNAPSHOT, LOCKED
    assert.equal(codes, [1555, 3091, 1, 517, 6])
    for (const error of [twice, ofAnotherType, inNoLanguage, late, ownConflict]) {
      assert.is(toS3Error(error), error)
    }
  }))

test('codes that no file here can bring about are told too, and never in the words of the system', () => {
  const cases: [failure: Record<string, unknown>, code: string | undefined][] = [
    [{ code: 'ENOSPC' }, 'SlowDown'],
    [{ code: 'EDQUOT' }, 'SlowDown'],
    [{ code: 'EIO' }, 'ServiceUnavailable'],
    [{ code: 'EROFS' }, 'ServiceUnavailable'],
    // SQLITE_IOERR_FSYNC, SQLITE_BUSY_RECOVERY, SQLITE_READONLY_DBMOVED, SQLITE_PROTOCOL
    [{ code: 'ERR_SQLITE_ERROR', errcode: 1034 }, 'ServiceUnavailable'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 261 }, 'ServiceUnavailable'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 1032 }, 'ServiceUnavailable'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 15 }, 'ServiceUnavailable'],
    // SQLITE_MISUSE
    [{ code: 'ERR_SQLITE_ERROR', errcode: 21 }, undefined],
    [{ code: 'ENOENT' }, undefined],
  ]
  for (const [failure, code] of cases) {
    const error = toS3Error(Object.assign(new Error('/secret/path'), failure))
    assert.is(error instanceof S3Error ? error.code : undefined, code, JSON.stringify(failure))
    if (error instanceof S3Error) assert.not.match(error.message, 'secret')
  }
})

function failureOf(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    assert.instance(error, Error)
    return error as Error
  }
  throw new Error('it did not fail')
}

test.run()
