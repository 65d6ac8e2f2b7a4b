// What an S3 server can ask of the bridge: one method per S3 operation, on typed values. Every method
// throws S3Error and nothing else that a client should be told about. No header name, XML or status
// code comes in here, and no Jottacloud word goes out.
import type { Readable } from 'node:stream'
import type { ObjectLabels, ObjectMetadata, Tag } from './object-facts.ts'
import type {
  CompleteMultipartUploadInput,
  CompleteMultipartUploadResult,
  CreateMultipartUploadInput,
  ListMultipartUploadsInput,
  ListMultipartUploadsResult,
  ListPartsInput,
  ListPartsResult,
  UploadAddress,
  UploadPartCopyInput,
  UploadPartInput,
  UploadPartResult,
} from './upload-types.ts'

export type { ObjectLabels, ObjectMetadata, Tag } from './object-facts.ts'
export type * from './upload-types.ts'

/** Belongs to one S3 request. */
export type RequestContext = {
  readonly requestId: string
  /** Aborts when the client goes away or the server gives up. */
  readonly signal: AbortSignal
  /** Raised by one for each request sent upstream. */
  readonly counter: { upstreamCalls: number }
  /**
   * How long to wait for a key that is kept by a request whose client has gone: `limited` when left out, since clients
   * leave after a silence and do not know why. For an answer that breaks the silence by itself, as long as it takes.
   */
  readonly patience?: 'limited' | 'unlimited'
}

export type ChecksumAlgorithm =
  | 'CRC32'
  | 'CRC32C'
  | 'CRC64NVME'
  | 'MD5'
  | 'SHA1'
  | 'SHA256'
  | 'SHA512'
  | 'XXHASH3'
  | 'XXHASH64'
  | 'XXHASH128'

/** Base64 values. `FULL_OBJECT` is over all bytes; `COMPOSITE` over the checksums of the parts. */
export type Checksums = {
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
  readonly values: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
}

/** Unquoted ETags; dates to the second. The wildcard is the ETag `*`. */
export type Conditions = {
  readonly ifMatch?: readonly string[]
  readonly ifNoneMatch?: readonly string[]
  readonly ifModifiedSince?: Date
  readonly ifUnmodifiedSince?: Date
}

/**
 * A request body as decoded and verified bytes. Its stream fails with an S3Error (IncompleteBody,
 * BadDigest of a checksum, XAmzContentSHA256Mismatch, SignatureDoesNotMatch of a chunk, …) before it
 * ends when the bytes are not what the request declared: the end of the stream is the proof.
 */
export type ObjectBody = {
  /** Starts to flow, and answers `Expect: 100-continue`, only when it is read. */
  readonly stream: Readable
  /** Decoded bytes, as announced; the stream ends cleanly only after exactly so many. */
  readonly sizeBytes: number
  /**
   * Set when nobody announced a size, as in a form: `sizeBytes` is then the most that can come, and the
   * stream may end cleanly before. Such a body has to be received whole before its size is known.
   */
  readonly sizeIs?: 'at-most'
  /** Lower-case hex of Content-MD5. The bridge compares it, since it computes the MD5 anyway. */
  readonly md5?: string
  /** What `checksums` will hold. Absent: nobody was asked, so the bridge may compute what it needs. */
  readonly declaredChecksum?: ChecksumAlgorithm | 'none'
  /** The verified checksums; complete once the stream has ended. */
  readonly checksums: () => Checksums['values']
}

/** What S3 lets a client set on a bucket as a whole; each is kept as one JSON text. */
export type BucketConfigurationName = import('./state/records.ts').BucketConfigurationName
export type BucketConfigurations = ReadonlyMap<BucketConfigurationName, string>

export type ObjectAddress = { readonly bucket: string; readonly key: string }

export type Bucket = { readonly name: string; readonly created: Date }

export type ObjectInfo = {
  readonly key: string
  readonly sizeBytes: number
  readonly modified: Date
  /** When it was stored, or `modified` where that is later: what its age is counted from. */
  readonly ageFrom: Date
  /** Unquoted: an MD5 in hex, or `hex-N` for a multipart upload. */
  readonly etag: string
  readonly metadata: ObjectMetadata
  readonly checksums: Checksums | undefined
  /** `undefined` unless the object was a multipart upload. */
  readonly partCount: number | undefined
  readonly tags: readonly Tag[]
  readonly storageClass: string
  readonly acl: string | undefined
}

export type ByteRange = { readonly start: number; readonly endInclusive: number }

export type GetObjectResult = {
  readonly object: ObjectInfo
  /** Set when the answer is a part of the object. */
  readonly range: ByteRange | undefined
  /** Of the part that was asked for, where the object has parts. */
  readonly partChecksums?: Checksums['values']
  readonly stream: Readable
}

