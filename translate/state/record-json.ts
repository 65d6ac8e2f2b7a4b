// What the bridge keeps of objects and uploads as JSON text, for implementations whose rows hold it so.
import { z } from 'zod'
import type { Checksums, ObjectLabels, ObjectMetadata } from '../bridge.ts'
import { checksumAlgorithms } from '../checksum.ts'
import type { ListedRecord, ObjectRecord, UploadRecord, UploadResult } from './records.ts'

/** The part of a record that nobody searches by. */
export type ObjectData = Pick<
  ObjectRecord,
  'metadata' | 'multipartEtag' | 'partCount' | 'checksums' | keyof ObjectLabels
>
export type UploadData = Pick<
  UploadRecord,
  'metadata' | 'initiator' | 'checksumAlgorithm' | 'checksumType' | keyof ObjectLabels
>

export function renderObjectData(data: ObjectData): string {
  return JSON.stringify({
    metadata: toJson(data.metadata),
    multipartEtag: data.multipartEtag,
    partCount: data.partCount,
    checksums: data.checksums,
    ...labelsToJson(data),
  })
}

export function parseObjectData(text: string): ObjectData {
  const json = objectData.parse(JSON.parse(text))
  return {
    metadata: fromJson(json.metadata),
    multipartEtag: json.multipartEtag,
    partCount: json.partCount,
    checksums: json.checksums,
    ...labelsFromJson(json),
  }
}

/** Where `renderObjectData` puts what a listing shows, as arguments of SQLite's `json_extract`. */
export const listedPaths = "'$.multipartEtag', '$.storageClass', '$.checksums'"

/** What `json_extract` gives for `listedPaths`. */
export function parseListedData(text: string): ListedRecord {
  // Most objects were sent in one piece, with no wish for a class and by clients that send no checksum.
  if (text === '[null,null,null]') return nothingListed
  const [multipartEtag, storageClass, listedChecksums] = listedData.parse(JSON.parse(text))
  return {
    multipartEtag: multipartEtag ?? undefined,
    storageClass: storageClass ?? undefined,
    checksums: listedChecksums ?? undefined,
  }
}

export function renderUploadData(data: UploadData): string {
  return JSON.stringify({
    metadata: toJson(data.metadata),
    initiator: data.initiator,
    checksumAlgorithm: data.checksumAlgorithm,
    checksumType: data.checksumType,
    ...labelsToJson(data),
  })
}

export function parseUploadData(text: string): UploadData {
  const json = uploadData.parse(JSON.parse(text))
  return {
    metadata: fromJson(json.metadata),
    ...(json.initiator !== undefined && { initiator: json.initiator }),
    checksumAlgorithm: json.checksumAlgorithm,
    checksumType: json.checksumType,
    ...labelsFromJson(json),
  }
}

export function renderUploadResult(result: UploadResult): string {
  return JSON.stringify(result)
}

export function parseUploadResult(text: string): UploadResult {
  const { etag, checksums, list } = uploadResult.parse(JSON.parse(text))
  return { etag, checksums, ...(list !== undefined && { list }) }
}

export function renderPartChecksums(values: Checksums['values']): string {
  return JSON.stringify(values)
}

export function parsePartChecksums(text: string): Checksums['values'] {
  return checksumValues.parse(JSON.parse(text))
}

const checksumAlgorithm = z.enum(checksumAlgorithms)
const checksumType = z.enum(['FULL_OBJECT', 'COMPOSITE'])
const value = z.string().exactOptional()
const checksumValues = z.partialRecord(checksumAlgorithm, z.string())
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
/** Tags as pairs. */
const labels = {
  tags: z.array(z.tuple([z.string(), z.string()])).optional(),
  storageClass: z.string().optional(),
  acl: z.string().optional(),
}
const objectData = z.object({
  metadata,
  multipartEtag: z.string().optional(),
  partCount: z.int().optional(),
  checksums: checksums.optional(),
  ...labels,
})
const listedData = z.tuple([z.string().nullable(), z.string().nullable(), checksums.nullable()])
const nothingListed: ListedRecord = {
  multipartEtag: undefined,
  storageClass: undefined,
  checksums: undefined,
}
const uploadData = z.object({
  metadata,
  initiator: z.object({ id: z.string(), name: z.string() }).optional(),
  checksumAlgorithm: checksumAlgorithm.optional(),
  checksumType: checksumType.optional(),
  ...labels,
})
const uploadResult = z.object({
  etag: z.string(),
  checksums: checksums.optional(),
  list: z.string().optional(),
})

/** User metadata as pairs: a name may be `__proto__`, which objects treat in their own way. */
function toJson(data: ObjectMetadata): z.infer<typeof metadata> {
  return { ...data, user: Object.entries(data.user) }
}

function fromJson(json: z.infer<typeof metadata>): ObjectMetadata {
  return { ...json, user: Object.fromEntries(json.user) }
}

type LabelsJson = {
  readonly tags?: [key: string, value: string][] | undefined
  readonly storageClass?: string | undefined
  readonly acl?: string | undefined
}

function labelsToJson({ tags, storageClass, acl }: ObjectLabels): LabelsJson {
  return { tags: tags?.map(({ key, value }) => [key, value]), storageClass, acl }
}

function labelsFromJson({ tags, storageClass, acl }: LabelsJson): ObjectLabels {
  return {
    ...(tags !== undefined && { tags: tags.map(([key, value]) => ({ key, value })) }),
    ...(storageClass !== undefined && { storageClass }),
    ...(acl !== undefined && { acl }),
  }
}
