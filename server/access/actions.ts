// Which permission each operation needs, and on what: the one table of it, complete by its type. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
import type { IncomingHttpHeaders } from 'node:http'
import type { OperationName, Query } from '../operation.ts'
import { matchesPattern } from './pattern.ts'

/**
 * `source` is the object that x-amz-copy-source names. `some-object` is whatever object of the bucket: the handler judges
 * key by key, and the body that has the keys is read only for strangers who may have the right on one.
 */
export type ActionTarget = 'service' | 'bucket' | 'object' | 'some-object' | 'source'
export type Requirement = {
  readonly action: string
  readonly on: ActionTarget
  /** Whom an ACL grants this action needs no grant of `action`; a policy is asked for `action` all the same. */
  readonly orByAcl?: string
  /** This right will do as well. */
  readonly orElse?: string
}

type Rule = Requirement & {
  /** Instead of `action` when the request names a version. */
  readonly ofVersion?: string
  /** Further ones, whatever the request says. */
  readonly also?: readonly Requirement[]
  /** Writes an object, so its headers may ask for an ACL and tags. */
  readonly writes?: true
}

const service = (action: string): Rule => ({ action, on: 'service' })
const bucket = (action: string): Rule => ({ action, on: 'bucket' })
const object = (action: string, ofVersion?: string): Rule => ({
  action,
  on: 'object',
  ...(ofVersion !== undefined && { ofVersion }),
})

const putObject: Rule = { action: 's3:PutObject', on: 'object', writes: true }
const part: Rule = { action: 's3:PutObject', on: 'object' }
const source: Requirement = { action: 's3:GetObject', on: 'source' }
const getObject: Requirement = { action: 's3:GetObject', on: 'object' }

