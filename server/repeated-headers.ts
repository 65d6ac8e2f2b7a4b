// Headers of which there can be one: Node takes the first and drops the others in silence, and whoever stands
// between client and server may have taken the last. Pure.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.3 https://www.rfc-editor.org/rfc/rfc9112#section-3.2
import { S3Error } from '../translate/s3-error.ts'

const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-md5',
  'content-type',
  'date',
  'expires',
  'host',
  'if-modified-since',
  'if-range',
  'if-unmodified-since',
  'range',
  'x-amz-copy-source',
  'x-amz-decoded-content-length',
])

/** Names and values alternating, as Node gives them. Throws BadRequest naming the header. */
export function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  const seen = new Set<string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    if (!single.has(name)) continue
    if (seen.has(name)) {
      throw new S3Error('BadRequest', {
        message: `The header ${name} is there more than once.`,
        elements: { Header: name },
      })
    }
    seen.add(name)
  }
}
