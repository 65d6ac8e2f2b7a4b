// The rows of who may do what: policies, ACLs, ownership and public access blocks.
import {
  ownershipConfiguration,
  policyConfiguration,
  publicAccessConfiguration,
} from '../access/bucket-access.ts'
import { getBucketAcl } from './get-bucket-acl.ts'
import { getBucketOwnershipControls } from './get-bucket-ownership-controls.ts'
import { getBucketPolicy } from './get-bucket-policy.ts'
import { getBucketPolicyStatus } from './get-bucket-policy-status.ts'
import { getObjectAcl } from './get-object-acl.ts'
import { getPublicAccessBlock } from './get-public-access-block.ts'
import { putBucketAcl } from './put-bucket-acl.ts'
import { putBucketOwnershipControls } from './put-bucket-ownership-controls.ts'
import { putBucketPolicy } from './put-bucket-policy.ts'
import { putObjectAcl } from './put-object-acl.ts'
import { putPublicAccessBlock } from './put-public-access-block.ts'
import { bucketRow, objectRow, type Row } from './row.ts'
import { removesConfiguration } from './wire/bucket-configuration.ts'

const version = ['versionId']

export const accessControl = {
  GetBucketPolicy: bucketRow('GET', 'policy', getBucketPolicy),
  PutBucketPolicy: bucketRow('PUT', 'policy', putBucketPolicy),
  DeleteBucketPolicy: bucketRow('DELETE', 'policy', removesConfiguration(policyConfiguration)),
  GetBucketPolicyStatus: bucketRow('GET', 'policyStatus', getBucketPolicyStatus),
  GetPublicAccessBlock: bucketRow('GET', 'publicAccessBlock', getPublicAccessBlock),
  PutPublicAccessBlock: bucketRow('PUT', 'publicAccessBlock', putPublicAccessBlock),
  DeletePublicAccessBlock: bucketRow(
    'DELETE',
    'publicAccessBlock',
    removesConfiguration(publicAccessConfiguration),
  ),
  GetBucketOwnershipControls: bucketRow('GET', 'ownershipControls', getBucketOwnershipControls),
  PutBucketOwnershipControls: bucketRow('PUT', 'ownershipControls', putBucketOwnershipControls),
  DeleteBucketOwnershipControls: bucketRow(
    'DELETE',
    'ownershipControls',
    removesConfiguration(ownershipConfiguration),
  ),
  GetBucketAcl: bucketRow('GET', 'acl', getBucketAcl),
  PutBucketAcl: bucketRow('PUT', 'acl', putBucketAcl),
  GetObjectAcl: { ...objectRow('GET', ['acl'], getObjectAcl), also: version },
  PutObjectAcl: { ...objectRow('PUT', ['acl'], putObjectAcl), also: version },
} as const satisfies Record<string, Row>
