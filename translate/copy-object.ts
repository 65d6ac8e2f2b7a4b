// CopyObject without moving bytes: Jottacloud makes the destination from the source's MD5 and size.

import type { Location } from '../jotta/client.ts'
import { JottaError } from '../jotta/jotta-error.ts'
import type { FileEntry } from '../jotta/wire.ts'
import type { Conditions, CopyObjectInput, PutObjectResult, RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { asOnlyWriter, checkTarget, commitRecord, type WriteParts } from './commit-write.ts'
import { modifiedOf } from './object-time.ts'
import type { Found, ObjectParts } from './objects.ts'
import { checkCopySourceConditions } from './precondition.ts'
import type { ObjectRecord } from './state/state.ts'
import { locationOf } from './stored-object.ts'

export async function copyObject(
  parts: ObjectParts,
  input: CopyObjectInput,
  findSource: () => Promise<Found>,
  context: RequestContext,
): Promise<PutObjectResult & { readonly modified: Date }> {
  const place = await parts.buckets.place(input.bucket, context)
  // Refuses now what could not be stored.
  locationOf(place, input.key)
  const { location, object, info } = await findSource()
  checkCopySourceConditions(input.sourceConditions, info)
  // What is composite was computed over parts, and the copy has none.
  const checksums = info.checksums?.type === 'FULL_OBJECT' ? info.checksums : undefined
  const record = {
    bucket: input.bucket,
    key: input.key,
    md5: object.md5,
    sizeBytes: object.sizeBytes,
    metadata: input.replaceMetadata ?? info.metadata,
    multipartEtag: undefined,
    partSizesBytes: [],
    checksums,
  }
  const { modified } = await commitCopy(
    parts,
    place,
    { record, conditions: {}, from: location },
    context,
  )
  return { etag: object.md5, checksums, modified }
}

export type CopyInput = {
  readonly record: ObjectRecord
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
  const target = locationOf(place, record.key)
  const modified = modifiedOf(place, record.metadata, parts.now())
  const wanted = { md5: record.md5, sizeBytes: record.sizeBytes, created: modified, modified }
  await asOnlyWriter(parts, target, context, async () => {
    const existing = await checkTarget(parts, target, record, input.conditions, context)
    await parts.parents.ensure(place.root, target, context)
    const store = async (at: Location): Promise<FileEntry> => {
      const made = await parts.jotta.createByHash(at, wanted, context)
      if (made !== undefined) return made
      // The content is not known by its MD5: copy the file, then give the copy its own time.
      const copied = await parts.jotta.copyFile(from, at, context)
      if (copied.current?.md5 !== record.md5) {
        throw new JottaError('protocol', 'the source changed while it was copied')
      }
      return (await parts.jotta.createByHash(at, wanted, context)) ?? copied
    }
    await commitRecord(parts, place, { record, existing, store }, context)
  })
  return { modified }
}
