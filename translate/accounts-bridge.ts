// Several Jottacloud accounts behind one server: each bucket is on one of them, and what is asked of it
// goes to that account's bridge. Only a copy from one account to another has two ends.
import type {
  Bridge,
  ChecksumAlgorithm,
  Conditions,
  CopyObjectInput,
  GetObjectResult,
  ObjectBody,
  RequestContext,
} from './bridge.ts'
import { checksummedBody } from './checksummed-body.ts'
import { checkCopySize, copiedLabels } from './copy-object.ts'
import { copyPart } from './copy-part.ts'
import { translatingErrors } from './jotta-error.ts'
import { checkCopySourceConditions } from './precondition.ts'

export type AccountsBridgeOptions = {
  /** By account name; each with a client, a state and a spool of its own. */
  readonly bridges: ReadonlyMap<string, Bridge>
  /** The account that a bucket is on, whether the bucket exists or not. Must be among the bridges. */
  readonly accountOf: (bucket: string) => string
}

export function createAccountsBridge(options: AccountsBridgeOptions): Bridge {
  const of = (bucket: string): Bridge => {
    const account = options.accountOf(bucket)
    const bridge = options.bridges.get(account)
    if (bridge === undefined) throw new TypeError(`there is no bridge for the account ${account}`)
    return bridge
  }

  return {
    async listBuckets(context) {
      // One that cannot be asked fails the whole: a list without its buckets would look like their loss.
      const lists = await Promise.all(
        [...options.bridges].map(async ([account, bridge]) => {
          const buckets = await bridge.listBuckets(context)
          return buckets.filter(({ name }) => options.accountOf(name) === account)
        }),
      )
      return lists.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    createBucket: async (bucket, context, configurations) =>
      await of(bucket).createBucket(bucket, context, configurations),
    headBucket: async (bucket, context) => await of(bucket).headBucket(bucket, context),
    bucketMayExist: async (bucket, context) => await of(bucket).bucketMayExist(bucket, context),
    deleteBucket: async (bucket, context) => await of(bucket).deleteBucket(bucket, context),
    bucketConfigurations: async (bucket) => await of(bucket).bucketConfigurations(bucket),
    setBucketConfiguration: async (input, context) =>
      await of(input.bucket).setBucketConfiguration(input, context),

    putObject: async (input, context) => await of(input.bucket).putObject(input, context),
    getObject: async (input, context) => await of(input.bucket).getObject(input, context),
    headObject: async (input, context) => await of(input.bucket).headObject(input, context),
    deleteObject: async (input, context) => await of(input.bucket).deleteObject(input, context),
    deleteObjects: async (input, context) => await of(input.bucket).deleteObjects(input, context),
    async copyObject(input, context) {
      const [from, to] = [of(input.source.bucket), of(input.bucket)]
      if (from === to) return await to.copyObject(input, context)
      return await translatingErrors(() => copyAcross(from, to, input, context))
    },
    getObjectAttributes: async (input, context) =>
      await of(input.bucket).getObjectAttributes(input, context),
    getObjectTagging: async (input, context) =>
      await of(input.bucket).getObjectTagging(input, context),
    keptLabels: async (input) => await of(input.bucket).keptLabels(input),
    putObjectAcl: async (input, context) => await of(input.bucket).putObjectAcl(input, context),
    putObjectTagging: async (input, context) =>
      await of(input.bucket).putObjectTagging(input, context),
    deleteObjectTagging: async (input, context) =>
      await of(input.bucket).deleteObjectTagging(input, context),
    listObjects: async (input, context) => await of(input.bucket).listObjects(input, context),
    listObjectsInto: async (input, context, take) =>
      await of(input.bucket).listObjectsInto(input, context, take),

    createMultipartUpload: async (input, context) =>
      await of(input.bucket).createMultipartUpload(input, context),
    uploadPart: async (input, context) => await of(input.bucket).uploadPart(input, context),
    uploadPartCopy: async (input, context) =>
      await translatingErrors(() =>
        copyPart(of(input.source.bucket), of(input.bucket), input, context),
      ),
    completeMultipartUpload: async (input, context) =>
      await of(input.bucket).completeMultipartUpload(input, context),
    abortMultipartUpload: async (input, context) =>
      await of(input.bucket).abortMultipartUpload(input, context),
    listParts: async (input, context) => await of(input.bucket).listParts(input, context),
    listMultipartUploads: async (input, context) =>
      await of(input.bucket).listMultipartUploads(input, context),
  }
}

/** What the copy has to be is judged on the very object whose content is then read. */
const unconditional: Conditions = {}

async function copyAcross(
  from: Bridge,
  to: Bridge,
  input: CopyObjectInput,
  context: RequestContext,
): ReturnType<Bridge['copyObject']> {
  // Before the source is opened, since that is a download.
  await to.headBucket(input.bucket, context)
  const source = await from.getObject(
    {
      ...input.source,
      conditions: unconditional,
      range: undefined,
      seen: input.sourceSeen,
    },
    context,
  )
  try {
    checkCopySourceConditions(input.sourceConditions, source.object)
    checkCopySize(source.object.sizeBytes)
    const { bucket, key } = input
    const { conditions = unconditional } = input
    const labels = copiedLabels(input, source.object)
    const body = await bodyOf(source, input.checksumAlgorithm)
    const { etag, checksums } = await to.putObject(
      { bucket, key, body, conditions, ...labels },
      context,
    )
    const copy = { bucket, key, conditions: unconditional, range: undefined }
    const { modified } = (await to.headObject(copy, context)).object
    const { sizeBytes } = source.object
    return { etag, modified, checksums, sizeBytes, tags: labels.tags ?? [] }
  } finally {
    source.stream.destroy()
  }
}

/** What is composite was computed over parts, and the copy has none. */
async function bodyOf(
  { object, stream }: GetObjectResult,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<ObjectBody> {
  const { sizeBytes, etag, checksums } = object
  const values = checksums?.type === 'FULL_OBJECT' ? checksums.values : {}
  // A plain ETag is the MD5, which spares a large body its stop on the disk.
  const md5 = /^[0-9a-f]{32}$/.test(etag) ? etag : undefined
  const body = { stream, sizeBytes, checksums: () => values, ...(md5 !== undefined && { md5 }) }
  if (algorithm === undefined) return body
  const known = values[algorithm]
  const only = () => (known === undefined ? {} : { [algorithm]: known })
  const bare = { ...body, checksums: only }
  return known === undefined ? await checksummedBody(bare, algorithm) : bare
}
