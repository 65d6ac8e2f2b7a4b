// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html
import { S3Error } from '../../translate/s3-error.ts'
import { corsConfiguration } from '../cors.ts'
import type { Handler } from '../operation.ts'
import { findConfiguration } from './wire/bucket-configuration.ts'
import { bucketOf } from './wire/target.ts'

export const getBucketCors: Handler = async (request, services) => {
  const rules = await findConfiguration(request, services, corsConfiguration)
  if (rules === undefined) {
    throw new S3Error('NoSuchCORSConfiguration', { elements: { BucketName: bucketOf(request) } })
  }
  const content = {
    CORSRule: rules.map((rule) => ({
      ID: rule.id,
      AllowedHeader: rule.headers,
      AllowedMethod: rule.methods,
      AllowedOrigin: rule.origins,
      ExposeHeader: rule.exposedHeaders,
      MaxAgeSeconds: rule.maxAgeSeconds,
    })),
  }
  return { status: 200, body: { kind: 'xml', root: 'CORSConfiguration', content } }
}
