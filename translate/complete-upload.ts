// CompleteMultipartUpload: the parts, read one after another from the spool, become one object. They are
// given up only when Jottacloud has confirmed the whole; until then the call can be repeated.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type {
  ChecksumAlgorithm,
  Checksums,
  CompleteMultipartUploadInput,
  CompleteMultipartUploadResult,
  RequestContext,
} from './bridge.ts'
import {
  type Checksum,
  checksumAlgorithms,
  compositeChecksum,
  createChecksum,
  defaultChecksumType,
} from './checksum.ts'
import { commitWrite, type HeldContext } from './commit-write.ts'
import { multipartEtag } from './etag.ts'
import { partNumberMax } from './limits.ts'
import { labelsOf } from './object-tags.ts'
import { checkCompletion } from './part-rules.ts'
import { S3Error } from './s3-error.ts'
import type { Spool } from './spool.ts'
import type { PartRecord, UploadRecord } from './state/records.ts'
import { noSuchUpload, removeSpooled, type UploadParts } from './uploads.ts'

/** Held while an upload is completed; what that takes away waits for it. A completion that was killed holds it no longer. */
export function uploadLock(uploadId: string): string {
  return `upload ${uploadId}`
}

/** One completion of an upload at a time, in all processes: another one finds it done. */
export async function completeUpload(
  parts: UploadParts,
  upload: UploadRecord,
  input: CompleteMultipartUploadInput,
  context: RequestContext,
): Promise<CompleteMultipartUploadResult> {
  return await parts.locks.withLock(uploadLock(input.uploadId), context, (lock) => {
    const signal = AbortSignal.any([context.signal, lock.lost])
    return completeAlone(parts, upload, input, {
      ...context,
      check: lock.check,
      lost: lock.lost,
      signal,
    })
  })
}

async function completeAlone(
  parts: UploadParts,
  upload: UploadRecord,
  input: CompleteMultipartUploadInput,
  context: HeldContext,
): Promise<CompleteMultipartUploadResult> {
  const place = await parts.buckets.place(input.bucket, context)
  // First, since from here on no part can be replaced.
  if (!(await parts.state.uploads.markCompleting(input.uploadId))) {
    return await resultOfAnother(parts, input, noSuchUpload(input.uploadId))
  }
  try {
    checkType(upload, input.checksumType)
    const recorded = await parts.state.parts.list(input.uploadId, {
      afterPartNumber: 0,
      limit: partNumberMax,
    })
    const byNumber = new Map(recorded.map((part) => [part.partNumber, part]))
    const { parts: chosen, sizeBytes } = checkCompletion({
      uploadId: input.uploadId,
      requested: input.parts,
      findPart: (partNumber) => byNumber.get(partNumber),
      required: checksumTypeOf(upload) === 'COMPOSITE' ? upload.checksumAlgorithm : undefined,
    })
    checkSize(input, sizeBytes)
    const { md5, checksums } = await digestParts(parts.spool, upload, input, chosen, context.signal)
    const etag = parts.multipartEtag === 'md5' ? md5 : multipartEtag(chosen.map((part) => part.md5))
    const record = {
      bucket: input.bucket,
      key: input.key,
      md5,
      sizeBytes,
      metadata: upload.metadata,
      multipartEtag: etag === md5 ? undefined : etag,
      parts: chosen.map((part) => ({ sizeBytes: part.sizeBytes, checksums: part.checksums })),
      checksums,
      ...labelsOf(upload),
    }
    const openContent = (offset: number): Readable => openParts(parts.spool, chosen, offset)
    await commitWrite(parts, place, { record, conditions: input.conditions, openContent }, context)
    const result = { etag, checksums, list: listDigest(input.parts) }
    const now = new Date(parts.now())
    await removeSpooled(parts, await parts.state.uploads.markCompleted(input.uploadId, result, now))
    return { etag, checksums, stored: { sizeBytes, tags: upload.tags ?? [] } }
  } catch (error) {
    await reopen(parts, input.uploadId, context)
    return await resultOfAnother(parts, input, error)
  }
}

/** Unless the lock was lost: then the upload may be another completion's by now, or be reopened by a part. */
async function reopen(
  { state, warn }: UploadParts,
  uploadId: string,
  { check }: HeldContext,
): Promise<void> {
  const isHeld = await check().then(
    () => true,
    (error: unknown) => {
      warn('an upload whose completion failed takes no parts until it is asked for again', error)
      return false
    },
  )
  if (isHeld) await state.uploads.markOpen(uploadId)
}

/** Of two processes that complete one upload at once, the slower finds its parts gone. */
async function resultOfAnother(
  parts: UploadParts,
  input: CompleteMultipartUploadInput,
  failure: unknown,
): Promise<CompleteMultipartUploadResult> {
  const upload = await parts.state.uploads.find(input.uploadId)
  const result = upload && resultFor(upload, input)
  if (result === undefined) throw failure
  return result
}

