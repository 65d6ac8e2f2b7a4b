// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
import { quoteEtag } from '../../translate/etag.ts'
import type { Handler } from '../operation.ts'
import { checksumValueHeaders } from './wire/checksums.ts'
import { parsePartNumber } from './wire/parameters.ts'
import { objectOf, uploadIdOf } from './wire/target.ts'

export const uploadPart: Handler = async (request, { bridge }) => {
  const address = { ...objectOf(request), uploadId: uploadIdOf(request) }
  const partNumber = parsePartNumber(request.query.get('partNumber') ?? '')
  const body = request.payload.open()
  const result = await bridge.uploadPart({ ...address, partNumber, body }, request.context)
  const headers = { ETag: quoteEtag(result.etag), ...checksumValueHeaders(result.checksums) }
  return { status: 200, headers }
}
