// Content on its way to a client, compared with what was announced. The last chunk is held back until
// everything before it has been judged: a client that got all bytes cannot be told afterwards.
import { createHash } from 'node:crypto'
import { pipeline, type Readable, Transform } from 'node:stream'
import { toS3Error } from './jotta-error.ts'
import { S3Error } from './s3-error.ts'

/**
 * Fails, before the end and as S3Error, when the bytes are not exactly so many, do not have this MD5, or `isCurrent`
 * says that they may be another version's: for what has no MD5 of its own. A failure of Jottacloud becomes an S3Error.
 */
export function verifiedContent(
  source: Readable,
  expected: {
    readonly sizeBytes: number
    readonly md5?: string
    readonly isCurrent?: Promise<boolean>
  },
): Readable {
  const hash = expected.md5 === undefined ? undefined : createHash('md5')
  let held: Buffer | undefined
  let received = 0
  const verifying = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      if (received > expected.sizeBytes) return done(mismatch('is longer than it was'))
      hash?.update(chunk)
      const ready = held
      held = chunk
      if (ready === undefined) done()
      else done(null, ready)
    },
    flush(done) {
      if (received !== expected.sizeBytes) return done(mismatch('ended early'))
      if (hash !== undefined && hash.digest('hex') !== expected.md5) {
        return done(mismatch('does not have the MD5 it was announced with'))
      }
      if (expected.isCurrent === undefined) return done(null, held)
      expected.isCurrent.then(
        (isCurrent) => done(isCurrent ? null : mismatch('changed while it was read'), held),
        done,
      )
    },
    destroy(error, done) {
      const told = toS3Error(error)
      done(told instanceof Error ? told : error)
    },
  })
  return pipeline(source, verifying, (error) => {
    // The reader gets every error through `verifying`; only a source that fails before anything
    // was read has nobody else to tell it.
    if (error != null && !verifying.destroyed) verifying.destroy(error)
  })
}

function mismatch(what: string): S3Error {
  return new S3Error('InternalError', { message: `The content from Jottacloud ${what}.` })
}
