// ListObjects: from a prefix to the folder that holds it, and from what lies there to a page of S3.
import type { JottaClient } from '../jotta/client.ts'
import type { ListObjectsInput, ListObjectsResult, RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { Buckets } from './buckets.ts'
import { type WalkedObject, walkFolders } from './folder-walk.ts'
import { rootFolder } from './key-folder.ts'
import type { KeyPlaces } from './key-places.ts'
import { listObjectsMax } from './limits.ts'
import { listPage, type OrderedSource } from './listing.ts'
import type { State } from './state/state.ts'
import { toListedObject } from './stored-object.ts'

export type ListParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly buckets: Buckets
  readonly places: KeyPlaces
}

export async function listObjects(
  parts: ListParts,
  input: ListObjectsInput,
  context: RequestContext,
): Promise<ListObjectsResult> {
  const place = await parts.buckets.place(input.bucket, context)
  const source = await openSource(parts, place, input, context)
  const page = await listPage(source, input)
  const objects = page.entries.filter((entry) => entry.kind === 'object')
  const records = await parts.state.objects.findMany(
    input.bucket,
    objects.map(({ key, object }) => ({ key, md5: object.md5, sizeBytes: object.sizeBytes })),
  )
  return {
    entries: page.entries.map((entry) => {
      if (entry.kind === 'prefix') return entry
      const { key, object } = entry
      return toListedObject(key, object, records.get(key))
    }),
    nextAfter: page.nextAfter,
  }
}

async function openSource(
  parts: ListParts,
  place: BucketPlace,
  input: ListObjectsInput,
  context: RequestContext,
): Promise<OrderedSource<WalkedObject>> {
  const keyPrefix = input.prefix.slice(0, input.prefix.lastIndexOf('/') + 1)
  const { prefix, delimiter } = input
  const { root, encoding } = place
  const folders =
    keyPrefix === ''
      ? [{ location: root, folder: rootFolder(encoding) }]
      : await parts.places.findFolders(place, keyPrefix, context)
  const options = { root, prefix, delimiter, entriesPerFolder }
  return walkFolders(parts.jotta, { folders, keyPrefix }, options, context)
}

/** A whole page and one more, also for small pages: a folder may have many entries that hold no key. */
const entriesPerFolder = listObjectsMax + 1
