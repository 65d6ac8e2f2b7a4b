// Single objects: put, get, head, delete, copy.
import { Readable } from 'node:stream'
import type { Location } from '../jotta/client.ts'
import type {
  Bridge,
  ByteRange,
  CopyObjectInput,
  CopyObjectResult,
  GetObjectResult,
  ObjectAddress,
  ObjectInfo,
  PutObjectInput,
  PutObjectResult,
  ReadObjectInput,
  RequestContext,
  Tag,
} from './bridge.ts'
import type { Buckets } from './buckets.ts'
import { commitWrite, outwaitGivenUp, type WriteParts } from './commit-write.ts'
import { commitCopy, copyObject } from './copy-object.ts'
import { type DeleteParts, deleteObject, deleteObjects } from './delete-objects.ts'
import { isJottaError } from './jotta-error.ts'
import { checkKey } from './key-path.ts'
import { lockLocation } from './key-places.ts'
import { pageOfParts, rangeOf } from './object-parts.ts'
import { isAsSeen, labelsOf, setLabels } from './object-tags.ts'
import { checkReadConditions, checkWriteConditions } from './precondition.ts'
import { S3Error } from './s3-error.ts'
import type { Spool } from './spool.ts'
import { type StagingSlots, stageBody } from './staged-upload.ts'
import type { NewObjectRecord } from './state/records.ts'
import { describeObject, findObject, noSuchKey, type StoredObject } from './stored-object.ts'
import { heldIfSmall, mayBeWrittenOver, verifiedContent } from './verified-content.ts'

export type ObjectParts = WriteParts &
  DeleteParts & {
    readonly buckets: Buckets
    readonly spool: Spool
    readonly stagingSlots: StagingSlots
  }

export interface Objects {
  put(input: PutObjectInput, context: RequestContext): Promise<PutObjectResult>
  get(input: ReadObjectInput, context: RequestContext): Promise<GetObjectResult>
  head(input: ReadObjectInput, context: RequestContext): Promise<Omit<GetObjectResult, 'stream'>>
  remove: Bridge['deleteObject']
  removeMany: Bridge['deleteObjects']
  attributes: Bridge['getObjectAttributes']
  copy(input: CopyObjectInput, context: RequestContext): Promise<CopyObjectResult>
  tags(input: ObjectAddress, context: RequestContext): Promise<readonly Tag[]>
  setTags(
    input: ObjectAddress & { readonly tags: readonly Tag[] },
    context: RequestContext,
  ): Promise<void>
  setAcl(input: ObjectAddress & { readonly acl: string }, context: RequestContext): Promise<void>
}

export function createObjects(parts: ObjectParts): Objects {
  const find = async (
    address: ObjectAddress & Pick<ReadObjectInput, 'seen'>,
    context: RequestContext,
  ): Promise<Found> => {
    const place = await parts.buckets.place(address.bucket, context)
    const found = await parts.places.find(place, address.key, context)
    if (found === undefined) throw noSuchKey(address.key)
    const { location, object } = found
    const info = await describeObject(parts.state, address.bucket, address.key, object)
    const { seen } = address
    if (seen !== undefined && !isAsSeen(info, seen)) throw new S3Error('AccessDenied')
    const open = () => openContent(parts, location, address.key, object, 'whole', context)
    return { location, object, info, open }
  }

  return {
    put: (input, context) => putObject(parts, input, context),

    async get(input, context) {
      for (let tries = 1; ; tries += 1) {
        const { location, info, object } = await find(input, context)
        checkReadConditions(input.conditions, info)
        const { range, ...part } = await rangeOf(parts, input, info, object)
        try {
          const content = await openContent(parts, location, input.key, object, range, context)
          const stream = await heldIfSmall(content, sizeOf(range, object))
          return { object: info, range: range === 'whole' ? undefined : range, ...part, stream }
        } catch (error) {
          if (!mayBeWrittenOver(error) || tries === readTries) throw error
        }
      }
    },

    async head(input, context) {
      const { info, object } = await find(input, context)
      checkReadConditions(input.conditions, info)
      const { range, ...part } = await rangeOf(parts, input, info, object)
      return { object: info, range: range === 'whole' ? undefined : range, ...part }
    },

    async attributes(input, context) {
      const { info, object } = await find(input, context)
      return { object: info, ...(await pageOfParts(parts.state, input, object)) }
    },

    async remove(input, context) {
      const place = await parts.buckets.place(input.bucket, context)
      await deleteObject(parts, place, input, context)
    },

    async removeMany(input, context) {
      const place = await parts.buckets.place(input.bucket, context)
      const { keys, conditions = [] } = input
      const wanted = keys.map((key, index) => ({ key, conditions: conditions[index] }))
      return await deleteObjects(parts, place, wanted, context)
    },

    async tags(input, context) {
      return (await find(input, context)).info.tags
    },

    async setTags(input, context) {
      const place = await parts.buckets.place(input.bucket, context)
      await setLabels(parts, place, input, { tags: input.tags }, context)
    },

    async setAcl(input, context) {
      const place = await parts.buckets.place(input.bucket, context)
      await setLabels(parts, place, input, { acl: input.acl }, context)
    },

    copy: (input, context) =>
      copyObject(
        parts,
        input,
        () => find({ ...input.source, seen: input.sourceSeen }, context),
        context,
      ),
  }
}