/**
 * What an upload was completed with; `undefined` when it is not completed. Throws NoSuchUpload for another list of
 * parts than it was: that object was never made.
 */
export function resultFor(
  { uploadId, result }: UploadRecord,
  input: Pick<CompleteMultipartUploadInput, 'parts'>,
): CompleteMultipartUploadResult | undefined {
  if (result === undefined) return undefined
  const { etag, checksums, list } = result
  if (list !== undefined && list !== listDigest(input.parts)) throw noSuchUpload(uploadId)
  return { etag, checksums }
}

export function listDigest(parts: CompleteMultipartUploadInput['parts']): string {
  const hash = createHash('sha256')
  for (const { partNumber, etag } of parts) hash.update(`${JSON.stringify([partNumber, etag])}\n`)
  return hash.digest('base64')
}

function checkSize(input: CompleteMultipartUploadInput, sizeBytes: number): void {
  if (input.sizeBytes === undefined || input.sizeBytes === sizeBytes) return
  throw new S3Error('InvalidRequest', {
    message: `The parts make an object of ${sizeBytes} bytes, and the request expects ${input.sizeBytes}.`,
  })
}

/** Reads all parts once. Throws BadDigest when a checksum that the request expects is another. */
async function digestParts(
  spool: Spool,
  upload: UploadRecord,
  input: CompleteMultipartUploadInput,
  parts: readonly PartRecord[],
  signal: AbortSignal,
): Promise<{ readonly md5: string; readonly checksums: Checksums | undefined }> {
  const algorithm = upload.checksumAlgorithm
  const type = checksumTypeOf(upload)
  const composite =
    algorithm && type === 'COMPOSITE'
      ? await compositeChecksum(
          algorithm,
          parts.map((part) => part.checksums),
        )
      : undefined
  const expected = checksumAlgorithms.flatMap((name) => {
    const value = input.checksums?.[name]
    return value === undefined ? [] : [{ name, value }]
  })
  const running = new Map<ChecksumAlgorithm, Checksum>()
  const ofWhole = expected.filter(({ value }) => !value.includes('-')).map(({ name }) => name)
  if (algorithm !== undefined && type === 'FULL_OBJECT') ofWhole.push(algorithm)
  for (const name of ofWhole) running.set(name, await createChecksum(name))
  const hash = createHash('md5')
  for await (const chunk of readParts(spool, parts, 0)) {
    signal.throwIfAborted()
    hash.update(chunk)
    for (const checksum of running.values()) checksum.update(chunk)
  }
  const whole = new Map([...running].map(([name, sum]) => [name, sum.digest().toString('base64')]))
  for (const { name, value } of expected) {
    // Clients also write a composite checksum without its number of parts.
    const ofParts = name === algorithm ? composite : undefined
    if (value === whole.get(name) || value === ofParts) continue
    if (ofParts !== undefined && value === ofParts.split('-', 1)[0]) continue
    throw new S3Error('BadDigest', {
      message: `The ${name} you specified did not match the calculated checksum.`,
    })
  }
  const value = composite ?? (algorithm && whole.get(algorithm))
  const checksums =
    algorithm === undefined || type === undefined || value === undefined
      ? undefined
      : { type, values: { [algorithm]: value } }
  return { md5: hash.digest('hex'), checksums }
}

function checksumTypeOf(upload: UploadRecord): Checksums['type'] | undefined {
  const { checksumAlgorithm: algorithm, checksumType: type } = upload
  return algorithm && (type ?? defaultChecksumType(algorithm))
}

/** A client that says which type it completes must mean the one it began. */
function checkType(upload: UploadRecord, wanted: Checksums['type'] | undefined): void {
  const type = checksumTypeOf(upload)
  if (wanted === undefined || wanted === type) return
  throw new S3Error('InvalidRequest', {
    message: `The upload was created using the ${type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
  })
}

/** The concatenation of the parts from an offset on. */
function openParts(spool: Spool, parts: readonly PartRecord[], offset: number): Readable {
  return Readable.from(readParts(spool, parts, offset), { objectMode: false })
}

async function* readParts(
  spool: Spool,
  parts: readonly PartRecord[],
  offset: number,
): AsyncGenerator<Buffer> {
  let skip = offset
  for (const part of parts) {
    if (skip >= part.sizeBytes) {
      skip -= part.sizeBytes
      continue
    }
    let read = skip
    for await (const chunk of spool.openPart(part.fileName, skip)) {
      read += chunk.length
      yield chunk
    }
    if (read !== part.sizeBytes) {
      throw new S3Error('InternalError', {
        message: `Part ${part.partNumber} in the spool does not have its recorded size.`,
      })
    }
    skip = 0
  }
}
