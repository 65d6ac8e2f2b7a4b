// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
import { quoteEtag } from '../../translate/etag.ts'
import type { Handler } from '../operation.ts'
import { checksumHeaders } from './wire/checksums.ts'
import { writeConditions } from './wire/conditions.ts'
import { readMetadata } from './wire/metadata.ts'
import { objectOf } from './wire/target.ts'

export const putObject: Handler = async (request, { bridge }) => {
  const input = {
    ...objectOf(request),
    metadata: readMetadata(request.headers),
    conditions: writeConditions(request.headers),
  }
  const body = request.payload.open()
  const result = await bridge.putObject({ ...input, body }, request.context)
  const headers = { ETag: quoteEtag(result.etag), ...checksumHeaders(result.checksums) }
  return { status: 200, headers }
}
