// Headers that ask for what this server does not do. They are refused on every operation: a wish for
// encryption that the store does not do or a lock that is silently dropped would be a lie. Looked at once,
// before the handler.
import type { IncomingHttpHeaders } from 'node:http'
import { S3Error } from '../../../translate/s3-error.ts'
import type { OperationName } from '../../operation.ts'
import type { StoreEncrypted } from '../../store-encryption.ts'
import { deleteConditionHeaders } from './conditions.ts'
import { checkEncryptionHeaders } from './encryption-headers.ts'
import { notImplementedHeader } from './parameters.ts'

const refusedPrefixes = [
  'x-amz-server-side-encryption-',
  'x-amz-copy-source-server-side-encryption',
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
 * Throws NotImplemented naming the header, what `checkEncryptionHeaders` throws, and InvalidStorageClass
 * for a word outside S3's list.
 */
export function refuseHeaders(
  headers: IncomingHttpHeaders,
  operation: OperationName,
  stored: StoreEncrypted,
): void {
  checkEncryptionHeaders(headers, operation, stored)
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('x-amz-')) continue
    if (operation === 'DeleteObject' && deleteConditionHeaders.includes(name)) continue
    const harmless = Object.hasOwn(refused, name) ? refused[name] : undefined
    const isRefused =
      harmless !== undefined || refusedPrefixes.some((prefix) => name.startsWith(prefix))
    if (isRefused && value?.toString() !== harmless) throw notImplementedHeader(name)
  }
  const storageClass = headers['x-amz-storage-class']?.toString()
  if (storageClass !== undefined && !storageClasses.includes(storageClass)) {
    throw new S3Error('InvalidStorageClass', {
      elements: { StorageClassRequested: storageClass },
    })
  }
}
