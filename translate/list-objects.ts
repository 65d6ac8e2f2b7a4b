// ListObjects: from a prefix to the folder that holds it, and from what lies there to a page of S3.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { ListObjectsInput, ListObjectsResult, RequestContext } from './bridge.ts'
import type { BucketPlace } from './bucket-place.ts'
import type { Buckets } from './buckets.ts'
import { type WalkedObject, walkFolders } from './folder-walk.ts'
import { findPath } from './key-path.ts'
import { listObjectsMax } from './limits.ts'
import { listPage, type OrderedSource } from './listing.ts'
import type { ParentFolders } from './parent-folders.ts'
import { S3Error } from './s3-error.ts'
import type { State } from './state/state.ts'
import { toListedObject } from './stored-object.ts'

export type ListParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly buckets: Buckets
  readonly parents: ParentFolders
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
  const start = await startFolder(parts.parents, place, input.prefix, context)
  if (start === undefined) return nothing
  const { prefix, delimiter } = input
  const { root, encoding } = place
  const options = { root, prefix, delimiter, entriesPerFolder, encoding }
  return walkFolders(parts.jotta, start, options, context)
}

/** A whole page and one more, also for small pages: a folder may have many entries that hold no key. */
const entriesPerFolder = listObjectsMax + 1

/** The deepest folder that holds everything with the prefix; `undefined` when nothing can have it. */
async function startFolder(
  parents: ParentFolders,
  { root, encoding }: BucketPlace,
  prefix: string,
  context: RequestContext,
): Promise<{ folder: Location; keyPrefix: string; isRoot: boolean } | undefined> {
  const keyPrefix = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  if (keyPrefix === '') return { folder: root, keyPrefix, isRoot: true }
  try {
    const path = findPath(keyPrefix.slice(0, -1), encoding)
    if (path === undefined) return undefined
    const folder = { ...root, path: [...root.path, ...path] }
    // Jottacloud would list a folder whose casing differs, and those are other keys.
    const anyChild = { ...folder, path: [...folder.path, ''] }
    if ((await parents.check(root, anyChild, context)) === 'missing') return undefined
    return { folder, keyPrefix, isRoot: false }
  } catch (error) {
    if (error instanceof S3Error && noKeysThere.has(error.code)) return undefined
    throw error
  }
}

const noKeysThere = new Set(['ObjectParentIsFile', 'KeyCaseConflict', 'InvalidArgument'])

const nothing: OrderedSource<WalkedObject> = {
  next: async () => undefined,
  close: async () => {},
}
