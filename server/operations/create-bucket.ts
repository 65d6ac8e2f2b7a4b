// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
import { z } from 'zod'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { invalidArgument } from './wire/parameters.ts'
import { bucketOf } from './wire/target.ts'

const bodyMaxBytes = 64 * 1024
const ownerships = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']

const schema = z
  .strictObject({
    LocationConstraint: z.string().optional(),
    // Directory buckets and tags on creation.
    Location: z.unknown().optional(),
    Bucket: z.unknown().optional(),
    Tags: z.unknown().optional(),
  })
  .or(z.literal('').transform(() => ({ LocationConstraint: undefined })))

/**
 * Any region is taken: the account lives in one place, and clients send whatever they sign with.
 * GetBucketLocation answers the configured one.
 */
export const createBucket: Handler = async (request, { bridge }) => {
  const bucket = bucketOf(request)
  // There is one owner, so every setting of ownership means the same.
  const ownership = request.headers['x-amz-object-ownership']?.toString()
  if (ownership !== undefined && !ownerships.includes(ownership)) {
    throw invalidArgument('x-amz-object-ownership', ownership, 'The ownership is not known.')
  }
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  if (text !== '') {
    const configuration = parseXml(text, { root: 'CreateBucketConfiguration', arrays: [], schema })
    const region = configuration.LocationConstraint
    if (region !== undefined && region !== '' && !/^[A-Za-z0-9-]{1,32}$/.test(region)) {
      throw new S3Error('InvalidLocationConstraint', { elements: { LocationConstraint: region } })
    }
    const other = Object.keys(configuration).find((name) => name !== 'LocationConstraint')
    if (other !== undefined) {
      throw new S3Error('NotImplemented', {
        message: `The element ${other} asks for something that this server does not offer.`,
      })
    }
  }
  await bridge.createBucket(bucket, request.context)
  return { status: 200, headers: { Location: `/${bucket}` } }
}
