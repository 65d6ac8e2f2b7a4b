// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
import type { ByteRange } from '../../translate/bridge.ts'
import { quoteEtag } from '../../translate/etag.ts'
import type { Handler, S3Request } from '../operation.ts'
import { checksumValueElements } from './wire/checksums.ts'
import { copySourceConditions } from './wire/conditions.ts'
import { parseCopySource } from './wire/copy-source.ts'
import { invalidArgument, parsePartNumber } from './wire/parameters.ts'
import { objectOf, uploadIdOf } from './wire/target.ts'
import { renderXmlDate } from './wire/times.ts'

export const uploadPartCopy: Handler = async (request, { bridge }) => {
  const { headers, context } = request
  const input = {
    ...objectOf(request),
    uploadId: uploadIdOf(request),
    partNumber: parsePartNumber(request.query.get('partNumber') ?? ''),
    source: parseCopySource(headers['x-amz-copy-source']?.toString() ?? ''),
    sourceConditions: copySourceConditions(headers),
    ...request.access.copies,
    sourceRange: readSourceRange(request),
  }
  // S3, too, answers 200 first when a copy takes long, and names the outcome in the body.
  const result = bridge.uploadPartCopy(input, context).then((part) => ({
    root: 'CopyPartResult',
    content: {
      LastModified: renderXmlDate(part.modified),
      ETag: quoteEtag(part.etag),
      ...checksumValueElements(part.checksums),
    },
  }))
  return { status: 200, body: { kind: 'slow-xml', result } }
}

/** Only `bytes=first-last`: both ends, and nothing that S3 would ignore on a GET. */
function readSourceRange({ headers }: S3Request): ByteRange | undefined {
  const name = 'x-amz-copy-source-range'
  const text = headers[name]?.toString()
  if (text === undefined) return undefined
  const [, first, last] = /^bytes=([0-9]{1,15})-([0-9]{1,15})$/.exec(text) ?? []
  const range = { start: Number(first), endInclusive: Number(last) }
  if (first !== undefined && range.start <= range.endInclusive) return range
  throw invalidArgument(
    name,
    text,
    `The ${name} value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy`,
  )
}
