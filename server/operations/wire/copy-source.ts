// x-amz-copy-source: which object is to be copied. Pure.
import type { ObjectAddress } from '../../../translate/bridge.ts'
import { keyMaxBytes } from '../../../translate/limits.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import { invalidArgument } from './parameters.ts'
import { refuseOtherVersions } from './target.ts'

const name = 'x-amz-copy-source'

/**
 * `bucket/key` or `/bucket/key`, percent-encoded; a plus is a blank, as for AWS. Clients that do not encode are
 * understood as far as they can be. Throws InvalidArgument, KeyTooLongError and NoSuchVersion.
 */
export function parseCopySource(header: string): ObjectAddress {
  // Versions are named behind a raw question mark; one that belongs to the key comes as %3F.
  const mark = header.indexOf('?versionId=')
  const path = decode(mark === -1 ? header : header.slice(0, mark)).replace(/^\//, '')
  const slash = path.indexOf('/')
  const bucket = path.slice(0, Math.max(slash, 0))
  const key = path.slice(slash + 1)
  if (bucket === '' || key === '') {
    throw invalidArgument(name, header, 'The copy source must name a bucket and a key: bucket/key.')
  }
  if (path.startsWith('arn:')) {
    throw new S3Error('NotImplemented', { message: 'Access points are not offered.' })
  }
  if (Buffer.byteLength(key) > keyMaxBytes) throw new S3Error('KeyTooLongError')
  if (mark !== -1) refuseOtherVersions(key, decode(header.slice(mark + '?versionId='.length)))
  return { bucket, key }
}

/** Node gives one character per byte, so raw UTF-8 is put together again first. */
function decode(text: string): string {
  try {
    const escaped = text
      .replaceAll('+', '%20')
      .replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)
    return decodeURIComponent(escaped)
  } catch (cause) {
    const elements = { ArgumentName: name, ArgumentValue: text }
    const message = 'The copy source is not percent-encoded UTF-8.'
    throw new S3Error('InvalidArgument', { message, elements, cause })
  }
}
