// What a request says of encryption. Contradictions are the client's mistakes, and told as AWS tells them;
// what is left asks for something that this server does or does not do.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { S3Error } from '../../../translate/s3-error.ts'
import type { OperationName } from '../../operation.ts'
import { checkEncryption, encryptionHeader, type StoreEncrypted } from '../../store-encryption.ts'
import { invalidArgument, notImplementedHeader } from './parameters.ts'

const keyHeader = `${encryptionHeader}-aws-kms-key-id`
const customer = `${encryptionHeader}-customer-`
const customerKeyBytes = 32

/** They read an object as it is, so that there is nothing to ask for. */
const reading: ReadonlySet<OperationName> = new Set([
  'GetObject',
  'GetObjectAttributes',
  'HeadObject',
])

/**
 * Throws InvalidArgument and InvalidEncryptionAlgorithmError for headers that do not go together,
 * InvalidRequest for the key of an object that has none, and NotImplemented naming the header.
 */
export function checkEncryptionHeaders(
  headers: IncomingHttpHeaders,
  operation: OperationName,
  stored: StoreEncrypted,
): void {
  const method = headers[encryptionHeader]?.toString()
  checkCustomerKey(headers, operation, method)
  if (method !== undefined && reading.has(operation)) {
    const message = `${encryptionHeader} is for writing: ${operation} takes an object as it is.`
    throw invalidArgument(encryptionHeader, method, message)
  }
  const keyId = headers[keyHeader]?.toString()
  if (keyId !== undefined && !(method ?? '').startsWith('aws:kms')) {
    const message = `${keyHeader} goes with ${encryptionHeader} of aws:kms only.`
    throw invalidArgument(keyHeader, keyId, message)
  }
  if (method !== undefined) checkEncryption(method, stored)
}

/** A key that the client would have used for the object (SSE-C); judged before it is refused. */
function checkCustomerKey(
  headers: IncomingHttpHeaders,
  operation: OperationName,
  method: string | undefined,
): void {
  const [algorithm, key, keyMd5] = ['algorithm', 'key', 'key-md5'].map((part) =>
    headers[customer + part]?.toString(),
  )
  if (algorithm === undefined && key === undefined && keyMd5 === undefined) return
  for (const [part, value] of Object.entries({ algorithm, key, 'key-md5': keyMd5 })) {
    if (value !== undefined) continue
    throw invalidArgument(customer + part, 'null', `A customer's key needs ${customer}${part} too.`)
  }
  if (method !== undefined) {
    const message = `A customer's key does not go with ${encryptionHeader}.`
    throw invalidArgument(encryptionHeader, method, message)
  }
  if (algorithm !== 'AES256') {
    const elements = { ArgumentName: `${customer}algorithm`, ArgumentValue: algorithm ?? '' }
    throw new S3Error('InvalidEncryptionAlgorithmError', { elements })
  }
  const bytes = Buffer.from(key ?? '', 'base64')
  if (bytes.length !== customerKeyBytes) {
    // The value of a key is nobody's to repeat.
    const message = `A customer's key is ${customerKeyBytes} bytes in base64.`
    throw invalidArgument(`${customer}key`, '', message)
  }
  // Not a secret: it comes beside the key that it is computed of.
  if (createHash('md5').update(bytes).digest('base64') !== keyMd5) {
    const message = `${customer}key-md5 is not the MD5 of the key.`
    throw invalidArgument(`${customer}key-md5`, keyMd5 ?? '', message)
  }
  if (!reading.has(operation)) throw notImplementedHeader(`${customer}algorithm`)
  throw new S3Error('InvalidRequest', {
    message: 'The object is not encrypted with a key of the customer.',
  })
}
