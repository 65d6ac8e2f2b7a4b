// Headers that ask for what this server does not do. They are refused on every operation: a wish for
// encryption that the store does not do, grants or a lock that is silently dropped would be a lie. Looked at once, before
// the handler.
import type { IncomingHttpHeaders } from 'node:http'
import { S3Error } from '../../../translate/s3-error.ts'
import { checkEncryption, encryptionHeader, type StoreEncrypted } from '../../store-encryption.ts'
import { ownerId } from './owner.ts'
import { invalidArgument, notImplementedHeader } from './parameters.ts'

const refusedPrefixes = [
  'x-amz-server-side-encryption-',
  'x-amz-copy-source-server-side-encryption',
  'x-amz-grant-',
  'x-amz-object-lock-',
  'x-amz-if-match-',
  'x-amz-write-offset-bytes',
]

/** Refused unless the value is the one that asks for nothing. */
const refused: Readonly<Record<string, string>> = {
  'x-amz-bucket-namespace': 'global',
  'x-amz-bucket-object-lock-enabled': 'false',
  'x-amz-object-lock-legal-hold': 'OFF',
}

const ownerHeaders = ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']

const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'log-delivery-write',
]

const storageClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'GLACIER_IR',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
  'FSX_ONTAP',
]

/**
 * Throws NotImplemented naming the header, InvalidEncryptionAlgorithmError, AccessDenied for another expected owner, and for words
 * outside S3's lists InvalidArgument (canned ACL) and InvalidStorageClass. A canned ACL grants
 * nothing: some clients send `public-read` with every object, and refusing would break them.
 */
export function refuseHeaders(headers: IncomingHttpHeaders, stored: StoreEncrypted): void {
  const encryption = headers[encryptionHeader]?.toString()
  if (encryption !== undefined) checkEncryption(encryption, stored)
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('x-amz-')) continue
    const harmless = Object.hasOwn(refused, name) ? refused[name] : undefined
    const isRefused =
      harmless !== undefined || refusedPrefixes.some((prefix) => name.startsWith(prefix))
    if (isRefused && value?.toString() !== harmless) throw notImplementedHeader(name)
  }
  for (const name of ownerHeaders) {
    if (headers[name] !== undefined && headers[name] !== ownerId) {
      throw new S3Error('AccessDenied', { elements: { Header: name } })
    }
  }
  const acl = headers['x-amz-acl']?.toString()
  if (acl !== undefined && !cannedAcls.includes(acl)) {
    throw invalidArgument('x-amz-acl', acl, 'The canned ACL is not known.')
  }
  const storageClass = headers['x-amz-storage-class']?.toString()
  if (storageClass !== undefined && !storageClasses.includes(storageClass)) {
    throw new S3Error('InvalidStorageClass', {
      elements: { StorageClassRequested: storageClass },
    })
  }
}
