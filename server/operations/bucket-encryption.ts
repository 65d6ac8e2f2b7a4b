// Encryption at rest. This server encrypts nothing itself, so what it says of it is what its operator states
// of the store below: AES256, or nothing. There is nothing to keep: a bucket cannot differ from the store.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
import { z } from 'zod'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler } from '../operation.ts'
import { checkEncryption } from '../store-encryption.ts'
import { parseXml } from '../xml.ts'
import { bucketOf } from './wire/target.ts'

const bodyMaxBytes = 16 * 1024

const schema = z.strictObject({
  Rule: z
    .array(
      z.strictObject({
        ApplyServerSideEncryptionByDefault: z.strictObject({
          SSEAlgorithm: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse', 'aws:fsx']),
          KMSMasterKeyID: z.string().optional(),
        }),
        // Of keys in KMS, which nothing here uses.
        BucketKeyEnabled: z.enum(['true', 'false']).optional(),
      }),
    )
    .length(1),
})

export const getBucketEncryption: Handler = async (request, { bridge, storeEncrypted }) => {
  const bucket = bucketOf(request)
  await bridge.headBucket(bucket, request.context)
  if (storeEncrypted === 'off') {
    throw new S3Error('ServerSideEncryptionConfigurationNotFoundError', {
      elements: { BucketName: bucket },
    })
  }
  const content = {
    Rule: {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: storeEncrypted },
      BucketKeyEnabled: false,
    },
  }
  return { status: 200, body: { kind: 'xml', root: 'ServerSideEncryptionConfiguration', content } }
}

export const putBucketEncryption: Handler = async (request, { bridge, storeEncrypted }) => {
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  const root = 'ServerSideEncryptionConfiguration'
  const { Rule: rules } = parseXml(text, { root, arrays: ['Rule'], schema })
  await bridge.headBucket(bucketOf(request), request.context)
  for (const { ApplyServerSideEncryptionByDefault: wanted } of rules) {
    checkEncryption(wanted.SSEAlgorithm, storeEncrypted)
    if (wanted.KMSMasterKeyID === undefined) continue
    throw new S3Error('InvalidArgument', {
      message: 'KMSMasterKeyID goes with aws:kms only.',
      elements: { ArgumentName: 'KMSMasterKeyID' },
    })
  }
  return { status: 200 }
}
