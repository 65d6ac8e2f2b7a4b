// Content on its way to a client, compared with what was announced. The last chunk is held back until
// everything before it has been judged: a client that got all bytes cannot be told afterwards.
import { createHash } from 'node:crypto'
import { pipeline, Readable, Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { isJottaError, toS3Error } from './jotta-error.ts'
import { S3Error } from './s3-error.ts'

/** Up to here content is held until all of it is known to be right: then another try is possible. */
const heldMaxBytes = 64 * 1024

/** Other bytes came than were announced: another version's, or spoilt ones. */
class ContentMismatch extends S3Error {
  constructor(what: string) {
    super('InternalError', { message: `The content from Jottacloud ${what}.` })
  }
}

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
      if (received > expected.sizeBytes) return done(new ContentMismatch('is longer than it was'))
      hash?.update(chunk)
      const ready = held
      held = chunk
      if (ready === undefined) done()
      else done(null, ready)
    },
    flush(done) {
      if (received !== expected.sizeBytes) return done(new ContentMismatch('ended early'))
      if (hash !== undefined && hash.digest('hex') !== expected.md5) {
        return done(new ContentMismatch('does not have the MD5 it was announced with'))
      }
      if (expected.isCurrent === undefined) return done(null, held)
      expected.isCurrent.then(
        (isCurrent) =>
          done(isCurrent ? null : new ContentMismatch('changed while it was read'), held),
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

/** Verified content, which fails here, before anybody was told of it, when it is small. */
export async function heldIfSmall(verified: Readable, sizeBytes: number): Promise<Readable> {
  if (sizeBytes > heldMaxBytes) return verified
  return Readable.from(await buffer(verified), { objectMode: false })
}

/** Whether content may have failed because it was written over since it was found: a range may not even be in it any more. */
export function mayBeWrittenOver(error: unknown): boolean {
  if (error instanceof ContentMismatch) return true
  const cause = error instanceof S3Error ? error.cause : error
  return isJottaError(cause, 'changed') || isJottaError(cause, 'range')
}
