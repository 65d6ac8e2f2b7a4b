// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
import type { Handler } from '../operation.ts'
import { readObjectAcl } from './wire/acl.ts'
import { readUploadChecksum } from './wire/checksums.ts'
import { readLabels } from './wire/labels.ts'
import { abortHeaders } from './wire/lifecycle-headers.ts'
import { readMetadata } from './wire/metadata.ts'
import { initiatorOf } from './wire/owner.ts'
import { objectOf } from './wire/target.ts'

export const createMultipartUpload: Handler = async (request, services) => {
  const address = objectOf(request)
  const { algorithm, type } = readUploadChecksum(request.headers)
  const { uploadId } = await services.bridge.createMultipartUpload(
    {
      ...address,
      initiator: initiatorOf(request.identity),
      metadata: readMetadata(request.headers),
      ...readLabels(request.headers),
      ...(await readObjectAcl(request, services)),
      checksumAlgorithm: algorithm,
      checksumType: type,
    },
    request.context,
  )
  const initiated = services.now()
  const content = { Bucket: address.bucket, Key: address.key, UploadId: uploadId }
  return {
    status: 200,
    headers: {
      'x-amz-checksum-algorithm': algorithm,
      'x-amz-checksum-type': type,
      ...(await abortHeaders(services, address.bucket, { key: address.key, initiated })),
    },
    body: { kind: 'xml', root: 'InitiateMultipartUploadResult', content },
  }
}
