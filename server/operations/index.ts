// The one table of what S3 can be asked: method, resource, sub-resource -> handler. It is closed: a
// request that no row takes is refused in detect.ts, and what S3 has but this server does not offer is
// listed in not-offered.ts. Not offered now: versions, object lock, website.
// Storage classes are kept and shown.
import { abortMultipartUpload } from './abort-multipart-upload.ts'
import { accessControl } from './access-control.ts'
import { completeMultipartUpload } from './complete-multipart-upload.ts'
import { configured } from './configured.ts'
import { copyObject } from './copy-object.ts'
import { createBucket } from './create-bucket.ts'
import { createMultipartUpload } from './create-multipart-upload.ts'
import { deleteBucket } from './delete-bucket.ts'
import { deleteObject } from './delete-object.ts'
import { deleteObjectTagging } from './delete-object-tagging.ts'
import { deleteObjects } from './delete-objects.ts'
import { getBucketLocation } from './get-bucket-location.ts'
import { getBucketVersioning } from './get-bucket-versioning.ts'
import { getObject } from './get-object.ts'
import { getObjectAttributes } from './get-object-attributes.ts'
import { getObjectTagging } from './get-object-tagging.ts'
import { headBucket } from './head-bucket.ts'
import { headObject } from './head-object.ts'
import { listBuckets } from './list-buckets.ts'
import { listMultipartUploads } from './list-multipart-uploads.ts'
import { listObjectVersions } from './list-object-versions.ts'
import { listObjects } from './list-objects.ts'
import { listObjectsV2 } from './list-objects-v2.ts'
import { listParts } from './list-parts.ts'
import { notConfigured } from './not-configured.ts'
import { notOffered } from './not-offered.ts'
import { postObject } from './post-object.ts'
import { putBucketVersioning } from './put-bucket-versioning.ts'
import { putObject } from './put-object.ts'
import { putObjectTagging } from './put-object-tagging.ts'
import { bucketRow, objectRow, type Row } from './row.ts'
import { uploadPart } from './upload-part.ts'
import { uploadPartCopy } from './upload-part-copy.ts'

const version = ['versionId']
const reads = ['versionId', 'partNumber']
const part = ['partNumber', 'uploadId']
const copy = 'x-amz-copy-source'

const table = {
  ListBuckets: { method: 'GET', resource: 'service', handler: listBuckets },

  CreateBucket: { method: 'PUT', resource: 'bucket', handler: createBucket },
  HeadBucket: { method: 'HEAD', resource: 'bucket', handler: headBucket },
  DeleteBucket: { method: 'DELETE', resource: 'bucket', handler: deleteBucket },
  GetBucketLocation: bucketRow('GET', 'location', getBucketLocation),
  GetBucketVersioning: bucketRow('GET', 'versioning', getBucketVersioning),
  PutBucketVersioning: bucketRow('PUT', 'versioning', putBucketVersioning),
  ListObjects: { method: 'GET', resource: 'bucket', handler: listObjects },
  ListObjectsV2: bucketRow('GET', 'list-type=2', listObjectsV2),
  ListObjectVersions: bucketRow('GET', 'versions', listObjectVersions),
  ListMultipartUploads: bucketRow('GET', 'uploads', listMultipartUploads),
  DeleteObjects: bucketRow('POST', 'delete', deleteObjects),

  PostObject: { method: 'POST', resource: 'bucket', handler: postObject },
  PutObject: { method: 'PUT', resource: 'object', handler: putObject },
  CopyObject: { method: 'PUT', resource: 'object', header: copy, handler: copyObject },
  GetObject: { method: 'GET', resource: 'object', also: reads, handler: getObject },
  HeadObject: { method: 'HEAD', resource: 'object', also: reads, handler: headObject },
  DeleteObject: {
    method: 'DELETE',
    resource: 'object',
    also: version,
    handler: deleteObject,
  },
  GetObjectAttributes: { ...objectRow('GET', ['attributes'], getObjectAttributes), also: version },
  GetObjectTagging: { ...objectRow('GET', ['tagging'], getObjectTagging), also: version },
  PutObjectTagging: { ...objectRow('PUT', ['tagging'], putObjectTagging), also: version },
  DeleteObjectTagging: { ...objectRow('DELETE', ['tagging'], deleteObjectTagging), also: version },
  CreateMultipartUpload: objectRow('POST', ['uploads'], createMultipartUpload),
  UploadPart: objectRow('PUT', part, uploadPart),
  UploadPartCopy: { ...objectRow('PUT', part, uploadPartCopy), header: copy },
  CompleteMultipartUpload: objectRow('POST', ['uploadId'], completeMultipartUpload),
  AbortMultipartUpload: objectRow('DELETE', ['uploadId'], abortMultipartUpload),
  ListParts: objectRow('GET', ['uploadId'], listParts),

  ...accessControl,
  ...configured,
  ...notConfigured,
  ...notOffered,
} as const satisfies Record<string, Row>

export type OperationName = keyof typeof table

export const operations: Readonly<Record<OperationName, Row>> = table
