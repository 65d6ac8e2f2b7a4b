// The one place where a failure of this machine's disk becomes an S3 error, whether the system tells of it or
// SQLite, which keeps the state. Nothing is lost by one: what could not be noted is refused. What only a mistake of
// this program brings about is not among them.
import { S3Error, type S3ErrorCode } from './s3-error.ts'

type Told = {
  readonly code: S3ErrorCode
  readonly message: string
  /** For what passes by itself. */
  readonly retryAfterSeconds?: number
}

const full: Told = {
  code: 'SlowDown',
  message:
    "The disk of this server's data folder is full. Its operator must free space there or give it more; try again later.",
}
const failing: Told = {
  code: 'ServiceUnavailable',
  message:
    "The disk of this server's data folder cannot be read or written. Its operator must look at the log and at the disk; try again later.",
}
const locked: Told = {
  code: 'ServiceUnavailable',
  message:
    "Another program keeps a database in this server's data folder locked. Try again; if that does not help, its operator must look for a backup or another program that has it open.",
  retryAfterSeconds: 5,
}
const readOnly: Told = {
  code: 'ServiceUnavailable',
  message:
    "This server's data folder cannot be written to. Its operator must look whether the disk is mounted read-only, and whether the files there belong to the server's user; try again later.",
}
const unopenable: Told = {
  code: 'ServiceUnavailable',
  message:
    "A database in this server's data folder cannot be opened. Its operator must look whether it is still there, whether the server's user may open it, and whether too many files are open; try again later.",
}
const damaged: Told = {
  code: 'ServiceUnavailable',
  message:
    "A database in this server's data folder is damaged. Its operator must stop the server, look at the log and at the disk, and put a backup in its place.",
}

const bySystemCode: ReadonlyMap<unknown, Told> = new Map([
  ['ENOSPC', full],
  ['EDQUOT', full],
  ['EIO', failing],
  ['EROFS', readOnly],
])

/**
 * By primary result code (https://www.sqlite.org/rescode.html). SQLITE_LOCKED is not here: that is a conflict within
 * one connection, which is this program's own.
 */
const bySqliteCode: ReadonlyMap<number, Told> = new Map([
  // SQLITE_BUSY, for longer than the timeout of the connection.
  [5, locked],
  // SQLITE_READONLY
  [8, readOnly],
  // SQLITE_IOERR
  [10, failing],
  // SQLITE_CORRUPT
  [11, damaged],
  // SQLITE_FULL
  [13, full],
  // SQLITE_CANTOPEN
  [14, unopenable],
  // SQLITE_PROTOCOL: so many others were at the lock that there was no turn.
  [15, locked],
  // SQLITE_NOTADB
  [26, damaged],
])
/** SQLITE_BUSY_SNAPSHOT: a transaction of ours that read before it wrote, without having said that it would write. */
const busySnapshot = 517

/** `undefined` for what is no failure of the disk. */
export function toDiskError(error: unknown): S3Error | undefined {
  if (!(error instanceof Error)) return undefined
  const told =
    'errcode' in error
      ? ofSqlite(Number(error.errcode))
      : bySystemCode.get('code' in error ? error.code : undefined)
  return told && asError(told, error)
}

export function diskFull(cause?: unknown): S3Error {
  return asError(full, cause)
}

function ofSqlite(errcode: number): Told | undefined {
  // Extended codes have the primary one in their lowest byte.
  return errcode === busySnapshot ? undefined : bySqliteCode.get(errcode & 0xff)
}

function asError({ code, ...told }: Told, cause: unknown): S3Error {
  return new S3Error(code, { ...told, cause })
}
