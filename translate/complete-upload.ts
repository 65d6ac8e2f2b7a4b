// CompleteMultipartUpload: the parts, read one after another from the spool, become one object. They are
// given up only when Jottacloud has confirmed the whole; until then the call can be repeated.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type {
  CompleteMultipartUploadInput,
  CompleteMultipartUploadResult,
  RequestContext,
} from './bridge.ts'
import { commitWrite } from './commit-write.ts'
import { multipartEtag } from './etag.ts'
import { partNumberMax } from './limits.ts'
import { checkCompletion } from './part-rules.ts'
import { S3Error } from './s3-error.ts'
import type { Spool } from './spool.ts'
import type { PartRecord, UploadRecord } from './state/state.ts'
import { locationOf } from './stored-object.ts'
import { noSuchUpload, type UploadParts } from './uploads.ts'

export async function completeUpload(
  parts: UploadParts,
  upload: UploadRecord,
  input: CompleteMultipartUploadInput,
  context: RequestContext,
): Promise<CompleteMultipartUploadResult> {
  const root = await parts.buckets.root(input.bucket, context)
  // First, since from here on no part can be replaced.
  if (!(await parts.state.uploads.markCompleting(input.uploadId))) {
    throw noSuchUpload(input.uploadId)
  }
  try {
    const recorded = await parts.state.parts.list(input.uploadId, {
      afterPartNumber: 0,
      limit: partNumberMax,
    })
    const byNumber = new Map(recorded.map((part) => [part.partNumber, part]))
    const { parts: chosen, sizeBytes } = checkCompletion({
      uploadId: input.uploadId,
      requested: input.parts,
      findPart: (partNumber) => byNumber.get(partNumber),
    })
    const md5 = await md5OfParts(parts.spool, chosen, context.signal)
    const etag = parts.multipartEtag === 'md5' ? md5 : multipartEtag(chosen.map((part) => part.md5))
    const record = {
      bucket: input.bucket,
      key: input.key,
      md5,
      sizeBytes,
      metadata: upload.metadata,
      multipartEtag: etag === md5 ? undefined : etag,
      partSizesBytes: chosen.map((part) => part.sizeBytes),
      checksums: undefined,
    }
    const openContent = (offset: number): Readable => openParts(parts.spool, chosen, offset)
    const location = locationOf(root, input.key)
    await commitWrite(
      parts,
      location,
      { record, conditions: input.conditions, openContent },
      context,
    )
    const result = { etag, checksums: undefined }
    const now = new Date(parts.now())
    await parts.spool.removeParts(
      await parts.state.uploads.markCompleted(input.uploadId, result, now),
    )
    return result
  } catch (error) {
    await parts.state.uploads.markOpen(input.uploadId)
    throw error
  }
}

async function md5OfParts(
  spool: Spool,
  parts: readonly PartRecord[],
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('md5')
  for await (const chunk of readParts(spool, parts, 0)) {
    signal.throwIfAborted()
    hash.update(chunk)
  }
  return hash.digest('hex')
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
