// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
import { lifecycleConfiguration, minimumSizes } from '../../translate/lifecycle-rules.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler, S3Request } from '../operation.ts'
import {
  findConfiguration,
  keepConfiguration,
  removesConfiguration,
} from './wire/bucket-configuration.ts'
import { lifecycleContent, parseLifecycle } from './wire/lifecycle-document.ts'
import { invalidArgument } from './wire/parameters.ts'
import { bucketOf } from './wire/target.ts'

const bodyMaxBytes = 2 * 1024 * 1024
const minimumSizeHeader = 'x-amz-transition-default-minimum-object-size'

export const getBucketLifecycle: Handler = async (request, services) => {
  const lifecycle = await findConfiguration(request, services, lifecycleConfiguration)
  if (lifecycle === undefined) {
    const elements = { BucketName: bucketOf(request) }
    throw new S3Error('NoSuchLifecycleConfiguration', { elements })
  }
  const content = lifecycleContent(lifecycle.rules)
  return {
    status: 200,
    headers: { [minimumSizeHeader]: lifecycle.minimumSize },
    body: { kind: 'xml', root: 'LifecycleConfiguration', content },
  }
}

export const putBucketLifecycle: Handler = async (request, services) => {
  const minimumSize = readMinimumSize(request)
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'required' })
  const lifecycle = { rules: parseLifecycle(text), minimumSize }
  await keepConfiguration(request, services, lifecycleConfiguration, lifecycle)
  return { status: 200, headers: { [minimumSizeHeader]: minimumSize } }
}

export const deleteBucketLifecycle: Handler = removesConfiguration(lifecycleConfiguration)

function readMinimumSize({ headers }: S3Request): (typeof minimumSizes)[number] {
  const written = headers[minimumSizeHeader]?.toString()
  if (written === undefined) return minimumSizes[0]
  const known = minimumSizes.find((size) => size === written)
  if (known !== undefined) return known
  const message = `${minimumSizeHeader} must be one of ${minimumSizes.join(', ')}.`
  throw invalidArgument(minimumSizeHeader, written, message)
}
