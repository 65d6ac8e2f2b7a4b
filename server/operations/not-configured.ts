// What S3 lets clients set on a bucket or lock on an object and this server does not offer: to read it is
// answered as S3 answers where nothing was ever set, to remove it is done already, and to set it is refused
// (not-offered.ts) but where the client sets what is so anyway (put-nothing.ts). A bucket that is not there
// comes first: NoSuchBucket.
import { S3Error, type S3ErrorCode } from '../../translate/s3-error.ts'
import type { Handler, XmlValue } from '../operation.ts'
import { putBucketLogging, putBucketNotification, putBucketRequestPayment } from './put-nothing.ts'
import { bucketRow, objectRow, type Row } from './row.ts'
import { bucketOf, objectOf, refuseOtherVersions } from './wire/target.ts'

const emptyList = { IsTruncated: false } as const

export const notConfigured = {
  GetBucketAccelerateConfiguration: bucketRow(
    'GET',
    'accelerate',
    answers('AccelerateConfiguration'),
  ),
  GetBucketLogging: bucketRow('GET', 'logging', answers('BucketLoggingStatus')),
  PutBucketLogging: bucketRow('PUT', 'logging', putBucketLogging),
  GetBucketNotificationConfiguration: bucketRow(
    'GET',
    'notification',
    answers('NotificationConfiguration'),
  ),
  PutBucketNotificationConfiguration: bucketRow('PUT', 'notification', putBucketNotification),
  GetBucketRequestPayment: bucketRow(
    'GET',
    'requestPayment',
    answers('RequestPaymentConfiguration', { Payer: 'BucketOwner' }),
  ),
  PutBucketRequestPayment: bucketRow('PUT', 'requestPayment', putBucketRequestPayment),
  GetBucketReplication: bucketRow(
    'GET',
    'replication',
    misses('ReplicationConfigurationNotFoundError'),
  ),
  DeleteBucketReplication: bucketRow('DELETE', 'replication', removesNothing),
  GetBucketWebsite: bucketRow('GET', 'website', misses('NoSuchWebsiteConfiguration')),
  DeleteBucketWebsite: bucketRow('DELETE', 'website', removesNothing),
  GetObjectLockConfiguration: bucketRow(
    'GET',
    'object-lock',
    misses('ObjectLockConfigurationNotFoundError'),
  ),

  ListBucketAnalyticsConfigurations: bucketRow(
    'GET',
    'analytics',
    answers('ListBucketAnalyticsConfigurationResult', emptyList),
  ),
  GetBucketAnalyticsConfiguration: single('GET', 'analytics'),
  DeleteBucketAnalyticsConfiguration: single('DELETE', 'analytics'),
  ListBucketIntelligentTieringConfigurations: bucketRow(
    'GET',
    'intelligent-tiering',
    answers('ListBucketIntelligentTieringConfigurationsOutput', emptyList),
  ),
  GetBucketIntelligentTieringConfiguration: single('GET', 'intelligent-tiering'),
  DeleteBucketIntelligentTieringConfiguration: single('DELETE', 'intelligent-tiering'),
  ListBucketInventoryConfigurations: bucketRow(
    'GET',
    'inventory',
    answers('ListInventoryConfigurationsResult', emptyList),
  ),
  GetBucketInventoryConfiguration: single('GET', 'inventory'),
  DeleteBucketInventoryConfiguration: single('DELETE', 'inventory'),
  ListBucketMetricsConfigurations: bucketRow(
    'GET',
    'metrics',
    answers('ListMetricsConfigurationsResult', emptyList),
  ),
  GetBucketMetricsConfiguration: single('GET', 'metrics'),
  DeleteBucketMetricsConfiguration: single('DELETE', 'metrics'),

  GetObjectRetention: { ...objectRow('GET', ['retention'], missesLock), also: ['versionId'] },
  GetObjectLegalHold: { ...objectRow('GET', ['legal-hold'], missesLock), also: ['versionId'] },
} as const satisfies Record<string, Row>

/** One of several configurations of a kind, named by `id`. */
function single(method: 'GET' | 'DELETE', query: string): Row {
  return {
    method,
    resource: 'bucket',
    query: [query, 'id'],
    handler: misses('NoSuchConfiguration'),
  }
}

function answers(root: string, content: XmlValue = ''): Handler {
  return async (request, { bridge }) => {
    await bridge.headBucket(bucketOf(request), request.context)
    return { status: 200, body: { kind: 'xml', root, content } }
  }
}

function misses(code: S3ErrorCode): Handler {
  return async (request, { bridge }) => {
    const bucket = bucketOf(request)
    await bridge.headBucket(bucket, request.context)
    throw new S3Error(code, { elements: { BucketName: bucket } })
  }
}

/** The handler that removes what was never set. */
export async function removesNothing(
  request: Parameters<Handler>[0],
  { bridge }: Parameters<Handler>[1],
): ReturnType<Handler> {
  await bridge.headBucket(bucketOf(request), request.context)
  return { status: 204 }
}

/** An object cannot be locked where its bucket was not made for it. */
async function missesLock(
  request: Parameters<Handler>[0],
  { bridge }: Parameters<Handler>[1],
): ReturnType<Handler> {
  const { bucket, key } = objectOf(request)
  refuseOtherVersions(key, request.query.get('versionId'))
  await bridge.headBucket(bucket, request.context)
  throw new S3Error('InvalidRequest', {
    message: 'Bucket is missing Object Lock Configuration',
    elements: { BucketName: bucket },
  })
}
