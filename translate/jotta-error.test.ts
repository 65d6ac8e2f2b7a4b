import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError } from '../jotta/jotta-error.ts'
import { toS3Error } from './jotta-error.ts'
import { S3Error } from './s3-error.ts'
import { openDatabase } from './state/sqlite-database.ts'
import { createObjects } from './state/sqlite-objects.ts'

const test = suite('failures of Jottacloud and of the disk')

test('what Jottacloud asks its callers to wait is handed on, in whole seconds', () => {
  const cases: [retryAfterMs: number | undefined, seconds: number | undefined][] = [
    [undefined, undefined],
    [0, 0],
    [1, 1],
    [7000, 7],
    [7001, 8],
  ]
  for (const [retryAfterMs, seconds] of cases) {
    const error = toS3Error(new JottaError('throttled', 'secret words', { retryAfterMs }))
    assert.instance(error, S3Error)
    const { code, status, message, retryAfterSeconds } = error as S3Error
    assert.equal([code, status, retryAfterSeconds], ['SlowDown', 503, seconds])
    assert.not.match(message, 'secret')
  }
})

test("what is none of Jottacloud's stays as it is", () => {
  const error = new TypeError('a mistake of ours')
  assert.is(toS3Error(error), error)
})

test('a full disk is told as such, by SQLite in its own words', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jotta-error-'))
  const database = openDatabase(join(folder, 'state.db'))
  const objects = createObjects(database)
  database.exec('PRAGMA max_page_count = 1')
  const user = { long: 'x'.repeat(100_000) }
  const record = { bucket: 'b', key: 'k', md5: '', sizeBytes: 0, metadata: { user } }
  const failure = await objects
    .stage({ ...record, multipartEtag: undefined, checksums: undefined })
    .catch(toS3Error)
  database.close()
  await rm(folder, { recursive: true })
  assert.instance(failure, S3Error)
  const { code, status, message } = failure as S3Error
  assert.equal([code, status], ['SlowDown', 503])
  assert.match(message, /free space/)
})

test('other failures of the disk say what the operator must do, and not what failed', () => {
  const cases: [failure: Record<string, unknown>, code: string | undefined][] = [
    [{ code: 'ENOSPC' }, 'SlowDown'],
    [{ code: 'EDQUOT' }, 'SlowDown'],
    [{ code: 'EIO' }, 'ServiceUnavailable'],
    // SQLITE_IOERR_FSYNC
    [{ code: 'ERR_SQLITE_ERROR', errcode: 1034 }, 'ServiceUnavailable'],
    // SQLITE_CONSTRAINT
    [{ code: 'ERR_SQLITE_ERROR', errcode: 19 }, undefined],
    [{ code: 'ENOENT' }, undefined],
  ]
  for (const [failure, code] of cases) {
    const cause = Object.assign(new Error('/secret/path'), failure)
    const error = toS3Error(cause)
    assert.is(error instanceof S3Error ? error.code : undefined, code)
    if (error instanceof S3Error) assert.not.match(error.message, 'secret')
  }
})

test.run()
