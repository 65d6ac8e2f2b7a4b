// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
import { quoteEtag } from '../../translate/etag.ts'
import type { Handler, S3Request, Services } from '../operation.ts'
import { readObjectAcl } from './wire/acl.ts'
import { checksumHeaders } from './wire/checksums.ts'
import { writeConditions } from './wire/conditions.ts'
import { readLabels } from './wire/labels.ts'
import { expirationHeader } from './wire/lifecycle-headers.ts'
import { readMetadata } from './wire/metadata.ts'
import { objectOf } from './wire/target.ts'

export const putObject: Handler = async (request, services) => {
  const { headers } = await storeObject(request, services)
  return { status: 200, headers }
}

/** What the headers and the payload of a request say, stored; with the headers of the answer. */
export async function storeObject(
  request: S3Request,
  services: Services,
): Promise<{ etag: string; headers: Record<string, string> }> {
  const address = objectOf(request)
  const labels = readLabels(request.headers)
  const input = {
    ...address,
    metadata: readMetadata(request.headers),
    conditions: writeConditions(request.headers),
    ...labels,
    ...(await readObjectAcl(request, services)),
  }
  const body = request.payload.open()
  const result = await services.bridge.putObject({ ...input, body }, request.context)
  const expiration = await expirationHeader(services, address.bucket, {
    key: address.key,
    sizeBytes: body.sizeBytes,
    tags: labels.tags ?? [],
    ageFrom: services.now(),
  })
  const headers = {
    ETag: quoteEtag(result.etag),
    ...checksumHeaders(result.checksums),
    ...expiration,
  }
  return { etag: quoteEtag(result.etag), headers }
}
