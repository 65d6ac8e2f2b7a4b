// Tags of an object: a change to its record alone. The record is bound to the content that was there under
// the key's lock, so tags never come to describe what somebody wrote meanwhile.
import type { ObjectAddress, ObjectLabels, RequestContext, Tag } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { asOnlyWriter, type WriteParts } from './commit-write.ts'
import { lockLocation } from './key-places.ts'
import { noSuchKey, unrecordedMetadata } from './stored-object.ts'

/** Throws NoSuchKey. */
export async function setTags(
  parts: Pick<WriteParts, 'state' | 'locks' | 'guard' | 'places'>,
  place: BucketPlace,
  input: ObjectAddress & { readonly tags: readonly Tag[] },
  context: RequestContext,
): Promise<void> {
  const { bucket, key, tags } = input
  await asOnlyWriter(parts, lockLocation(place, key), context, async () => {
    const object = (await parts.places.find(place, key, context))?.object
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
