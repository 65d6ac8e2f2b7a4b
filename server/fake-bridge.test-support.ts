// For tests: a Bridge in memory, just true enough for the server above it, with a record of its calls.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type {
  Bridge,
  BucketConfigurationName,
  ObjectInfo,
  ObjectMetadata,
  Part,
} from '../translate/bridge.ts'
import { S3Error } from '../translate/s3-error.ts'

type Stored = { readonly bytes: Buffer; readonly info: ObjectInfo }

export type FakeBridge = Bridge & {
  readonly calls: { readonly method: string; readonly input: unknown }[]
  readonly objects: Map<string, Stored>
}

export const fakeModified = new Date('2024-05-06T07:08:09.789Z')

/** One bucket, `bucket`, is there from the start. `overrides` replace methods. */
export function createFakeBridge(overrides: Partial<Bridge> = {}): FakeBridge {
  const objects = new Map<string, Stored>()
  const buckets = new Set(['bucket'])
  const calls: { method: string; input: unknown }[] = []
  const bridge = {
    ...bucketMethods(buckets),
    ...objectMethods(objects, buckets),
    ...labelMethods(objects, buckets),
    ...uploadMethods(),
    async listObjectsInto(...[input, context, take]: Parameters<Bridge['listObjectsInto']>) {
      const { listObjects = bridge.listObjects } = overrides
      const { entries, ...end } = await listObjects(input, context)
      // In two pieces, of which the first is small.
      take(entries.slice(0, 1))
      take(entries.slice(1))
      return end
    },
  }
  const recorded = Object.fromEntries(
    Object.entries({ ...bridge, ...overrides }).map(([method, act]) => [
      method,
      (...input: unknown[]) => {
        // These ask Jottacloud nothing, and every request begins with them.
        const isLocal = method === 'bucketConfigurations' || method === 'keptLabels'
        if (!isLocal) calls.push({ method, input: input[0] })
        return Reflect.apply(act, undefined, input)
      },
    ]),
  )
  return { ...bridge, ...recorded, calls, objects }
}

function bucketMethods(buckets: Set<string>) {
  const configurations = new Map<string, Map<BucketConfigurationName, string>>()
  const check = (bucket: string) => {
    const elements = { BucketName: bucket }
    if (!buckets.has(bucket)) throw new S3Error('NoSuchBucket', { elements })
  }
  return {
    async listBuckets() {
      return [...buckets].map((name) => ({ name, created: fakeModified }))
    },
    async createBucket(bucket, _context, wanted = new Map()) {
      if (buckets.has(bucket)) throw new S3Error('BucketAlreadyOwnedByYou')
      buckets.add(bucket)
      configurations.set(bucket, new Map(wanted))
    },
    async headBucket(bucket) {
      check(bucket)
    },
    async bucketMayExist(bucket) {
      return buckets.has(bucket)
    },
    async deleteBucket(bucket) {
      check(bucket)
      buckets.delete(bucket)
    },
    async bucketConfigurations(bucket) {
      return configurations.get(bucket) ?? new Map()
    },
    async setBucketConfiguration({ bucket, name, text }) {
      check(bucket)
      const kept = configurations.get(bucket) ?? new Map()
      configurations.set(bucket, kept)
      if (text === undefined) kept.delete(name)
      else kept.set(name, text)
    },
  } satisfies Partial<Bridge>
}

function findIn(objects: Map<string, Stored>, buckets: Set<string>) {
  return (bucket: string, key: string): Stored => {
    if (!buckets.has(bucket)) throw new S3Error('NoSuchBucket')
    const found = objects.get(`${bucket}/${key}`)
    if (found === undefined) throw new S3Error('NoSuchKey', { elements: { Key: key } })
    return found
  }
}

/** What is kept beside the content, and can be replaced alone. */
function labelMethods(objects: Map<string, Stored>, buckets: Set<string>) {
  const find = findIn(objects, buckets)
  return {
    async getObjectTagging({ bucket, key }) {
      return find(bucket, key).info.tags
    },
    async keptLabels({ bucket, key }) {
      const info = objects.get(`${bucket}/${key}`)?.info
      return info && { tags: info.tags, ...(info.acl !== undefined && { acl: info.acl }) }
    },
    async putObjectAcl({ bucket, key, acl }) {
      const { bytes, info } = find(bucket, key)
      objects.set(`${bucket}/${key}`, { bytes, info: { ...info, acl } })
    },
    async putObjectTagging({ bucket, key, tags }) {
      const { bytes, info } = find(bucket, key)
      objects.set(`${bucket}/${key}`, { bytes, info: { ...info, tags } })
    },
    async deleteObjectTagging({ bucket, key }) {
      const { bytes, info } = find(bucket, key)
      objects.set(`${bucket}/${key}`, { bytes, info: { ...info, tags: [] } })
    },
  } satisfies Partial<Bridge>
}

