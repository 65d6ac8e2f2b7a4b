// Multipart uploads: parts wait in the spool, and the completed whole is one upload to Jottacloud.
import { randomBytes } from 'node:crypto'
import type {
  CompleteMultipartUploadInput,
  CompleteMultipartUploadResult,
  CreateMultipartUploadInput,
  ListMultipartUploadsInput,
  ListMultipartUploadsResult,
  ListPartsInput,
  ListPartsResult,
  Part,
  RequestContext,
  UploadAddress,
  UploadPartInput,
  UploadPartResult,
} from './bridge.ts'
import type { Buckets } from './buckets.ts'
import { checksummedPart } from './checksummed-body.ts'
import type { WriteParts } from './commit-write.ts'
import { completeUpload, listDigest, resultFor, uploadLock } from './complete-upload.ts'
import { orAborted } from './key-locks.ts'
import { checkKey } from './key-path.ts'
import { listUploads } from './list-uploads.ts'
import { S3Error } from './s3-error.ts'
import type { Spool } from './spool.ts'
import type { PartRecord, UploadRecord } from './state/records.ts'

export type UploadParts = WriteParts & {
  readonly buckets: Buckets
  readonly spool: Spool
  readonly multipartEtag: 's3' | 'md5'
  /** Tells the operator of something that did not fail the request. */
  readonly warn: (message: string, cause: unknown) => void
}

export interface Uploads {
  /** Resolves when no completion is running. */
  settled(): Promise<void>
  create(
    input: CreateMultipartUploadInput,
    context: RequestContext,
  ): Promise<{ readonly uploadId: string }>
  uploadPart(input: UploadPartInput, context: RequestContext): Promise<UploadPartResult>
  complete(
    input: CompleteMultipartUploadInput,
    context: RequestContext,
  ): Promise<CompleteMultipartUploadResult>
  abort(input: UploadAddress, context: RequestContext): Promise<void>
  listParts(input: ListPartsInput, context: RequestContext): Promise<ListPartsResult>
  list(
    input: ListMultipartUploadsInput,
    context: RequestContext,
  ): Promise<ListMultipartUploadsResult>
}

export function createUploads(parts: UploadParts): Uploads {
  /** Upload id and list of parts -> the completion that runs in this process. */
  const completions = new Map<string, Promise<CompleteMultipartUploadResult>>()
  const { state, spool } = parts

  return {
    async settled() {
      await Promise.allSettled(completions.values())
    },

    async create(input, context) {
      await parts.buckets.place(input.bucket, context)
      // Refuses now what could not be stored at the end.
      checkKey(input.key)
      // Letters and digits alone: command lines take an id that begins with `-` for an option.
      const uploadId = randomBytes(24).toString('hex')
      await state.uploads.create({ ...input, uploadId, initiated: new Date(parts.now()) })
      return { uploadId }
    },

    async uploadPart(input, context) {
      const upload = await findUnfinished(parts, input, context)
      if (upload.status === 'completing') await takeBack(parts, input.uploadId)
      const body = await checksummedPart(upload, input.body)
      const spooled = await spool.receivePart(body, context.signal)
      const checksums = body.checksums()
      const record = {
        ...spooled,
        uploadId: input.uploadId,
        partNumber: input.partNumber,
        modified: new Date(parts.now()),
        checksums,
      }
      let replaced: string | undefined
      try {
        replaced = await state.parts.put(record)
      } catch (error) {
        await spool.removeParts([spooled.fileName])
        throw error
      }
      if (replaced !== undefined) await removeSpooled(parts, [replaced])
      return { etag: spooled.md5, modified: record.modified, checksums }
    },

    async complete(input, context) {
      const upload = await findUpload(parts, input, context)
      const done = resultFor(upload, input)
      if (done !== undefined) return done
      // One with another list waits for it, and then finds no upload any more.
      const name = `${input.uploadId} ${listDigest(input.parts)}`
      let completion = completions.get(name)
      if (completion === undefined) {
        const unbound = { ...context, signal: parts.stopSignal }
        completion = completeUpload(parts, upload, input, unbound).finally(() => {
          completions.delete(name)
        })
        completions.set(name, completion)
        // It goes on when whoever waits for it goes away, and may then fail with nobody to tell.
        completion.catch(() => {})
      }
      return await orAborted(completion, context.signal)
    },

    async abort(input, context) {
      await findUnfinished(parts, input, context)
      const files = await parts.locks.ifFree(uploadLock(input.uploadId), async () => {
        // Completed meanwhile, it is not there any more, and asking for that again finds the answer.
        await findUnfinished(parts, input, context)
        return await state.uploads.remove(input.uploadId)
      })
      if (files === undefined) throw beingCompleted()
      await removeSpooled(parts, files)
    },

    async listParts(input, context) {
      const upload = await findUnfinished(parts, input, context)
      const found = await state.parts.list(input.uploadId, {
        afterPartNumber: input.afterPartNumber,
        limit: input.maxParts + 1,
      })
      const page = found.slice(0, input.maxParts)
      const isTruncated = found.length > page.length
      return {
        parts: page.map(asPart),
        nextAfterPartNumber: isTruncated
          ? (page.at(-1)?.partNumber ?? input.afterPartNumber)
          : undefined,
        initiator: upload.initiator,
        storageClass: upload.storageClass ?? 'STANDARD',
        checksumAlgorithm: upload.checksumAlgorithm,
        checksumType: upload.checksumType,
      }
    },

    async list(input, context) {
      await parts.buckets.place(input.bucket, context)
      return await listUploads(state, input)
    },
  }
}

/** Throws NoSuchBucket, and NoSuchUpload also for an upload of another bucket or key. */
async function findUpload(
  { state, buckets }: UploadParts,
  address: UploadAddress,
  context: RequestContext,
): Promise<UploadRecord> {
  const upload = await state.uploads.find(address.uploadId)
  if (upload?.bucket === address.bucket && upload.key === address.key) return upload
  await buckets.place(address.bucket, context)
  throw noSuchUpload(address.uploadId)
}

async function findUnfinished(
  parts: UploadParts,
  address: UploadAddress,
  context: RequestContext,
): Promise<UploadRecord> {
  const upload = await findUpload(parts, address, context)
  if (upload.status === 'completed') throw noSuchUpload(address.uploadId)
  return upload
}

/** After a completion that was killed, the upload takes parts again. Throws OperationAborted while one is running. */
async function takeBack({ locks, state }: UploadParts, uploadId: string): Promise<void> {
  const isFree = await locks.ifFree(uploadLock(uploadId), async () => {
    await state.uploads.markOpen(uploadId)
    return true
  })
  if (isFree === undefined) throw beingCompleted()
}

function beingCompleted(): S3Error {
  return new S3Error('OperationAborted', { message: 'The upload is being completed. Try again.' })
}

/** Files that no record names any more: what cannot be removed now is swept later. */
export async function removeSpooled(
  parts: UploadParts,
  fileNames: readonly string[],
): Promise<void> {
  try {
    await parts.spool.removeParts(fileNames)
  } catch (error) {
    parts.warn('parts of an upload could not be removed from the spool', error)
  }
}

export function noSuchUpload(uploadId: string): S3Error {
  return new S3Error('NoSuchUpload', { elements: { UploadId: uploadId } })
}

function asPart(record: PartRecord): Part {
  return {
    partNumber: record.partNumber,
    sizeBytes: record.sizeBytes,
    etag: record.md5,
    modified: record.modified,
    checksums: record.checksums,
  }
}
