// What an S3 server can ask of the bridge about multipart uploads: the types of its methods. They belong to
// bridge.ts, through which everybody has them.
import type {
  ByteRange,
  ChecksumAlgorithm,
  Checksums,
  Conditions,
  ListedPrefix,
  ObjectAddress,
  ObjectBody,
  ObjectInfo,
  ObjectLabels,
  ObjectMetadata,
} from './bridge.ts'

/** Who began an upload, in whatever form the S3 server shows it. */
export type Initiator = { readonly id: string; readonly name: string }

export type CreateMultipartUploadInput = ObjectAddress &
  ObjectLabels & {
    readonly initiator?: Initiator
    readonly metadata: ObjectMetadata
    readonly checksumAlgorithm: ChecksumAlgorithm | undefined
    readonly checksumType: Checksums['type'] | undefined
  }

export type UploadAddress = ObjectAddress & { readonly uploadId: string }

export type UploadPartInput = UploadAddress & {
  readonly partNumber: number
  readonly body: ObjectBody
}

export type UploadPartCopyInput = UploadAddress & {
  readonly partNumber: number
  readonly source: ObjectAddress
  /** Of the source. */
  readonly sourceConditions: Conditions
  /** As `ReadObjectInput` has it. */
  readonly sourceSeen?: ObjectLabels | undefined
  /** `undefined` copies all of it. */
  readonly sourceRange: ByteRange | undefined
}
export type UploadPartResult = {
  readonly etag: string
  readonly modified: Date
  readonly checksums: Checksums['values']
}

export type Part = {
  readonly partNumber: number
  readonly sizeBytes: number
  /** Unquoted MD5 in hex. */
  readonly etag: string
  readonly modified: Date
  readonly checksums: Checksums['values']
}

export type CompleteMultipartUploadInput = UploadAddress & {
  readonly parts: readonly {
    readonly partNumber: number
    readonly etag: string
    readonly checksums: Checksums['values']
  }[]
  readonly conditions: Conditions
  /**
   * What the client expects the whole object to be: another size is InvalidRequest, another checksum
   * BadDigest, before anything is stored. A checksum may be written as the composite one that it is.
   */
  readonly sizeBytes?: number | undefined
  readonly checksums?: Checksums['values'] | undefined
  /** Throws InvalidRequest where the upload was begun with another. */
  readonly checksumType?: Checksums['type'] | undefined
}

export type CompleteMultipartUploadResult = {
  readonly etag: string
  readonly checksums: Checksums | undefined
  /** Absent when another request has completed the upload. */
  readonly stored?: Pick<ObjectInfo, 'sizeBytes' | 'tags'>
}

export type ListPartsInput = UploadAddress & {
  readonly afterPartNumber: number
  readonly maxParts: number
}
export type ListPartsResult = {
  readonly parts: readonly Part[]
  readonly nextAfterPartNumber: number | undefined
  /** `undefined` for an upload from before that was kept. */
  readonly initiator: Initiator | undefined
  readonly storageClass: string
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  readonly checksumType: Checksums['type'] | undefined
}

export type ListMultipartUploadsInput = {
  readonly bucket: string
  readonly prefix: string
  readonly delimiter: string
  readonly keyMarker: string
  readonly uploadIdMarker: string
  readonly maxUploads: number
}
export type ListedUpload = {
  readonly kind: 'upload'
  readonly key: string
  readonly uploadId: string
  readonly initiated: Date
  /** `undefined` for an upload from before that was kept. */
  readonly initiator: Initiator | undefined
  readonly storageClass: string
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  readonly checksumType: Checksums['type'] | undefined
}
export type ListMultipartUploadsResult = {
  /** Uploads by key, then by time; common prefixes among them in byte order. */
  readonly entries: readonly (ListedUpload | ListedPrefix)[]
  readonly nextMarkers: { readonly keyMarker: string; readonly uploadIdMarker: string } | undefined
}