export type ReadObjectInput = ObjectAddress & {
  readonly conditions: Conditions
  /** The raw Range header. */
  readonly range: string | undefined
  /** Asks for one part, counted from 1; then without `range`. */
  readonly partNumber?: number
  /**
   * What `keptLabels` said when the reader was let in: an object with another ACL or other tags is
   * AccessDenied.
   */
  readonly seen?: ObjectLabels | undefined
}

/** A piece of an object that was a part of its multipart upload, counted from 1 without gaps. */
export type ObjectPart = {
  readonly partNumber: number
  /** Offset of its first byte in the object. */
  readonly start: number
  readonly sizeBytes: number
  readonly checksums: Checksums['values']
}

export type GetObjectAttributesInput = Pick<ReadObjectInput, 'bucket' | 'key' | 'seen'> & {
  /** `undefined` asks for no parts. */
  readonly parts: { readonly afterPartNumber: number; readonly maxParts: number } | undefined
}
export type GetObjectAttributesResult = {
  readonly object: ObjectInfo
  readonly parts: readonly ObjectPart[]
  readonly nextAfterPartNumber: number | undefined
}

/** What an object must be to be deleted; the ETag wildcard is `*`, dates count to the second. */
export type DeleteConditions = {
  readonly ifMatch?: readonly string[]
  readonly sizeBytes?: number
  readonly modified?: Date
}

export type PutObjectInput = ObjectAddress &
  ObjectLabels & {
    readonly body: ObjectBody
    readonly metadata: ObjectMetadata
    readonly conditions: Conditions
  }

export type PutObjectResult = { readonly etag: string; readonly checksums: Checksums | undefined }

export type CopyObjectInput = ObjectAddress & {
  readonly source: ObjectAddress
  /** Of the source. */
  readonly sourceConditions: Conditions
  /** On what the copy replaces. */
  readonly conditions?: Conditions
  /** `undefined` copies the source's, but for its redirect, which S3 never copies. */
  readonly replaceMetadata: ObjectMetadata | undefined
  /** Of a copy that has the source's metadata otherwise. */
  readonly websiteRedirectLocation?: string
  /** Absent copies the source's. */
  readonly replaceTags?: readonly Tag[]
  /** Absent is `STANDARD`, whatever the source has. */
  readonly storageClass?: string
  /** The checksum that the copy gets; absent keeps the source's, where that is of the full object. */
  readonly checksumAlgorithm?: ChecksumAlgorithm
  /** Of the copy; the source's is not copied. */
  readonly acl?: string
  /** Of the source, as `ReadObjectInput` has it. */
  readonly sourceSeen?: ObjectLabels | undefined
}

export type CopyObjectResult = PutObjectResult & Pick<ObjectInfo, 'modified' | 'sizeBytes' | 'tags'>

export type ListObjectsInput = {
  readonly bucket: string
  readonly prefix: string
  readonly delimiter: string
  /** Only names after this one, in UTF-8 byte order; a common prefix counts as the name it is. */
  readonly after: string
  readonly maxKeys: number
  /**
   * `nextCursor` of the page before: makes this page cheap and is never needed for it to be right. Absent
   * for a listing that begins here.
   */
  readonly cursor?: string | undefined
  /** Who lists, when it can go on by `after` alone: the cursor is then remembered for it. */
  readonly reader?: string | undefined
}

export type ListedObject = {
  readonly kind: 'object'
  readonly key: string
  readonly sizeBytes: number
  readonly modified: Date
  readonly etag: string
  readonly storageClass: string
  readonly checksums: Checksums | undefined
}
export type ListedPrefix = { readonly kind: 'prefix'; readonly prefix: string }

export type ListObjectsResult = ListObjectsEnd & {
  /** Objects and common prefixes together, in UTF-8 byte order; at most `maxKeys`. */
  readonly entries: readonly (ListedObject | ListedPrefix)[]
}

/** Gets the entries of a page in order, some at a time. */
export type TakeListed = (entries: ListObjectsResult['entries']) => void

export type ListObjectsEnd = {
  /** Where the next page goes on (as `after`); `undefined` when this is the last. */
  readonly nextAfter: string | undefined
  /** To be given back with `nextAfter`; opaque, of letters and digits, perhaps empty. */
  readonly nextCursor?: string | undefined
}

export type DeleteObjectsResult = readonly {
  readonly key: string
  /** `undefined` when the object is gone, or never was. */
  readonly error: import('./s3-error.ts').S3Error | undefined
}[]

