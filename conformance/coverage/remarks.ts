// What COVERAGE.md says of each operation that the table in server/operations offers: the one place for it.
// A new row there does not compile until it has its line here; a row of not-offered.ts needs none.
import type { OperationName } from '../../server/operations/index.ts'
import type { notOffered } from '../../server/operations/not-offered.ts'

export type OfferedOperation = Exclude<OperationName, keyof typeof notOffered>

export type Remark = {
  /** `differs`: a client that relies on AWS's answer can tell the two apart; the note says how. */
  readonly verdict: 'works' | 'differs'
  /** What a reader needs to know: limits, what is refused, what is not as on AWS. Markdown; may be empty. */
  readonly note: string
}

const works = (note = ''): Remark => ({ verdict: 'works', note })
const differs = (note: string): Remark => ({ verdict: 'differs', note })

/** In the order of the page. */
export const remarks: Readonly<Record<OfferedOperation, Remark>> = {
  ListBuckets: differs(
    "prefix and paging too; a bucket that was made elsewhere shows its mountpoint's last change, Jottacloud keeping no other time",
  ),
  CreateBucket: works('any location accepted; tags; object lock refused'),
  HeadBucket: works(),
  DeleteBucket: works("only when empty; to Jottacloud's trash"),
  GetBucketCors: works(),
  PutBucketCors: works('carried out: preflight, and headers on every answer'),
  DeleteBucketCors: works(),
  GetBucketEncryption: works('AES256 where the operator states it (`storeEncrypted`)'),
  PutBucketEncryption: differs('AES256 where the operator states it; KMS is NotImplemented'),
  DeleteBucketEncryption: works('nothing to remove: a bucket is as its store'),
  GetBucketLifecycleConfiguration: works(),
  PutBucketLifecycleConfiguration: differs(
    'expiration and abort of uploads are carried out once a day, always to the trash; transitions are NotImplemented; `x-amz-expiration` on reads and writes of objects',
  ),
  DeleteBucketLifecycle: works(),
  GetBucketTagging: works(),
  PutBucketTagging: works(),
  DeleteBucketTagging: works(),
  GetBucketLocation: works(),
  GetBucketVersioning: works('says "never enabled"'),
  PutBucketVersioning: differs('Enabled and Suspended are NotImplemented: versions come later'),
  GetBucketPolicy: works(),
  PutBucketPolicy: differs(
    'the S3 subset of IAM policy; principals are owners and access keys of this server; unknown condition keys refused',
  ),
  DeleteBucketPolicy: works(),
  GetBucketPolicyStatus: works(),
  GetPublicAccessBlock: differs('none on a new bucket'),
  PutPublicAccessBlock: works('all four flags act'),
  DeletePublicAccessBlock: works(),
  GetBucketOwnershipControls: differs('none on a new bucket'),
  PutBucketOwnershipControls: differs(
    "objects belong to the bucket's owner whatever is set; BucketOwnerEnforced turns ACLs off",
  ),
  DeleteBucketOwnershipControls: works(),
  GetBucketAcl: works(),
  PutBucketAcl: works('canned, headers and XML; grants to groups and to known owners; no e-mail'),
  ListObjects: works("S3's byte order, any delimiter"),
  ListObjectsV2: works("S3's byte order, any delimiter"),
  ListObjectVersions: works('every object is its own latest version, `null`'),
  ListMultipartUploads: works(),

  GetBucketAccelerateConfiguration: works('never set'),
  GetBucketLogging: works('never set'),
  PutBucketLogging: differs('empty only; a target is NotImplemented'),
  GetBucketNotificationConfiguration: works('never set'),
  PutBucketNotificationConfiguration: differs('empty only; anything else is NotImplemented'),
  GetBucketRequestPayment: works('BucketOwner'),
  PutBucketRequestPayment: differs('BucketOwner only; Requester is NotImplemented'),
  GetBucketReplication: works('never set'),
  DeleteBucketReplication: works('nothing to remove'),
  GetBucketWebsite: works('never set'),
  DeleteBucketWebsite: works('nothing to remove'),
  GetObjectLockConfiguration: works('never set'),
  ListBucketAnalyticsConfigurations: works('none'),
  GetBucketAnalyticsConfiguration: works('none'),
  DeleteBucketAnalyticsConfiguration: works('none'),
  ListBucketIntelligentTieringConfigurations: works('none'),
  GetBucketIntelligentTieringConfiguration: works('none'),
  DeleteBucketIntelligentTieringConfiguration: works('none'),
  ListBucketInventoryConfigurations: works('none'),
  GetBucketInventoryConfiguration: works('none'),
  DeleteBucketInventoryConfiguration: works('none'),
  ListBucketMetricsConfigurations: works('none'),
  GetBucketMetricsConfiguration: works('none'),
  DeleteBucketMetricsConfiguration: works('none'),

  PostObject: works(
    "form uploads with a policy: every condition, `success_action_*`, checksums (which need none); a form without a policy is nobody's, and taken where strangers may write; boto3's forms, sent by curl and as FormData: `clients/forms.test.ts`",
  ),
  PutObject: works(
    '`If-None-Match` (an ETag too), `If-Match`; tags, storage class; all ten checksums',
  ),
  GetObject: works('one range; `partNumber`; all four conditions; `response-*`'),
  HeadObject: works('as GetObject'),
  DeleteObject: works(
    '`If-Match`; size and time as conditions, as AWS has them for directory buckets',
  ),
  DeleteObjects: works('up to 1000; quiet; ETag, size and time of single objects as conditions'),
  CopyObject: works(
    'no bytes move; conditions on source and destination; metadata, tags and checksum copied or replaced; up to 5 GiB',
  ),
  GetObjectAttributes: works('parts in pages, with their checksums'),
  GetObjectAcl: works(),
  PutObjectAcl: works('as PutBucketAcl; also in headers of writes and forms'),
  GetObjectTagging: works(),
  PutObjectTagging: works('content and time of the object stay'),
  DeleteObjectTagging: works(),
  GetObjectRetention: works('buckets have no object lock'),
  GetObjectLegalHold: works('buckets have no object lock'),

  CreateMultipartUpload: works(),
  UploadPart: works('survives a crash once answered'),
  UploadPartCopy: works('bytes travel through the spool; `x-amz-copy-source-range`'),
  ListParts: works(),
  CompleteMultipartUpload: works(
    'part and whole checksums compared, composite and full; asked twice with one list of parts, answers twice',
  ),
  AbortMultipartUpload: works(),
}

/** How requests may be signed and framed, and which test shows it. */
export const signatures: readonly (readonly [what: string, provenBy: string])[] = [
  ['Version 4, header, hashed payload', 'aws-cli, boto3, s3cmd'],
  ['Version 4, header, UNSIGNED-PAYLOAD', '`conformance/raw/`'],
  ['Version 4, presigned', 'aws-sdk, boto3'],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER, all five checksums', 'aws-sdk'],
  [
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, with and without trailer',
    "`conformance/raw/`, AWS's published examples",
  ],
  ['Version 2, presigned', 'aws-cli 2.9, s3cmd'],
  ['Form policy, Version 4 and Version 2', "boto3's generate_presigned_post"],
  ['Version 2, header', "boto3, s3cmd, AWS's published examples"],
  ['SigV4A', 'refused'],
]
