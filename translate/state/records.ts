// What the state keeps, and what its methods take and give: one type for each kind of row, whatever keeps it.
import type {
  ChecksumAlgorithm,
  Checksums,
  Initiator,
  ObjectAddress,
  ObjectLabels,
  ObjectMetadata,
  ObjectPart,
} from '../bridge.ts'

/** Metadata of one object, bound to the content that it describes. */
export type ObjectRecord = (ObjectLabels & ObjectAddress) & {
  /** Lower-case hex MD5 of the content in Jottacloud. */
  readonly md5: string
  readonly sizeBytes: number
  readonly metadata: ObjectMetadata
  /** `hex-N` when the object was a multipart upload, else `undefined`. */
  readonly multipartEtag: string | undefined
  /** `undefined` when it was no multipart upload. What the parts are is asked for apart. */
  readonly partCount: number | undefined
  readonly checksums: Checksums | undefined
}

/** What of a record a listing shows: reading the rest of a thousand takes longer than the page. */
export type ListedRecord = Pick<ObjectRecord, 'multipartEtag' | 'checksums'> & {
  readonly storageClass: string | undefined
}

/** A record as a write brings it, with the parts of a multipart upload in order. */
export type NewObjectRecord = Omit<ObjectRecord, 'partCount'> & {
  readonly parts?: readonly Pick<ObjectPart, 'sizeBytes' | 'checksums'>[]
}

/** The content that a record must describe to be valid. */
export type ContentIdentity = { readonly md5: string; readonly sizeBytes: number }

export type UploadStatus = 'open' | 'completing' | 'completed'

export type UploadRecord = (ObjectLabels & ObjectAddress) & {
  readonly uploadId: string
  readonly initiated: Date
  /** Of an upload that was begun before this was kept there is none. */
  readonly initiator?: Initiator
  readonly metadata: ObjectMetadata
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  readonly checksumType: Checksums['type'] | undefined
  readonly status: UploadStatus
  /** What Complete answered, kept so that asking twice gives the same; only when `completed`. */
  readonly result: UploadResult | undefined
}

export type UploadResult = {
  readonly etag: string
  readonly checksums: Checksums | undefined
  /** Digest of the list of parts that it was completed with; of one completed before this was kept there is none. */
  readonly list?: string | undefined
}

export type PartRecord = {
  readonly uploadId: string
  readonly partNumber: number
  readonly sizeBytes: number
  readonly md5: string
  readonly modified: Date
  readonly checksums: Checksums['values']
  /** Name of the spool file, unique for each attempt. */
  readonly fileName: string
}

/** What S3 lets a client set on a bucket as a whole, each kept as one JSON text. */
export const bucketConfigurationNames = [
  'acl',
  'cors',
  'created',
  'encryption',
  'lifecycle',
  'owner',
  'ownershipControls',
  'policy',
  'publicAccessBlock',
  'tagging',
] as const
export type BucketConfigurationName = (typeof bucketConfigurationNames)[number]

export type BucketConfigurationRecord = {
  readonly bucket: string
  readonly name: BucketConfigurationName
  /** JSON, as whoever reads it agreed with whoever wrote it. */
  readonly text: string
}

/** What was seen of a folder in Jottacloud, and what the bridge has put there since. */
export type FolderFacts = {
  /** As Jottacloud counts them, those in the trash included. */
  readonly entries: number
  /** Names in it are irregular forms, or may be. */
  readonly hasIrregular: boolean
  readonly hasShards: boolean
  /** When it was last seen as a whole, in milliseconds since the epoch; 0: never. */
  readonly learntMs: number
  /**
   * Goes on with everything that the bridge puts there: when it did last, in milliseconds since the epoch, or a
   * little more where much came at once; 0 when nothing is known of the folder.
   */
  readonly changes: number
}

export type FolderMark = {
  readonly place: string
  readonly isIrregular: boolean
  readonly isShard: boolean
}

export type LeaseHeld = { readonly holder: string; readonly names: readonly string[] }

/** What is known of how much a bucket holds. */
export type BucketUsage = {
  readonly countedBytes: number
  /** When the count began, in milliseconds since the epoch. */
  readonly countedMs: number
  /** Written since, whatever it replaced. */
  readonly addedBytes: number
  /** Of writes under way, and of those that a killed process had begun. */
  readonly pendingBytes: number
}
