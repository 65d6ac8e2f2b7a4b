// The operations that S3 has and this server does not offer (yet). Each answers NotImplemented by its
// name; none of them can reach a handler that does something else.
import type { Method, Resource, Row } from './row.ts'

const bucket = (method: Method, ...query: string[]) => row(method, 'bucket', query, [])
const object = (method: Method, ...query: string[]) => row(method, 'object', query, ['versionId'])

function row(method: Method, resource: Resource, query: string[], also: string[]): Row {
  return { method, resource, query, also, handler: 'not-offered' }
}

export const notOffered = {
  ListDirectoryBuckets: row('GET', 'service', ['x-id=ListDirectoryBuckets'], []),
  CreateSession: bucket('GET', 'session'),

  GetBucketAbac: bucket('GET', 'abac'),
  PutBucketAbac: bucket('PUT', 'abac'),
  PutBucketAccelerateConfiguration: bucket('PUT', 'accelerate'),
  PutBucketAnalyticsConfiguration: bucket('PUT', 'analytics'),
  PutBucketIntelligentTieringConfiguration: bucket('PUT', 'intelligent-tiering'),
  PutBucketInventoryConfiguration: bucket('PUT', 'inventory'),
  UpdateBucketMetadataAnnotationTableConfiguration: bucket('PUT', 'metadataAnnotationTable'),
  GetBucketMetadataConfiguration: bucket('GET', 'metadataConfiguration'),
  CreateBucketMetadataConfiguration: bucket('POST', 'metadataConfiguration'),
  DeleteBucketMetadataConfiguration: bucket('DELETE', 'metadataConfiguration'),
  UpdateBucketMetadataInventoryTableConfiguration: bucket('PUT', 'metadataInventoryTable'),
  UpdateBucketMetadataJournalTableConfiguration: bucket('PUT', 'metadataJournalTable'),
  GetBucketMetadataTableConfiguration: bucket('GET', 'metadataTable'),
  CreateBucketMetadataTableConfiguration: bucket('POST', 'metadataTable'),
  DeleteBucketMetadataTableConfiguration: bucket('DELETE', 'metadataTable'),
  PutBucketMetricsConfiguration: bucket('PUT', 'metrics'),
  PutObjectLockConfiguration: bucket('PUT', 'object-lock'),
  PutBucketReplication: bucket('PUT', 'replication'),
  PutBucketWebsite: bucket('PUT', 'website'),

  ListObjectAnnotations: object('GET', 'annotation'),
  GetObjectAnnotation: object('GET', 'annotation', 'annotationName'),
  PutObjectAnnotation: object('PUT', 'annotation'),
  DeleteObjectAnnotation: object('DELETE', 'annotation'),
  UpdateObjectEncryption: object('PUT', 'encryption'),
  PutObjectLegalHold: object('PUT', 'legal-hold'),
  RenameObject: object('PUT', 'renameObject'),
  RestoreObject: object('POST', 'restore'),
  PutObjectRetention: object('PUT', 'retention'),
  SelectObjectContent: object('POST', 'select'),
  GetObjectTorrent: object('GET', 'torrent'),
} as const satisfies Record<string, Row>
