// Whatever is set, everything in a bucket belongs to its owner; BucketOwnerEnforced turns ACLs off besides.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html
import { z } from 'zod'
import { S3Error } from '../../translate/s3-error.ts'
import { isPrivateAcl } from '../access/acl.ts'
import { ownershipConfiguration, ownerships } from '../access/bucket-access.ts'
import type { Handler } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { bucketAccessOf } from './wire/bucket-access.ts'
import { keepConfiguration } from './wire/bucket-configuration.ts'

const bodyMaxBytes = 16 * 1024
const schema = z.strictObject({
  Rule: z.tuple([z.strictObject({ ObjectOwnership: z.enum(ownerships) })]),
})

/** Throws InvalidBucketAclWithObjectOwnership when ACLs are to be off and the bucket's grants something. */
export const putBucketOwnershipControls: Handler = async (request, services) => {
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  const { Rule: rules } = parseXml(text, { root: 'OwnershipControls', arrays: ['Rule'], schema })
  const [{ ObjectOwnership: ownership }] = rules
  const { acl, owner } = bucketAccessOf(request)
  if (ownership === 'BucketOwnerEnforced' && !isPrivateAcl(acl, owner)) {
    throw new S3Error('InvalidBucketAclWithObjectOwnership')
  }
  await keepConfiguration(request, services, ownershipConfiguration, ownership)
  return { status: 200 }
}