const table = {
  ListBuckets: service('s3:ListAllMyBuckets'),
  ListDirectoryBuckets: service('s3express:ListAllMyDirectoryBuckets'),

  CreateBucket: bucket('s3:CreateBucket'),
  HeadBucket: bucket('s3:ListBucket'),
  DeleteBucket: bucket('s3:DeleteBucket'),
  ListObjects: bucket('s3:ListBucket'),
  ListObjectsV2: bucket('s3:ListBucket'),
  ListObjectVersions: bucket('s3:ListBucketVersions'),
  ListMultipartUploads: bucket('s3:ListBucketMultipartUploads'),
  DeleteObjects: {
    action: 's3:DeleteObject',
    on: 'some-object',
    orElse: 's3:DeleteObjectVersion',
  },
  CreateSession: bucket('s3express:CreateSession'),
  GetBucketLocation: bucket('s3:GetBucketLocation'),
  GetBucketVersioning: bucket('s3:GetBucketVersioning'),
  PutBucketVersioning: bucket('s3:PutBucketVersioning'),
  GetBucketAbac: bucket('s3:GetBucketAbac'),
  PutBucketAbac: bucket('s3:PutBucketAbac'),
  GetBucketAccelerateConfiguration: bucket('s3:GetAccelerateConfiguration'),
  PutBucketAccelerateConfiguration: bucket('s3:PutAccelerateConfiguration'),
  GetBucketAcl: bucket('s3:GetBucketAcl'),
  PutBucketAcl: bucket('s3:PutBucketAcl'),
  ListBucketAnalyticsConfigurations: bucket('s3:GetAnalyticsConfiguration'),
  GetBucketAnalyticsConfiguration: bucket('s3:GetAnalyticsConfiguration'),
  PutBucketAnalyticsConfiguration: bucket('s3:PutAnalyticsConfiguration'),
  DeleteBucketAnalyticsConfiguration: bucket('s3:PutAnalyticsConfiguration'),
  GetBucketCors: bucket('s3:GetBucketCORS'),
  PutBucketCors: bucket('s3:PutBucketCORS'),
  DeleteBucketCors: bucket('s3:PutBucketCORS'),
  GetBucketEncryption: bucket('s3:GetEncryptionConfiguration'),
  PutBucketEncryption: bucket('s3:PutEncryptionConfiguration'),
  DeleteBucketEncryption: bucket('s3:PutEncryptionConfiguration'),
  ListBucketIntelligentTieringConfigurations: bucket('s3:GetIntelligentTieringConfiguration'),
  GetBucketIntelligentTieringConfiguration: bucket('s3:GetIntelligentTieringConfiguration'),
  PutBucketIntelligentTieringConfiguration: bucket('s3:PutIntelligentTieringConfiguration'),
  DeleteBucketIntelligentTieringConfiguration: bucket('s3:PutIntelligentTieringConfiguration'),
  ListBucketInventoryConfigurations: bucket('s3:GetInventoryConfiguration'),
  GetBucketInventoryConfiguration: bucket('s3:GetInventoryConfiguration'),
  PutBucketInventoryConfiguration: bucket('s3:PutInventoryConfiguration'),
  DeleteBucketInventoryConfiguration: bucket('s3:PutInventoryConfiguration'),
  GetBucketLifecycleConfiguration: bucket('s3:GetLifecycleConfiguration'),
  PutBucketLifecycleConfiguration: bucket('s3:PutLifecycleConfiguration'),
  DeleteBucketLifecycle: bucket('s3:PutLifecycleConfiguration'),
  GetBucketLogging: bucket('s3:GetBucketLogging'),
  PutBucketLogging: bucket('s3:PutBucketLogging'),
  GetBucketMetadataConfiguration: bucket('s3:GetBucketMetadataTableConfiguration'),
  CreateBucketMetadataConfiguration: bucket('s3:CreateBucketMetadataTableConfiguration'),
  DeleteBucketMetadataConfiguration: bucket('s3:DeleteBucketMetadataTableConfiguration'),
  UpdateBucketMetadataAnnotationTableConfiguration: bucket(
    's3:UpdateBucketMetadataAnnotationTableConfiguration',
  ),
  UpdateBucketMetadataInventoryTableConfiguration: bucket(
    's3:UpdateBucketMetadataInventoryTableConfiguration',
  ),
  UpdateBucketMetadataJournalTableConfiguration: bucket(
    's3:UpdateBucketMetadataJournalTableConfiguration',
  ),
  GetBucketMetadataTableConfiguration: bucket('s3:GetBucketMetadataTableConfiguration'),
  CreateBucketMetadataTableConfiguration: bucket('s3:CreateBucketMetadataTableConfiguration'),
  DeleteBucketMetadataTableConfiguration: bucket('s3:DeleteBucketMetadataTableConfiguration'),
  ListBucketMetricsConfigurations: bucket('s3:GetMetricsConfiguration'),
  GetBucketMetricsConfiguration: bucket('s3:GetMetricsConfiguration'),
  PutBucketMetricsConfiguration: bucket('s3:PutMetricsConfiguration'),
  DeleteBucketMetricsConfiguration: bucket('s3:PutMetricsConfiguration'),
  GetBucketNotificationConfiguration: bucket('s3:GetBucketNotification'),
  PutBucketNotificationConfiguration: bucket('s3:PutBucketNotification'),
  GetObjectLockConfiguration: bucket('s3:GetBucketObjectLockConfiguration'),
  PutObjectLockConfiguration: bucket('s3:PutBucketObjectLockConfiguration'),
  GetBucketOwnershipControls: bucket('s3:GetBucketOwnershipControls'),
  PutBucketOwnershipControls: bucket('s3:PutBucketOwnershipControls'),
  DeleteBucketOwnershipControls: bucket('s3:PutBucketOwnershipControls'),
  GetBucketPolicy: bucket('s3:GetBucketPolicy'),
  PutBucketPolicy: bucket('s3:PutBucketPolicy'),
  DeleteBucketPolicy: bucket('s3:DeleteBucketPolicy'),
  GetBucketPolicyStatus: bucket('s3:GetBucketPolicyStatus'),
  GetPublicAccessBlock: bucket('s3:GetBucketPublicAccessBlock'),
  PutPublicAccessBlock: bucket('s3:PutBucketPublicAccessBlock'),
  DeletePublicAccessBlock: bucket('s3:PutBucketPublicAccessBlock'),
  GetBucketReplication: bucket('s3:GetReplicationConfiguration'),
  PutBucketReplication: bucket('s3:PutReplicationConfiguration'),
  DeleteBucketReplication: bucket('s3:PutReplicationConfiguration'),
  GetBucketRequestPayment: bucket('s3:GetBucketRequestPayment'),
  PutBucketRequestPayment: bucket('s3:PutBucketRequestPayment'),
  GetBucketTagging: bucket('s3:GetBucketTagging'),
  PutBucketTagging: bucket('s3:PutBucketTagging'),
  DeleteBucketTagging: bucket('s3:PutBucketTagging'),
  GetBucketWebsite: bucket('s3:GetBucketWebsite'),
  PutBucketWebsite: bucket('s3:PutBucketWebsite'),
  DeleteBucketWebsite: bucket('s3:DeleteBucketWebsite'),

  PostObject: putObject,
  PutObject: putObject,
  CopyObject: { ...putObject, also: [source] },
  GetObject: object('s3:GetObject', 's3:GetObjectVersion'),
  HeadObject: object('s3:GetObject', 's3:GetObjectVersion'),
  DeleteObject: object('s3:DeleteObject', 's3:DeleteObjectVersion'),
  GetObjectTagging: object('s3:GetObjectTagging', 's3:GetObjectVersionTagging'),
  PutObjectTagging: object('s3:PutObjectTagging', 's3:PutObjectVersionTagging'),
  DeleteObjectTagging: object('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'),
  GetObjectAcl: object('s3:GetObjectAcl', 's3:GetObjectVersionAcl'),
  PutObjectAcl: object('s3:PutObjectAcl', 's3:PutObjectVersionAcl'),
  GetObjectAttributes: { ...object('s3:GetObjectAttributes'), also: [getObject] },
  CreateMultipartUpload: putObject,
  UploadPart: part,
  UploadPartCopy: { ...part, also: [source] },
  CompleteMultipartUpload: part,
  AbortMultipartUpload: object('s3:AbortMultipartUpload'),
  ListParts: object('s3:ListMultipartUploadParts'),
  ListObjectAnnotations: object('s3:ListObjectAnnotations'),
  GetObjectAnnotation: object('s3:GetObjectAnnotation'),
  PutObjectAnnotation: object('s3:PutObjectAnnotation'),
  DeleteObjectAnnotation: object('s3:DeleteObjectAnnotation'),
  UpdateObjectEncryption: object('s3:UpdateObjectEncryption'),
  GetObjectLegalHold: object('s3:GetObjectLegalHold'),
  PutObjectLegalHold: object('s3:PutObjectLegalHold'),
  RenameObject: object('s3:RenameObject'),
  RestoreObject: object('s3:RestoreObject'),
  GetObjectRetention: object('s3:GetObjectRetention'),
  PutObjectRetention: object('s3:PutObjectRetention'),
  SelectObjectContent: object('s3:GetObject'),
  GetObjectTorrent: object('s3:GetObjectTorrent', 's3:GetObjectVersionTorrent'),
} as const satisfies Record<OperationName, Rule>

