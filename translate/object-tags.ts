// Tags of an object: a change to its record alone. The record is bound to the content that was there under
// the key's lock, so tags never come to describe what somebody wrote meanwhile.
import type { ObjectAddress, ObjectLabels, RequestContext, Tag } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { asOnlyWriter, type WriteParts } from './commit-write.ts'
import { findObject, locationToRead, noSuchKey, unrecordedMetadata } from './stored-object.ts'

/** Throws NoSuchKey. */
export async function setTags(
  parts: Pick<WriteParts, 'jotta' | 'state' | 'locks' | 'guard'>,
  place: BucketPlace,
  input: ObjectAddress & { readonly tags: readonly Tag[] },
  context: RequestContext,
): Promise<void> {
  const { bucket, key, tags } = input
  const location = locationToRead(place, key)
  if (location === undefined) throw noSuchKey(key)
  await asOnlyWriter(parts, location, context, async () => {
    const object = await findObject(parts.jotta, location, context)
    if (object === undefined) throw noSuchKey(key)
    const { objects } = parts.state
    if ((await objects.setTags(bucket, key, object, tags)) || tags.length === 0) return
    const { md5, sizeBytes } = object
    const record = {
      ...{ bucket, key, md5, sizeBytes, tags },
      metadata: unrecordedMetadata(object),
      multipartEtag: undefined,
      checksums: undefined,
    }
    await objects.commit(await objects.stage(record))
  })
}

/** The labels alone, of anything that has some. */
export function labelsOf({ tags, storageClass }: ObjectLabels): ObjectLabels {
  return {
    ...(tags !== undefined && { tags }),
    ...(storageClass !== undefined && { storageClass }),
  }
}
