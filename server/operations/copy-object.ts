// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
import { quoteEtag } from '../../translate/etag.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler, S3Request } from '../operation.ts'
import { readObjectAcl } from './wire/acl.ts'
import { checksumElements, readChecksumAlgorithm } from './wire/checksums.ts'
import { copySourceConditions, writeConditions } from './wire/conditions.ts'
import { parseCopySource } from './wire/copy-source.ts'
import { readStorageClass } from './wire/labels.ts'
import { expirationHeader } from './wire/lifecycle-headers.ts'
import { readMetadata } from './wire/metadata.ts'
import { invalidArgument } from './wire/parameters.ts'
import { readTagHeader } from './wire/tags.ts'
import { objectOf } from './wire/target.ts'
import { renderXmlDate } from './wire/times.ts'

export const copyObject: Handler = async (request, services) => {
  const { headers, context } = request
  const target = objectOf(request)
  const source = parseCopySource(headers['x-amz-copy-source']?.toString() ?? '')
  const directive = readDirective(request, 'x-amz-metadata-directive')
  const tagging = readDirective(request, 'x-amz-tagging-directive')
  const redirect = headers['x-amz-website-redirect-location']?.toString()
  const checksumAlgorithm = readChecksumAlgorithm(headers)
  const isSame = source.bucket === target.bucket && source.key === target.key
  const isChanged =
    directive === 'REPLACE' ||
    headers['x-amz-storage-class'] !== undefined ||
    redirect !== undefined ||
    checksumAlgorithm !== undefined
  if (isSame && !isChanged) {
    throw new S3Error('InvalidRequest', {
      message:
        'This copy request is illegal because it is trying to copy an object to itself without ' +
        "changing the object's metadata, storage class, website redirect location or encryption " +
        'attributes.',
    })
  }
  const input = {
    ...target,
    source,
    sourceConditions: copySourceConditions(headers),
    conditions: writeConditions(headers),
    replaceMetadata: directive === 'REPLACE' ? readMetadata(headers) : undefined,
    ...(redirect !== undefined && { websiteRedirectLocation: redirect }),
    ...(tagging === 'REPLACE' && { replaceTags: readTagHeader(headers) }),
    ...readStorageClass(headers),
    ...(checksumAlgorithm !== undefined && { checksumAlgorithm }),
    ...(await readObjectAcl(request, services)),
    ...request.access.copies,
  }
  // S3, too, answers 200 first when a copy takes long, and names the outcome in the body.
  const patient = { ...context, patience: 'unlimited' } as const
  const result = services.bridge.copyObject(input, patient).then(async (copy) => ({
    root: 'CopyObjectResult',
    content: {
      LastModified: renderXmlDate(copy.modified),
      ETag: quoteEtag(copy.etag),
      ...checksumElements(copy.checksums),
    },
    headers: await expirationHeader(services, target.bucket, {
      ...copy,
      key: target.key,
      ageFrom: services.now(),
    }),
  }))
  return { status: 200, body: { kind: 'slow-xml', result } }
}

function readDirective(
  { headers }: S3Request,
  name: 'x-amz-metadata-directive' | 'x-amz-tagging-directive',
): 'COPY' | 'REPLACE' {
  const directive = headers[name]?.toString() ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE') {
    throw invalidArgument(name, directive, `${name} must be COPY or REPLACE.`)
  }
  return directive
}