/** Actions that S3 has and no operation here needs; policies that were written for AWS name them. */
const otherActions = [
  's3:BypassGovernanceRetention',
  's3:GetBucketOwnershipControls',
  's3:GetObjectVersionAttributes',
  's3:GetObjectVersionForReplication',
  's3:InitiateReplication',
  's3:ObjectOwnerOverrideToBucketOwner',
  's3:ReplicateDelete',
  's3:ReplicateObject',
  's3:ReplicateTags',
]

const rules: Readonly<Record<OperationName, Rule>> = table

const knownActions = [
  ...new Set(
    [
      ...Object.values(rules).flatMap(({ action, ofVersion }) => [action, ofVersion ?? action]),
      ...otherActions,
    ].map((action) => action.toLowerCase()),
  ),
]

/** Whether there is an action that the pattern of a policy means. */
export function isKnownAction(pattern: string): boolean {
  return knownActions.some((action) => matchesPattern(pattern.toLowerCase(), action))
}

/** Canned ACLs that give nobody anything, so that no right to set ACLs is needed for them. */
const idleAcls = ['private', 'bucket-owner-full-control', 'bucket-owner-read']

/** All that must be allowed before the handler runs. */
export function requirementsOf(
  operation: OperationName,
  { query, headers }: { readonly query: Query; readonly headers: IncomingHttpHeaders },
): readonly Requirement[] {
  const { action, ofVersion, on, also = [], writes, orElse } = rules[operation]
  const isOfVersion = ofVersion !== undefined && (query.get('versionId') ?? '') !== ''
  const first = {
    action: isOfVersion ? ofVersion : action,
    on,
    ...(orElse !== undefined && { orElse }),
  }
  const asked = writes === true ? askedByHeaders(headers) : []
  return [first, ...also, ...asked]
}

function askedByHeaders(headers: IncomingHttpHeaders): Requirement[] {
  const acl = headers['x-amz-acl']?.toString()
  const grants = Object.keys(headers).some((name) => name.startsWith('x-amz-grant-'))
  const tags = headers['x-amz-tagging']?.toString() ?? ''
  const asked: Requirement[] = []
  if (grants || (acl !== undefined && !idleAcls.includes(acl))) {
    // To ACLs it is part of the write: only policies know the two apart.
    asked.push({ action: 's3:PutObjectAcl', on: 'object', orByAcl: 's3:PutObject' })
  }
  if (tags !== '') {
    asked.push({ action: 's3:PutObjectTagging', on: 'object', orByAcl: 's3:PutObject' })
  }
  return asked
}
