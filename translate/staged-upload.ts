// A large body whose MD5 the client announced goes straight to Jottacloud, without a stop on the bridge's
// disk. It goes to a place of its own first: Jottacloud may complete a file as soon as it hears an MD5 it
// knows, before a byte of the body has arrived, let alone been verified. The key is written from there,
// without moving bytes, once the whole request has proved true.
import { createHash, randomUUID } from 'node:crypto'
import { type Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Location } from '../jotta/client.ts'
import { placeName } from '../jotta/path.ts'
import type { Conditions, ObjectBody, RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { explainMissing } from './commit-write.ts'
import { isJottaError } from './jotta-error.ts'
import { RESERVED_FOLDER } from './key-path.ts'
import { childOf } from './location.ts'
import { wholeSecond } from './object-time.ts'
import type { ObjectParts } from './objects.ts'
import { S3Error } from './s3-error.ts'

/** A verified body that lies in the bridge's own folder of the bucket until it is disposed of. */
export type StagedContent = {
  readonly location: Location
  readonly sizeBytes: number
  readonly md5: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Staged files of a process that was killed are removed by the next one, this long after. */
const abandonedAfterMs = 24 * 60 * 60_000
/** How long bodies are spooled after a send was cut. */
const pausedForMs = 10 * 60_000
/** For the removal, which must also happen when the request was aborted. */
const cleanUpTimeoutMs = 60_000

/** Decides which bodies go straight through; a slot is held until it is disposed of. */
export interface StagingSlots {
  tryTake(
    body: ObjectBody,
    conditions: Conditions,
  ): (Disposable & { readonly body: ObjectBody & { readonly md5: string } }) | undefined
  /** True once for each bucket: then what killed processes left there is removed. */
  isFirstUse(root: Location): boolean
  /**
   * A send was cut, and what goes straight through cannot go on where it was: for a while bodies are
   * spooled, so that the client's next try is not cut in the same way.
   */
  pause(): void
}

/**
 * Bodies over `minBytes` with an MD5, `count` at once: a body that waits for its turn to be sent is not
 * read, and its client must not wait long. Never a write that must not replace anything, since only a
 * direct upload can ask Jottacloud to refuse that.
 */
export function createStagingSlots(options: {
  readonly minBytes: number
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): StagingSlots {
  let taken = 0
  let pausedUntilMs = Number.NEGATIVE_INFINITY
  const used = new Set<string>()
  return {
    isFirstUse(root) {
      const name = placeName(root)
      const isFirst = !used.has(name)
      used.add(name)
      return isFirst
    },
    pause() {
      pausedUntilMs = options.now() + pausedForMs
    },
    tryTake(body, conditions) {
      const { md5 } = body
      if (md5 === undefined || body.sizeBytes <= options.minBytes) return undefined
      // Jottacloud wants to know the size before the first byte.
      if (body.sizeIs === 'at-most') return undefined
      if (conditions.ifNoneMatch !== undefined || taken >= options.count) return undefined
      if (options.now() < pausedUntilMs) return undefined
      taken += 1
      return {
        body: { ...body, md5 },
        [Symbol.dispose]() {
          taken -= 1
        },
      }
    },
  }
}

export async function stageBody(
  parts: ObjectParts,
  { bucket, root }: Pick<BucketPlace, 'bucket' | 'root'>,
  body: ObjectBody & { readonly md5: string },
  request: RequestContext,
): Promise<StagedContent> {
  const location = childOf(stagingFolder(root), randomUUID())
  // So that the bucket is not removed meanwhile, and made again by this.
  await using entered = await parts.guard.enter(location, request.signal)
  const context = { ...request, signal: AbortSignal.any([request.signal, entered.lost]) }
  await parts.buckets.confirm(bucket, context)
  const remove = async (): Promise<void> => {
    const signal = AbortSignal.timeout(cleanUpTimeoutMs)
    try {
      await parts.jotta.removeFile(location, 'permanent', { ...context, signal })
    } catch (error) {
      parts.warn('a staged upload could not be removed', error)
    }
  }
  if (parts.stagingSlots.isFirstUse(root)) await sweepStaging(parts, root, context)
  const verifying = verifyingBody(body, context.signal)
  try {
    const time = wholeSecond(parts.now())
    await parts.jotta.upload(
      location,
      {
        sizeBytes: body.sizeBytes,
        md5: body.md5,
        created: time,
        modified: time,
        onExisting: 'reject',
        openContent: verifying.openContent,
      },
      context,
    )
    // Jottacloud has the bytes; the request must also have ended as it announced.
    await verifying.finish()
  } catch (error) {
    verifying.abandon(error)
    if (verifying.wasCut()) parts.stagingSlots.pause()
    await remove()
    throw verifying.failure() ?? (await explainMissing(parts.jotta, root, error, context))
  }
  return { location, sizeBytes: body.sizeBytes, md5: body.md5, [Symbol.asyncDispose]: remove }
}

/** Removes what killed processes left in a bucket. What stays is tried again by the next process. */
async function sweepStaging(
  parts: ObjectParts,
  root: Location,
  context: RequestContext,
): Promise<void> {
  const folder = stagingFolder(root)
  const abandonedBefore = parts.now() - abandonedAfterMs
  try {
    for await (const entry of parts.jotta.list(folder, context)) {
      if (entry.kind !== 'file' || entry.deleted) continue
      const time = (entry.current ?? entry.latest)?.modified
      if (time === undefined || time.getTime() > abandonedBefore) continue
      const location = childOf(folder, entry.name)
      await parts.jotta.removeFile(location, 'permanent', context)
    }
  } catch (error) {
    context.signal.throwIfAborted()
    // Usually nothing was ever staged here.
    if (!isJottaError(error, 'not-found'))
      parts.warn('old staged uploads could not be removed', error)
  }
}

function stagingFolder(root: Location): Location {
  return { ...root, path: [...root.path, RESERVED_FOLDER, 'staging'] }
}

type VerifyingBody = {
  openContent(offset: number): Readable
  /** Reads what is left; throws unless the whole body came and had its MD5. */
  finish(): Promise<void>
  abandon(reason: unknown): void
  /** What was wrong with the body itself, rather than with its storing. */
  failure(): S3Error | undefined
  /** It was asked for a second time. */
  wasCut(): boolean
}

function verifyingBody(body: ObjectBody & { md5: string }, signal: AbortSignal): VerifyingBody {
  const hash = createHash('md5')
  let failure: S3Error | undefined
  let opened = false
  let cut = false
  let skip = 0
  let held: Buffer | undefined
  const passing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      const kept = chunk.subarray(Math.min(skip, chunk.length))
      skip -= chunk.length - kept.length
      const ready = held
      held = kept
      if (ready === undefined || ready.length === 0) done()
      else done(null, ready)
    },
    // The last bytes go out only when the request has ended well, so that this end is Jottacloud's too.
    flush(done) {
      const md5 = hash.digest('hex')
      if (md5 === body.md5) return done(null, held)
      done(
        new S3Error('BadDigest', {
          message: 'The Content-MD5 that you sent did not match the content that was received.',
          elements: { ExpectedDigest: body.md5, CalculatedDigest: md5 },
        }),
      )
    },
  })
  // Abandoned before anybody reads it, its end must not end the process.
  passing.on('error', () => {})
  const start = (): Promise<void> =>
    pipeline(body.stream, passing, { signal }).catch((error: unknown) => {
      if (error instanceof S3Error) failure = error
      throw error
    })
  let arrival: Promise<void> | undefined

  return {
    openContent(offset) {
      // The bytes are gone once they were sent: only the client can send them again.
      if (opened) {
        cut = true
        throw new S3Error('ServiceUnavailable', {
          message: 'Jottacloud broke off while it received the body. Send it again.',
        })
      }
      opened = true
      skip = offset
      arrival = start()
      // Whoever reads the stream, or finish(), sees the failure.
      arrival.catch(() => {})
      return passing
    },
    async finish() {
      if (arrival !== undefined) return await arrival
      // Jottacloud has this content already. The request must hold true all the same.
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
      arrival = start()
      await Promise.all([arrival, pipeline(passing, nowhere)])
    },
    abandon(reason) {
      passing.destroy(reason instanceof Error ? reason : new Error('abandoned'))
    },
    failure: () => failure,
    wasCut: () => cut,
  }
}
