// What the bridge keeps of objects and uploads as JSON text, for implementations whose rows hold it so.
import { z } from 'zod'
import type { Checksums, ObjectMetadata } from '../bridge.ts'
import type { ObjectRecord, UploadRecord } from './state.ts'

/** The part of a record that nobody searches by. */
export type ObjectData = Pick<
  ObjectRecord,
  'metadata' | 'multipartEtag' | 'partSizesBytes' | 'checksums'
>
export type UploadData = Pick<UploadRecord, 'metadata' | 'checksumAlgorithm' | 'checksumType'>
export type UploadResult = NonNullable<UploadRecord['result']>

export function renderObjectData(data: ObjectData): string {
  return JSON.stringify({
    metadata: toJson(data.metadata),
    multipartEtag: data.multipartEtag,
    partSizes: toRuns(data.partSizesBytes),
    checksums: data.checksums,
  })
}

export function parseObjectData(text: string): ObjectData {
  const json = objectData.parse(JSON.parse(text))
  return {
    metadata: fromJson(json.metadata),
    multipartEtag: json.multipartEtag,
    partSizesBytes: fromRuns(json.partSizes),
    checksums: json.checksums,
  }
}

export function renderUploadData(data: UploadData): string {
  return JSON.stringify({
    metadata: toJson(data.metadata),
    checksumAlgorithm: data.checksumAlgorithm,
    checksumType: data.checksumType,
  })
}

export function parseUploadData(text: string): UploadData {
  const json = uploadData.parse(JSON.parse(text))
  return {
    metadata: fromJson(json.metadata),
    checksumAlgorithm: json.checksumAlgorithm,
    checksumType: json.checksumType,
  }
}

export function renderUploadResult(result: UploadResult): string {
  return JSON.stringify(result)
}

export function parseUploadResult(text: string): UploadResult {
  const { etag, checksums } = uploadResult.parse(JSON.parse(text))
  return { etag, checksums }
}

export function renderPartChecksums(values: Checksums['values']): string {
  return JSON.stringify(values)
}

export function parsePartChecksums(text: string): Checksums['values'] {
  return checksumValues.parse(JSON.parse(text))
}

const checksumAlgorithm = z.enum(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'])
const checksumType = z.enum(['FULL_OBJECT', 'COMPOSITE'])
const value = z.string().exactOptional()
const checksumValues = z.object({
  CRC32: value,
  CRC32C: value,
  CRC64NVME: value,
  SHA1: value,
  SHA256: value,
})
const checksums = z.object({ type: checksumType, values: checksumValues })
const metadata = z.object({
  contentType: value,
  cacheControl: value,
  contentDisposition: value,
  contentEncoding: value,
  contentLanguage: value,
  expires: value,
  websiteRedirectLocation: value,
  user: z.array(z.tuple([z.string(), z.string()])),
})
const objectData = z.object({
  metadata,
  multipartEtag: z.string().optional(),
  partSizes: z.array(z.tuple([z.int(), z.int()])),
  checksums: checksums.optional(),
})
const uploadData = z.object({
  metadata,
  checksumAlgorithm: checksumAlgorithm.optional(),
  checksumType: checksumType.optional(),
})
const uploadResult = z.object({ etag: z.string(), checksums: checksums.optional() })

/** User metadata as pairs: a name may be `__proto__`, which objects treat in their own way. */
function toJson(data: ObjectMetadata): z.infer<typeof metadata> {
  return { ...data, user: Object.entries(data.user) }
}

function fromJson(json: z.infer<typeof metadata>): ObjectMetadata {
  return { ...json, user: Object.fromEntries(json.user) }
}

/** Sizes as runs of (size, count): all parts but the last usually have one size, and may be 10,000. */
function toRuns(sizesBytes: readonly number[]): [sizeBytes: number, count: number][] {
  const runs: [number, number][] = []
  for (const sizeBytes of sizesBytes) {
    const last = runs.at(-1)
    if (last?.[0] === sizeBytes) last[1] += 1
    else runs.push([sizeBytes, 1])
  }
  return runs
}

function fromRuns(runs: readonly [sizeBytes: number, count: number][]): number[] {
  return runs.flatMap(([sizeBytes, count]) => Array<number>(count).fill(sizeBytes))
}