function objectMethods(objects: Map<string, Stored>, buckets: Set<string>) {
  const find = findIn(objects, buckets)
  const put = (
    path: string,
    bytes: Buffer,
    metadata: ObjectMetadata,
    more: Partial<ObjectInfo>,
  ) => {
    const key = path.slice(path.indexOf('/') + 1)
    const info: ObjectInfo = {
      key,
      sizeBytes: bytes.length,
      modified: fakeModified,
      ageFrom: fakeModified,
      etag: md5(bytes),
      metadata,
      checksums: undefined,
      partCount: undefined,
      tags: [],
      storageClass: 'STANDARD',
      acl: undefined,
      ...more,
    }
    objects.set(path, { bytes, info })
    return info
  }
  return {
    async putObject({ bucket, key, body, metadata, ...labels }) {
      if (!buckets.has(bucket)) throw new S3Error('NoSuchBucket')
      const bytes = await buffer(body.stream)
      const values = body.checksums()
      const hasAny = Object.keys(values).length > 0
      const checksums = hasAny ? { type: 'FULL_OBJECT' as const, values } : undefined
      const { tags = [], storageClass = 'STANDARD', acl } = labels
      return put(`${bucket}/${key}`, bytes, metadata, { checksums, tags, storageClass, acl })
    },
    async getObject({ bucket, key, range: header }) {
      const { bytes, info } = find(bucket, key)
      const range = parseRange(header)
      const part = range ? bytes.subarray(range.start, range.endInclusive + 1) : bytes
      return { object: info, range, stream: Readable.from(part.length === 0 ? [] : [part]) }
    },
    async headObject({ bucket, key, range }) {
      return { object: find(bucket, key).info, range: parseRange(range) }
    },
    async deleteObject({ bucket, key }) {
      objects.delete(`${bucket}/${key}`)
    },
    async deleteObjects({ bucket, keys }) {
      for (const key of keys) objects.delete(`${bucket}/${key}`)
      return keys.map((key) => ({
        key,
        error: key.startsWith('locked') ? new S3Error('AccessDenied') : undefined,
      }))
    },
    async copyObject({ bucket, key, source, replaceMetadata, acl }) {
      const { bytes, info } = find(source.bucket, source.key)
      const { tags } = info
      return put(`${bucket}/${key}`, bytes, replaceMetadata ?? info.metadata, { acl, tags })
    },
    async getObjectAttributes({ bucket, key }) {
      return { object: find(bucket, key).info, parts: [], nextAfterPartNumber: undefined }
    },
    async listObjects({ bucket, prefix, after, maxKeys }) {
      if (!buckets.has(bucket)) throw new S3Error('NoSuchBucket')
      const all = [...objects.entries()]
        .filter(([path]) => path.startsWith(`${bucket}/`))
        .map(([, { info }]) => ({ ...info, kind: 'object' as const }))
        .filter(({ key }) => key.startsWith(prefix) && key > after)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
      const entries = all.slice(0, maxKeys)
      const isLast = entries.length === all.length
      return { entries, nextAfter: isLast ? undefined : entries.at(-1)?.key }
    },
  } satisfies Partial<Bridge>
}

function uploadMethods() {
  const parts: Part[] = []
  return {
    async createMultipartUpload() {
      return { uploadId: 'upload-1' }
    },
    async uploadPart({ partNumber, body }) {
      const bytes = await buffer(body.stream)
      const etag = md5(bytes)
      const checksums = body.checksums()
      parts.push({ partNumber, sizeBytes: bytes.length, etag, modified: fakeModified, checksums })
      return { etag, modified: fakeModified, checksums }
    },
    async uploadPartCopy({ partNumber }) {
      const etag = md5(Buffer.from(String(partNumber)))
      return { etag, modified: fakeModified, checksums: {} }
    },
    async completeMultipartUpload({ parts: wanted }) {
      const etag = `${md5(Buffer.from('all'))}-${wanted.length}`
      return { etag, checksums: undefined, stored: { sizeBytes: 3, tags: [] } }
    },
    async abortMultipartUpload() {},
    async listParts({ afterPartNumber, maxParts }) {
      const all = parts.filter(({ partNumber }) => partNumber > afterPartNumber)
      const page = all.slice(0, maxParts)
      const next = page.length < all.length ? page.at(-1)?.partNumber : undefined
      return {
        parts: page,
        nextAfterPartNumber: next,
        initiator: undefined,
        storageClass: 'STANDARD',
        checksumAlgorithm: undefined,
        checksumType: undefined,
      }
    },
    async listMultipartUploads() {
      return { entries: [], nextMarkers: undefined }
    },
  } satisfies Partial<Bridge>
}

/** Only `bytes=a-b`, within the object. */
function parseRange(header: string | undefined) {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(header ?? '') ?? []
  return start === undefined ? undefined : { start: Number(start), endInclusive: Number(end) }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}