/** An object, and where it lies. */
export type Found = {
  readonly location: Location
  readonly object: StoredObject
  readonly info: ObjectInfo
  /** The whole content. */
  readonly open: () => Promise<Readable>
}

async function putObject(
  parts: ObjectParts,
  input: PutObjectInput,
  context: RequestContext,
): Promise<PutObjectResult> {
  const place = await parts.buckets.place(input.bucket, context)
  // Refuses before the body comes what could not be stored.
  checkKey(input.key)
  await outwaitGivenUp(parts, lockLocation(place, input.key), context)
  if (Object.keys(input.conditions).length > 0) {
    // Judged again at the commit; here it spares the client the sending.
    const found = await parts.places.find(place, input.key, context)
    const object = found?.object
    checkWriteConditions(
      input.conditions,
      object && (await describeObject(parts.state, input.bucket, input.key, object)),
    )
  }
  const { body, conditions } = input
  // While the body arrives. What fails here is met again at the commit.
  const preparing = parts.places.prepare(place, input.key, context).catch(() => {})
  const staging = parts.stagingSlots.tryTake(body, conditions)
  if (staging !== undefined) {
    using _slot = staging
    await using staged = await stageBody(parts, place, staging.body, context)
    const record = recordOf(input, staged)
    await preparing
    await commitCopy(parts, place, { record, conditions, from: staged.location }, context)
    return { etag: staged.md5, checksums: record.checksums }
  }
  await using content = await parts.spool.receive(body, context.signal)
  const record = recordOf(input, content)
  await preparing
  await commitWrite(parts, place, { record, conditions, openContent: content.open }, context)
  return { etag: content.md5, checksums: record.checksums }
}

function recordOf(
  input: PutObjectInput,
  content: { readonly md5: string; readonly sizeBytes: number },
): NewObjectRecord {
  const values = input.body.checksums()
  return {
    bucket: input.bucket,
    key: input.key,
    md5: content.md5,
    sizeBytes: content.sizeBytes,
    metadata: input.metadata,
    multipartEtag: undefined,
    checksums: Object.keys(values).length === 0 ? undefined : { type: 'FULL_OBJECT', values },
    ...labelsOf(input),
  }
}

/** Of an object that is written over again and again. */
const readTries = 4

async function openContent(
  parts: ObjectParts,
  location: Location,
  key: string,
  object: StoredObject,
  range: ByteRange | 'whole',
  context: RequestContext,
): Promise<Readable> {
  // Jottacloud's answer to a range of an empty file is an error, and there is nothing to read.
  if (object.sizeBytes === 0) return Readable.from([], { objectMode: false })
  const content = { md5: object.md5, sizeBytes: object.sizeBytes }
  try {
    if (range === 'whole' || isWhole(range, object)) {
      const { stream } = await parts.jotta.open(location, { ...context, content })
      return verifiedContent(stream, content)
    }
    const { stream } = await parts.jotta.open(location, { ...context, content, range })
    // A part has no MD5 to compare. If the object is still the same now, the part is of it.
    const isCurrent = findObject(parts.jotta, location, context).then(
      (now) => now?.md5 === object.md5 && now.sizeBytes === object.sizeBytes,
    )
    // Nobody asks for it any more when the stream fails first.
    isCurrent.catch(() => {})
    return verifiedContent(stream, { sizeBytes: sizeOf(range, object), isCurrent })
  } catch (error) {
    // Deleted since it was found.
    if (isJottaError(error, 'not-found')) throw noSuchKey(key)
    throw error
  }
}

function sizeOf(range: ByteRange | 'whole', object: StoredObject): number {
  return range === 'whole' ? object.sizeBytes : range.endInclusive - range.start + 1
}

function isWhole(range: ByteRange, object: StoredObject): boolean {
  return range.start === 0 && range.endInclusive === object.sizeBytes - 1
}
