// What lies at a key's place in Jottacloud: whether it is that key's object, another key's, or nothing.
import type { JottaClient, Location } from '../jotta/client.ts'
import { nameOf } from '../jotta/path.ts'
import type { Entry, FileEntry, FolderEntry, Revision } from '../jotta/wire.ts'
import type { ListedObject, ObjectInfo, ObjectMetadata, RequestContext } from './bridge.ts'
import { S3Error } from './s3-error.ts'
import type { ListedRecord, ObjectRecord } from './state/records.ts'
import type { State } from './state/state.ts'

/** A file's readable content, with what Jottacloud always tells of it. */
export type StoredObject = {
  readonly md5: string
  readonly sizeBytes: number
  readonly modified: Date
  /** When Jottacloud stored this content; a listing may not tell. */
  readonly updated: Date | undefined
  readonly mime: string | undefined
}

/** A file's content; `undefined` unless it is COMPLETED and not in the trash. Status codes do not count. */
export function readableObject(file: FileEntry): StoredObject | undefined {
  return file.deleted ? undefined : readableRevision(file.current)
}

/**
 * Whether there is content in a file, or will be in a moment: Jottacloud has a revision of it, ready to be read or
 * not. What is left of uploads that never ended has none.
 */
export function holdsContent(file: FileEntry): boolean {
  return !file.deleted && file.current !== undefined
}

/** The object that is stored at exactly this place; `undefined` when there is none to read. */
export async function findObject(
  jotta: JottaClient,
  location: Location,
  context: RequestContext,
): Promise<StoredObject | undefined> {
  const entry = await jotta.stat(location, context)
  if (entry === undefined || entry.kind !== 'file' || entry.deleted) return undefined
  return isExactly(entry, location) ? readableRevision(entry.current) : undefined
}

/**
 * The object that a write to this place replaces, or `undefined` when the place is free. Throws
 * KeyCaseConflict, ExistingObjectIsDirectory when it belongs to other keys.
 */
export async function findForWrite(
  jotta: JottaClient,
  location: Location,
  context: RequestContext,
): Promise<{ readonly object: StoredObject | undefined; readonly seen: boolean }> {
  const entry = await jotta.stat(location, context)
  if (entry === undefined) return { object: undefined, seen: false }
  if (entry.deleted) {
    if (entry.kind === 'file' && !isExactly(entry, location)) throw trashedCaseConflict()
    return { object: undefined, seen: false }
  }
  if (!isExactly(entry, location)) throw new S3Error('KeyCaseConflict')
  if (entry.kind === 'folder') throw new S3Error('ExistingObjectIsDirectory')
  return { object: readableRevision(entry.current), seen: true }
}

/** A write would bring a name back from the trash in its old casing, which is another key's. */
export function trashedCaseConflict(): S3Error {
  return new S3Error('KeyCaseConflict', {
    message:
      "A name that differs from this key's only by letter case lies in Jottacloud's trash and would come back in its place. Empty the trash, or choose another key.",
  })
}

/** Whether a folder is there. What is in the trash has an entry as well. */
export function isLiveFolder(entry: Entry | undefined): entry is FolderEntry {
  return entry?.kind === 'folder' && !entry.deleted
}

/** Whether an entry that a direct stat gave is stored in exactly the casing that was asked for. */
export function isExactly(entry: Entry, location: Location): boolean {
  if (entry.name !== nameOf(location)) return false
  if (entry.parentPath === undefined) return true
  const expected = location.path.slice(0, -1)
  const stored = parentNames(entry, expected.length)
  return expected.every((name, index) => stored[index] === name)
}

/** Of the stored names on the way to an entry, as a direct stat told them, the last ones without its own. */
export function parentNames({ parentPath = '' }: Entry, count: number): string[] {
  if (count === 0) return []
  return parentPath
    .split('/')
    .filter((name) => name !== '')
    .slice(-count)
}

/** What a revision holds, unless it is not COMPLETED. */
export function readableRevision(revision: Revision | undefined): StoredObject | undefined {
  if (revision?.state !== 'COMPLETED') return undefined
  if (revision.md5 === undefined || revision.sizeBytes === undefined) return undefined
  return {
    md5: revision.md5,
    sizeBytes: revision.sizeBytes,
    modified: revision.modified ?? revision.updated ?? new Date(0),
    updated: revision.updated,
    mime: revision.mime,
  }
}

/** How a client sees an object: Jottacloud's facts and, where it still describes them, the record. */
function toObjectInfo(
  key: string,
  object: StoredObject,
  record: ObjectRecord | undefined,
): ObjectInfo {
  return {
    key,
    sizeBytes: object.sizeBytes,
    modified: object.modified,
    ageFrom: laterOf(object.modified, object.updated),
    ...listedOf(object.md5, record),
    metadata: record?.metadata ?? unrecordedMetadata(object),
    partCount: record?.partCount,
    tags: record?.tags ?? [],
    acl: record?.acl,
  }
}

function listedOf(
  md5: string,
  record: Partial<ListedRecord> | undefined,
): Pick<ObjectInfo, 'etag' | 'checksums' | 'storageClass'> {
  return {
    etag: record?.multipartEtag ?? md5,
    checksums: record?.checksums,
    storageClass: record?.storageClass ?? 'STANDARD',
  }
}

function laterOf(modified: Date, updated: Date | undefined): Date {
  return updated !== undefined && updated > modified ? updated : modified
}

/** Of content that no record describes. */
export function unrecordedMetadata({ mime }: StoredObject): ObjectMetadata {
  return { ...(mime === undefined ? {} : { contentType: mime }), user: {} }
}

/** The same of what a listing shows. */
export function toListedObject(
  key: string,
  { sizeBytes, modified, md5 }: StoredObject,
  record: ListedRecord | undefined,
): ListedObject {
  const facts = { sizeBytes, modified, ...listedOf(md5, record) }
  return { kind: 'object', key, ...facts }
}

/** As `toObjectInfo`, with the record looked up. */
export async function describeObject(
  state: State,
  bucket: string,
  key: string,
  object: StoredObject,
): Promise<ObjectInfo> {
  return toObjectInfo(key, object, await state.objects.find(bucket, key, object))
}

export function noSuchKey(key: string): S3Error {
  return new S3Error('NoSuchKey', { elements: { Key: key } })
}
