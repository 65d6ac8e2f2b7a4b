// https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
import type { Handler } from '../operation.ts'
import { objectOf, uploadIdOf } from './wire/target.ts'

export const abortMultipartUpload: Handler = async (request, { bridge }) => {
  const address = { ...objectOf(request), uploadId: uploadIdOf(request) }
  await bridge.abortMultipartUpload(address, request.context)
  return { status: 204 }
}
