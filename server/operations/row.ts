// What a row of the operation table is, and the closed list of sub-resources that rows speak of.
import type { Handler } from '../operation.ts'

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
export type Resource = 'service' | 'bucket' | 'object'

export type Row = {
  readonly method: Method
  readonly resource: Resource
  /** Query parameters that must all be there; `name=value` asks for that value as well. */
  readonly query?: readonly string[]
  /** Sub-resources that may be there besides; the handler answers for them. */
  readonly also?: readonly string[]
  /** A header that must be there, in lower case. */
  readonly header?: string
  readonly handler: Handler | 'not-offered'
}

/** Whether it may change anything: told by the method, so that no row can forget to say it. */
export function mayWrite({ method }: Pick<Row, 'method'>): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

export function bucketRow(method: Method, query: string, handler: Row['handler']): Row {
  return { method, resource: 'bucket', query: [query], handler }
}

export function objectRow(method: Method, query: readonly string[], handler: Row['handler']): Row {
  return { method, resource: 'object', query, handler }
}

/**
 * Every query parameter by which S3 names another thing than the bucket or object itself. A request
 * that carries one reaches only a row that names it. From the operations of the S3 API (the SDK's own
 * list is a test), with those that S3 has retired.
 */
export const subresources: ReadonlySet<string> = new Set([
  'abac',
  'accelerate',
  'acl',
  'analytics',
  'annotation',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metadataAnnotationTable',
  'metadataConfiguration',
  'metadataInventoryTable',
  'metadataJournalTable',
  'metadataTable',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'partNumber',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'renameObject',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'session',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
])

/** Query parameters that only shape an answer; with `X-Amz-…` and `response-…` all that S3 knows. */
export const plainParameters: ReadonlySet<string> = new Set([
  'annotationName',
  'bucket-region',
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'id',
  'key-marker',
  'list-type',
  'marker',
  'max-buckets',
  'max-keys',
  'max-parts',
  'max-uploads',
  'part-number-marker',
  'prefix',
  'select-type',
  'start-after',
  'upload-id-marker',
  'version-id-marker',
  'x-id',
])
