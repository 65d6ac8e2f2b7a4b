// What the operator states of encryption at rest, as requests ask for it and answers say it.
import { S3Error } from '../translate/s3-error.ts'
import type { OperationName, Reply } from './operation.ts'

/** `AES256`: the store below encrypts what it holds, as its operator says. */
export type StoreEncrypted = 'off' | 'AES256'

export const encryptionHeader = 'x-amz-server-side-encryption'

/**
 * Throws NotImplemented for what the store does not do, InvalidArgument for what S3 does not know.
 */
export function checkEncryption(algorithm: string, stated: StoreEncrypted): void {
  if (algorithm === stated) return
  if (algorithm === 'AES256') {
    throw new S3Error('NotImplemented', {
      message:
        'This server does not state that its store encrypts. Its operator can, by the setting storeEncrypted; else encrypt before the upload.',
      elements: { Header: encryptionHeader },
    })
  }
  if (algorithm === 'aws:kms' || algorithm === 'aws:kms:dsse' || algorithm === 'aws:fsx') {
    throw new S3Error('NotImplemented', {
      message: `Encryption by ${algorithm} is not offered by this server.`,
      elements: { Header: encryptionHeader },
    })
  }
  throw new S3Error('InvalidArgument', {
    message: 'The encryption method is not known. The one that there is here is AES256.',
    elements: { ArgumentName: encryptionHeader, ArgumentValue: algorithm },
  })
}

/** Where AWS names the encryption of the object. */
const naming: ReadonlySet<OperationName> = new Set([
  'CompleteMultipartUpload',
  'CopyObject',
  'CreateMultipartUpload',
  'GetObject',
  'HeadObject',
  'PostObject',
  'PutObject',
  'UploadPart',
  'UploadPartCopy',
])

export function withEncryption(
  reply: Reply,
  operation: OperationName,
  stated: StoreEncrypted,
): Reply {
  if (stated === 'off' || !naming.has(operation)) return reply
  return { ...reply, headers: { ...reply.headers, [encryptionHeader]: stated } }
}