export interface Bridge {
  listBuckets(context: RequestContext): Promise<Bucket[]>
  /**
   * `configurations` are the new bucket's from its first moment. Throws BucketAlreadyOwnedByYou,
   * InvalidBucketName.
   */
  createBucket(
    bucket: string,
    context: RequestContext,
    configurations?: BucketConfigurations,
  ): Promise<void>
  /** Throws NoSuchBucket. */
  headBucket(bucket: string, context: RequestContext): Promise<void>
  /**
   * Whether the bucket may exist, for askers who may be anybody: Jottacloud is asked once in a while for all of
   * them together, and only about buckets of which nothing is kept.
   */
  bucketMayExist(bucket: string, context: RequestContext): Promise<boolean>
  /** Throws BucketNotEmpty. */
  deleteBucket(bucket: string, context: RequestContext): Promise<void>
  /**
   * What is kept of a bucket, whether it exists or not, without asking Jottacloud: for what must be known
   * before a request is let in.
   */
  bucketConfigurations(bucket: string): Promise<BucketConfigurations>
  /** `text` of `undefined` removes it. Throws NoSuchBucket. */
  setBucketConfiguration(
    input: {
      readonly bucket: string
      readonly name: BucketConfigurationName
      readonly text: string | undefined
    },
    context: RequestContext,
  ): Promise<void>

  /** Returns once Jottacloud has confirmed the content and the metadata is stored. */
  putObject(input: PutObjectInput, context: RequestContext): Promise<PutObjectResult>
  /**
   * `range` is the raw Range header: one that S3 ignores gives the whole object, one that cannot be
   * satisfied throws InvalidRange, and a part that is not there InvalidPartNumber; part 1 of what has
   * no parts is the whole. Throws NoSuchKey, PreconditionFailed, NotModified (with ETag and
   * Last-Modified in its elements).
   */
  getObject(input: ReadObjectInput, context: RequestContext): Promise<GetObjectResult>
  headObject(
    input: ReadObjectInput,
    context: RequestContext,
  ): Promise<Omit<GetObjectResult, 'stream'>>
  /** Throws NoSuchKey. */
  getObjectAttributes(
    input: GetObjectAttributesInput,
    context: RequestContext,
  ): Promise<GetObjectAttributesResult>
  /** A key that is not there is no error. Throws PreconditionFailed. */
  deleteObject(
    input: ObjectAddress & { readonly conditions?: DeleteConditions },
    context: RequestContext,
  ): Promise<void>
  /** Results in the order of the keys. A key may come again with other conditions. */
  deleteObjects(
    input: {
      readonly bucket: string
      readonly keys: readonly string[]
      /** In the order of the keys. */
      readonly conditions?: readonly (DeleteConditions | undefined)[]
    },
    context: RequestContext,
  ): Promise<DeleteObjectsResult>
  /** Throws what reading the source throws, and InvalidRequest for one that is too large. */
  copyObject(input: CopyObjectInput, context: RequestContext): Promise<CopyObjectResult>
  /**
   * Labels of what was last written under a key, without asking Jottacloud, where it may have been replaced
   * since. `undefined` when nothing is kept of it.
   */
  keptLabels(input: ObjectAddress): Promise<ObjectLabels | undefined>
  /** Replaces the ACL; content and time of the object stay. Throws NoSuchKey. */
  putObjectAcl(
    input: ObjectAddress & { readonly acl: string },
    context: RequestContext,
  ): Promise<void>
  /** Throws NoSuchKey, as the two below. */
  getObjectTagging(input: ObjectAddress, context: RequestContext): Promise<readonly Tag[]>
  /** Replaces all tags; content and time of the object stay. */
  putObjectTagging(
    input: ObjectAddress & { readonly tags: readonly Tag[] },
    context: RequestContext,
  ): Promise<void>
  deleteObjectTagging(input: ObjectAddress, context: RequestContext): Promise<void>
  listObjects(input: ListObjectsInput, context: RequestContext): Promise<ListObjectsResult>
  /**
   * The same for a page that need not be held as a whole. Others have their turn each time that `take` returned; when
   * this rejects, it may have had some entries.
   */
  listObjectsInto(
    input: ListObjectsInput,
    context: RequestContext,
    take: TakeListed,
  ): Promise<ListObjectsEnd>

  createMultipartUpload(
    input: CreateMultipartUploadInput,
    context: RequestContext,
  ): Promise<{ readonly uploadId: string }>
  /** Throws InvalidRequest for another checksum than the upload was begun with. */
  uploadPart(input: UploadPartInput, context: RequestContext): Promise<UploadPartResult>
  /** Throws what reading the source throws, and InvalidRange for a range that reaches past its end. */
  uploadPartCopy(input: UploadPartCopyInput, context: RequestContext): Promise<UploadPartResult>
  /** Throws NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall before the transfer starts. */
  completeMultipartUpload(
    input: CompleteMultipartUploadInput,
    context: RequestContext,
  ): Promise<CompleteMultipartUploadResult>
  abortMultipartUpload(input: UploadAddress, context: RequestContext): Promise<void>
  listParts(input: ListPartsInput, context: RequestContext): Promise<ListPartsResult>
  listMultipartUploads(
    input: ListMultipartUploadsInput,
    context: RequestContext,
  ): Promise<ListMultipartUploadsResult>
}
