// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
import { quoteEtag } from '../../translate/etag.ts'
import { partNumberMax, partNumberMin } from '../../translate/limits.ts'
import type { Handler } from '../operation.ts'
import { checksumValueHeaders } from './wire/checksums.ts'
import { invalidArgument } from './wire/parameters.ts'
import { objectOf, uploadIdOf } from './wire/target.ts'

export const uploadPart: Handler = async (request, { bridge }) => {
  const address = { ...objectOf(request), uploadId: uploadIdOf(request) }
  const partNumber = parsePartNumber(request.query.get('partNumber') ?? '')
  const body = request.payload.open()
  const result = await bridge.uploadPart({ ...address, partNumber, body }, request.context)
  const headers = { ETag: quoteEtag(result.etag), ...checksumValueHeaders(result.checksums) }
  return { status: 200, headers }
}

/** Throws InvalidArgument. */
export function parsePartNumber(text: string): number {
  const partNumber = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (partNumber >= partNumberMin && partNumber <= partNumberMax) return partNumber
  const message = `Part number must be an integer between ${partNumberMin} and ${partNumberMax}.`
  throw invalidArgument('partNumber', text, message)
}
