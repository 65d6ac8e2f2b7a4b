// The numbers of S3 that this server holds itself to, each with the AWS page it comes from.

const kib = 1024
const mib = 1024 * kib
const gib = 1024 * mib

/** UTF-8 bytes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
export const keyMaxBytes = 1024

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
export const partSizeMinBytes = 5 * mib
export const partNumberMin = 1
export const partNumberMax = 10_000
/** AWS has since gone to 50 TB; what Jottacloud takes is unknown. */
export const objectSizeMaxBytes = 5 * 1024 * gib
export const listPartsMax = 1000
export const listUploadsMax = 1000

/** Of parts as well. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const putObjectSizeMaxBytes = 5 * gib
/** Of the source. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export const copyObjectSizeMaxBytes = 5 * gib

/**
 * Names and values together, in UTF-8.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export const userMetadataMaxBytes = 2 * kib

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
export const objectTagsMax = 10
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging.html */
export const bucketTagsMax = 50
/** Unicode characters, for tags of objects and buckets alike. */
export const tagKeyMaxCharacters = 128
export const tagValueMaxCharacters = 256

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export const deleteObjectsMax = 1000

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export const listObjectsMax = 1000

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export const listBucketsMax = 10_000

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
export const presignMaxSeconds = 604_800

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed) */
export const clockSkewMaxSeconds = 900

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
export const corsRulesMax = 100

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html */
export const lifecycleRulesMax = 1000
export const lifecycleIdMaxCharacters = 255
export const noncurrentVersionsMax = 100
