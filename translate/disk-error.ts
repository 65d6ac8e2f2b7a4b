// The one place where a failure of this machine's disk becomes an S3 error, whether the system tells of it or
// SQLite, which keeps the state. Nothing is lost by one: what could not be noted is refused.
import { S3Error } from './s3-error.ts'

const fullCodes = new Set<unknown>(['ENOSPC', 'EDQUOT'])
/** https://www.sqlite.org/rescode.html; the extended codes have these in their lowest byte. */
const sqliteFull = 13
const sqliteIoError = 10

/** `undefined` for what is no failure of the disk. */
export function toDiskError(error: unknown): S3Error | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? error.code : undefined
  const sqlite = 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  if (fullCodes.has(code) || sqlite === sqliteFull) return diskFull(error)
  if (code !== 'EIO' && sqlite !== sqliteIoError) return undefined
  return new S3Error('ServiceUnavailable', {
    message:
      "The disk of this server's data folder cannot be read or written. Its operator must look at the log and at the disk; try again later.",
    cause: error,
  })
}

export function diskFull(cause?: unknown): S3Error {
  return new S3Error('SlowDown', {
    message:
      "The disk of this server's data folder is full. Its operator must free space there or give it more; try again later.",
    cause,
  })
}
