// The URL of an object, as answers give it.
import type { ObjectAddress } from '../../../translate/bridge.ts'
import type { S3Request } from '../../operation.ts'
import { encodeName } from './encoding-type.ts'

/** In the style of the request: with the bucket in the path, or in the host that the client has used. */
export function locationOf(
  request: Pick<S3Request, 'origin' | 'style'>,
  { bucket, key }: ObjectAddress,
): string {
  const bucketUrl =
    request.style === 'virtual-host' ? request.origin : `${request.origin}/${encodeName(bucket)}`
  return `${bucketUrl}/${encodeName(key)}`
}
