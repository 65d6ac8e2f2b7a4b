// CopyObject without moving bytes: Jottacloud makes the destination from the source's MD5 and size.
import { Readable } from 'node:stream'
import type { Location } from '../jotta/client.ts'
import { JottaError } from '../jotta/jotta-error.ts'
import type { FileEntry } from '../jotta/wire.ts'
import type {
  ChecksumAlgorithm,
  Checksums,
  Conditions,
  CopyObjectInput,
  CopyObjectResult,
  ObjectInfo,
  ObjectLabels,
  ObjectMetadata,
  RequestContext,
} from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { checksumOf } from './checksum.ts'
import { commitRecord, commitWrite, type WriteParts, withTarget } from './commit-write.ts'
import { checkKey } from './key-path.ts'
import { copyObjectSizeMaxBytes } from './limits.ts'
import { modifiedOf } from './object-time.ts'
import type { Found, ObjectParts } from './objects.ts'
import { checkCopySourceConditions } from './precondition.ts'
import { S3Error } from './s3-error.ts'
import type { NewObjectRecord } from './state/records.ts'

export async function copyObject(
  parts: ObjectParts,
  input: CopyObjectInput,
  findSource: () => Promise<Found>,
  context: RequestContext,
): Promise<CopyObjectResult> {
  const place = await parts.buckets.place(input.bucket, context)
  // Refuses now what could not be stored.
  checkKey(input.key)
  const { location, object, info, open } = await findSource()
  checkCopySourceConditions(input.sourceConditions, info)
  checkCopySize(info.sizeBytes)
  const checksums = await checksumsOfCopy(input.checksumAlgorithm, info, open)
  const record = {
    bucket: input.bucket,
    key: input.key,
    md5: object.md5,
    sizeBytes: object.sizeBytes,
    ...copiedLabels(input, info),
    multipartEtag: undefined,
    checksums,
  }
  const { conditions = {} } = input
  const commit = { record, conditions, from: location }
  // Only an upload can ask Jottacloud not to replace anything; of content it knows, no bytes are sent.
  const commitAs = conditions.ifNoneMatch === undefined ? commitCopy : commitReadCopy
  const { modified } = await commitAs(parts, place, commit, context)
  const { sizeBytes, tags = [] } = record
  return { etag: object.md5, checksums, modified, sizeBytes, tags }
}

/**
 * What the source has of the full object: what is composite was computed over parts, and the copy has
 * none. Another algorithm that is asked for costs a reading of the content.
 */
async function checksumsOfCopy(
  algorithm: ChecksumAlgorithm | undefined,
  { checksums }: ObjectInfo,
  open: Found['open'],
): Promise<Checksums | undefined> {
  const known = checksums?.type === 'FULL_OBJECT' ? checksums : undefined
  if (algorithm === undefined) return known
  const value = known?.values[algorithm] ?? (await checksumOf(await open(), algorithm))
  return { type: 'FULL_OBJECT', values: { [algorithm]: value } }
}

/** Metadata, tags, storage class and ACL of a copy. */
export function copiedLabels(
  input: CopyObjectInput,
  source: Pick<ObjectInfo, 'metadata' | 'tags'>,
): ObjectLabels & { readonly metadata: ObjectMetadata } {
  const { websiteRedirectLocation: _, ...copied } = source.metadata
  const redirect = input.websiteRedirectLocation
  return {
    metadata: input.replaceMetadata ?? {
      ...copied,
      ...(redirect !== undefined && { websiteRedirectLocation: redirect }),
    },
    tags: input.replaceTags ?? source.tags,
    ...(input.storageClass !== undefined && { storageClass: input.storageClass }),
    ...(input.acl !== undefined && { acl: input.acl }),
  }
}

/** Throws InvalidRequest past S3's limit for copies in one piece. */
export function checkCopySize(sizeBytes: number): void {
  if (sizeBytes <= copyObjectSizeMaxBytes) return
  throw new S3Error('InvalidRequest', {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${copyObjectSizeMaxBytes}`,
  })
}

/** As `commitCopy`, by an upload that reads the source should Jottacloud not know its content. */
async function commitReadCopy(
  parts: WriteParts,
  place: BucketPlace,
  { record, conditions, from }: CopyInput,
  context: RequestContext,
): Promise<{ readonly modified: Date }> {
  const { md5, sizeBytes } = record
  const openContent = async (offset: number): Promise<Readable> => {
    if (offset === sizeBytes) return Readable.from([], { objectMode: false })
    const range = offset === 0 ? {} : { range: { start: offset, endInclusive: sizeBytes - 1 } }
    const content = { md5, sizeBytes }
    return (await parts.jotta.open(from, { ...context, content, ...range })).stream
  }
  return await commitWrite(parts, place, { record, conditions, openContent }, context)
}

export type CopyInput = {
  readonly record: NewObjectRecord
  readonly conditions: Conditions
  /** A file with the record's content. */
  readonly from: Location
}

/** Stores a file's content under a key, as `commitWrite` does, without moving bytes. */
export async function commitCopy(
  parts: WriteParts,
  place: BucketPlace,
  input: CopyInput,
  context: RequestContext,
): Promise<{ readonly modified: Date }> {
  const { record, from } = input
  const modified = modifiedOf(place, record.metadata, parts.now())
  const wanted = { md5: record.md5, sizeBytes: record.sizeBytes, created: modified, modified }
  await withTarget(parts, place, input, context, async (target, held) => {
    const store = async (at: Location): Promise<FileEntry> => {
      const made = await parts.jotta.createByHash(at, wanted, held)
      if (made !== undefined) return made
      // The content is not known by its MD5: copy the file, then give the copy its own time.
      const copied = await parts.jotta.copyFile(from, at, held)
      if (copied.current?.md5 !== record.md5) {
        throw new JottaError('protocol', 'the source changed while it was copied')
      }
      return (await parts.jotta.createByHash(at, wanted, held)) ?? copied
    }
    await commitRecord(parts, place, { record, target, store }, held)
  })
  return { modified }
}
