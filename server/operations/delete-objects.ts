// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
import { z } from 'zod'
import type { DeleteConditions } from '../../translate/bridge.ts'
import { unquoteEtag } from '../../translate/etag.ts'
import { deleteObjectsMax, keyMaxBytes } from '../../translate/limits.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler, S3Request, XmlValue } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { parseSizeCondition, parseTimeCondition } from './wire/conditions.ts'
import { bucketOf, refuseOtherVersions } from './wire/target.ts'

const bodyMaxBytes = 2 * 1024 * 1024

const entrySchema = z.strictObject({
  Key: z.string().min(1),
  VersionId: z.string().optional(),
  // Conditions on what is deleted.
  ETag: z.string().optional(),
  LastModifiedTime: z.string().optional(),
  Size: z.string().optional(),
})
type Entry = z.infer<typeof entrySchema>

const schema = z.strictObject({
  Object: z.array(entrySchema).min(1).max(deleteObjectsMax),
  Quiet: z.enum(['true', 'false']).optional(),
})

/** Every entry is answered in its place, also when it names a key again; each key is deleted once. */
export const deleteObjects: Handler = async (request, { bridge }) => {
  const bucket = bucketOf(request)
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'required' })
  // Seven elements for an entry, each opened and closed, and some air.
  const maxTags = deleteObjectsMax * 14 + 100
  const maxReferences = deleteObjectsMax * (keyMaxBytes + 100)
  const shape = { root: 'Delete', arrays: ['Object'], schema, maxTags, maxReferences }
  const { Object: entries, Quiet: quiet } = parseXml(text, shape)
  const refusals = entries.map((entry) => denialOf(request, entry) ?? refusalOf(entry))
  const accepted = entries.filter((_, index) => refusals[index] === undefined)
  // Each wish once, however often it is written down.
  const wishes = new Map(accepted.map((entry) => [wishOf(entry), entry]))
  const keys = [...wishes.values()].map(({ Key }) => Key)
  const conditions = [...wishes.values()].map(conditionsOf)
  // A thousand deletes can take longer than a client waits in silence.
  const deleting =
    // Of strangers who may delete none, Jottacloud is not asked either.
    keys.length === 0 && request.identity === undefined
      ? Promise.resolve([])
      : bridge.deleteObjects(
          { bucket, keys, conditions },
          { ...request.context, patience: 'unlimited' },
        )
  const answer = (errorOf: (entry: Entry) => S3Error | undefined) => {
    const deleted: XmlValue[] = []
    const failed: XmlValue[] = []
    for (const [index, entry] of entries.entries()) {
      const error = refusals[index] ?? errorOf(entry)
      if (error !== undefined) failed.push(renderError(entry, error))
      else if (quiet !== 'true') deleted.push({ Key: entry.Key, VersionId: entry.VersionId })
    }
    return { root: 'DeleteResult', content: { Deleted: deleted, Error: failed } }
  }
  const result = deleting.then((results) => {
    const names = [...wishes.keys()]
    const errors = new Map(results.map(({ error }, index) => [names[index], error]))
    return answer((entry) => errors.get(wishOf(entry)))
  })
  // Clients read no other document here: an Error in its place is to many of them a success without news.
  const lateFailure = (failure: S3Error) => answer(() => failure)
  return { status: 200, body: { kind: 'slow-xml', result, lateFailure } }
}

function wishOf({ Key, ETag, LastModifiedTime, Size }: Entry): string {
  return JSON.stringify([Key, ETag, LastModifiedTime, Size])
}

/** Throws InvalidArgument, unless the entry was not refused. */
function conditionsOf({ ETag, LastModifiedTime, Size }: Entry): DeleteConditions | undefined {
  if ((ETag ?? LastModifiedTime ?? Size) === undefined) return undefined
  return {
    ...(ETag !== undefined && { ifMatch: [unquoteEtag(ETag)] }),
    ...(Size !== undefined && { sizeBytes: parseSizeCondition('Size', Size) }),
    ...(LastModifiedTime !== undefined && {
      modified: parseTimeCondition('LastModifiedTime', LastModifiedTime),
    }),
  }
}

function denialOf({ access }: S3Request, { Key, VersionId }: Entry): S3Error | undefined {
  const action =
    VersionId === undefined || VersionId === '' ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
  return access.mayOnKey(action, Key) ? undefined : new S3Error('AccessDenied')
}

function refusalOf(entry: Entry): S3Error | undefined {
  if (Buffer.byteLength(entry.Key) > keyMaxBytes) return new S3Error('KeyTooLongError')
  try {
    conditionsOf(entry)
    refuseOtherVersions(entry.Key, entry.VersionId === '' ? undefined : entry.VersionId)
    return undefined
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
}

function renderError(entry: Entry, error: S3Error): XmlValue {
  return { Key: entry.Key, VersionId: entry.VersionId, Code: error.code, Message: error.message }
}
