// A bridge that holds its writes to the quotas of their buckets, before they are begun. Where a bucket has none,
// nothing is different.
import type {
  Bridge,
  CompleteMultipartUploadInput,
  CopyObjectInput,
  RequestContext,
} from '../bridge.ts'
import { orAborted } from '../key-locks.ts'
import { S3Error } from '../s3-error.ts'
import type { Quota } from './quota.ts'

export function withQuotas<B extends Bridge>(bridge: B, quota: Quota): B {
  /** The end of each completion under way: who asks again finds it completed, and takes no more room. */
  const completing = new Map<string, Promise<void>>()
  return {
    ...bridge,
    async createBucket(bucket, context, configurations) {
      await bridge.createBucket(bucket, context, configurations)
      if (quota.has(bucket)) await quota.forget(bucket)
    },
    async deleteBucket(bucket, context) {
      await bridge.deleteBucket(bucket, context)
      if (quota.has(bucket)) await quota.forget(bucket)
    },
    putObject: async (input, context) =>
      await quota.guard(input.bucket, input.body.sizeBytes, context, () =>
        bridge.putObject(input, context),
      ),
    async copyObject(input, context) {
      const copy = () => bridge.copyObject(input, context)
      if (!quota.has(input.bucket)) return await copy()
      return await quota.guard(input.bucket, await copySize(bridge, input, context), context, copy)
    },
    async uploadPart(input, context) {
      // Parts lie on this machine until they are completed; what they come to is looked at then.
      await quota.check(input.bucket, input.body.sizeBytes, context)
      return await bridge.uploadPart(input, context)
    },
    async completeMultipartUpload(input, context) {
      const { bucket, uploadId } = input
      const complete = () => bridge.completeMultipartUpload(input, context)
      if (!quota.has(bucket)) return await complete()
      for (let before = completing.get(uploadId); before; before = completing.get(uploadId)) {
        await orAborted(before, context.signal)
      }
      const ended = Promise.withResolvers<void>()
      completing.set(uploadId, ended.promise)
      try {
        return await quota.guard(bucket, await partsSize(bridge, input, context), context, complete)
      } finally {
        completing.delete(uploadId)
        ended.resolve()
      }
    },
  }
}

/** Nothing more for a copy onto itself. */
async function copySize(
  bridge: Bridge,
  { source, bucket, key, sourceSeen }: CopyObjectInput,
  context: RequestContext,
): Promise<number> {
  if (source.bucket === bucket && source.key === key) return 0
  const look = { ...source, conditions: {}, range: undefined, seen: sourceSeen }
  return (await bridge.headObject(look, context)).object.sizeBytes
}

/** Nothing for an upload that is completed already, or is none: its completion says so itself. */
async function partsSize(
  bridge: Bridge,
  { bucket, key, uploadId, parts }: CompleteMultipartUploadInput,
  context: RequestContext,
): Promise<number> {
  const wanted = new Set(parts.map(({ partNumber }) => partNumber))
  let sizeBytes = 0
  let afterPartNumber: number | undefined = 0
  while (afterPartNumber !== undefined) {
    const address = { bucket, key, uploadId }
    const page: Awaited<ReturnType<Bridge['listParts']>> | undefined = await bridge
      .listParts({ ...address, afterPartNumber, maxParts: 1000 }, context)
      .catch((error: unknown) => {
        if (error instanceof S3Error && error.code === 'NoSuchUpload') return undefined
        throw error
      })
    for (const part of page?.parts ?? []) {
      if (wanted.has(part.partNumber)) sizeBytes += part.sizeBytes
    }
    afterPartNumber = page?.nextAfterPartNumber
  }
  return sizeBytes
}
