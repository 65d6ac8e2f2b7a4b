// Tags and ACL of an object: a change to its record alone. The record is bound to the content that was there
// under the key's lock, so labels never come to describe what somebody wrote meanwhile.
import { isDeepStrictEqual } from 'node:util'
import type { ObjectAddress, ObjectInfo, ObjectLabels, RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import { asOnlyWriter, type WriteParts } from './commit-write.ts'
import { lockLocation } from './key-places.ts'
import { noSuchKey, unrecordedMetadata } from './stored-object.ts'

/** Throws NoSuchKey. */
export async function setLabels(
  parts: Pick<WriteParts, 'state' | 'locks' | 'guard' | 'places' | 'stopSignal'>,
  place: BucketPlace,
  { bucket, key }: ObjectAddress,
  labels: ObjectLabels,
  context: RequestContext,
): Promise<void> {
  await asOnlyWriter(parts, lockLocation(place, key), context, async (held) => {
    const object = (await parts.places.find(place, key, held))?.object
    if (object === undefined) throw noSuchKey(key)
    await held.check()
    const { objects } = parts.state
    const isNothing = labels.acl === undefined && labels.tags?.length === 0
    if ((await objects.setLabels(bucket, key, object, labels)) || isNothing) return
    const { md5, sizeBytes } = object
    const record = {
      ...{ bucket, key, md5, sizeBytes, ...labels },
      metadata: unrecordedMetadata(object),
      multipartEtag: undefined,
      checksums: undefined,
    }
    await objects.commit(await objects.stage(record))
  })
}

/** The labels alone, of anything that has some. */
export function labelsOf({ tags, storageClass, acl }: ObjectLabels): ObjectLabels {
  return {
    ...(tags !== undefined && { tags }),
    ...(storageClass !== undefined && { storageClass }),
    ...(acl !== undefined && { acl }),
  }
}

/** Whether an object has the ACL and the tags that somebody was let in by. */
export function isAsSeen(object: Pick<ObjectInfo, 'acl' | 'tags'>, seen: ObjectLabels): boolean {
  return object.acl === seen.acl && isDeepStrictEqual(object.tags, seen.tags ?? [])
}
