// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
import assert from 'node:assert/strict'
import { z } from 'zod'
import type { BucketConfigurationName, BucketConfigurations, Tag } from '../../translate/bridge.ts'
import { S3Error } from '../../translate/s3-error.ts'
import { isPrivateAcl, renderStoredAcl } from '../access/acl.ts'
import { ownerOf, ownerships, renderStoredOwner } from '../access/bucket-access.ts'
import type { Directory } from '../access/directory.ts'
import type { Handler, S3Request, Services } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { tagElement } from '../xml-tagging.ts'
import { bucketTagLimit, bucketTags } from './bucket-tagging.ts'
import { readAclHeaders } from './wire/acl.ts'
import { invalidArgument } from './wire/parameters.ts'
import { readTags } from './wire/tags.ts'
import { bucketOf } from './wire/target.ts'

const bodyMaxBytes = 64 * 1024

const schema = z
  .strictObject({
    LocationConstraint: z.string().optional(),
    // Of directory buckets.
    Location: z.unknown().optional(),
    Bucket: z.unknown().optional(),
    Tags: z
      .strictObject({ Tag: z.array(tagElement) })
      .or(z.literal(''))
      .optional(),
  })
  .or(z.literal('').transform(() => ({ LocationConstraint: undefined, Tags: undefined })))

/**
 * Any region is taken: the account lives in one place, and clients send whatever they sign with.
 * GetBucketLocation answers the configured one.
 */
export const createBucket: Handler = async (request, services) => {
  const bucket = bucketOf(request)
  const access = await readInitialAccess(request, services.directory)
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  const tags = text === '' ? [] : readConfiguration(text)
  const configurations = new Map(access)
  if (tags.length > 0) configurations.set(bucketTags.name, JSON.stringify(tags))
  await createAs(request, bucket, services, configurations)
  return { status: 200, headers: { Location: `/${bucket}` } }
}

/** Returns the tags. Throws for regions that are none, and for what makes a directory bucket. */
function readConfiguration(text: string): Tag[] {
  const root = 'CreateBucketConfiguration'
  const configuration = parseXml(text, { root, arrays: ['Tag'], schema, maxTags: 6100 })
  const region = configuration.LocationConstraint
  if (region !== undefined && region !== '' && !/^[A-Za-z0-9-]{1,32}$/.test(region)) {
    throw new S3Error('InvalidLocationConstraint', { elements: { LocationConstraint: region } })
  }
  const offered = ['LocationConstraint', 'Tags']
  const other = Object.keys(configuration).find((name) => !offered.includes(name))
  if (other !== undefined) {
    throw new S3Error('NotImplemented', {
      message: `The element ${other} asks for something that this server does not offer.`,
    })
  }
  const { Tags: tags } = configuration
  return tags === undefined || tags === '' ? [] : readTags(tags.Tag, bucketTagLimit)
}

/** Throws BucketAlreadyExists for a bucket that is another owner's. */
async function createAs(
  { identity, context }: S3Request,
  bucket: string,
  { bridge }: Services,
  configurations: BucketConfigurations,
): Promise<void> {
  try {
    await bridge.createBucket(bucket, context, configurations)
  } catch (error) {
    const exists = error instanceof S3Error && error.code === 'BucketAlreadyOwnedByYou'
    if (!exists) throw error
    const owner = ownerOf(await bridge.bucketConfigurations(bucket))
    if (owner.id === identity?.owner.id) throw error
    throw new S3Error('BucketAlreadyExists', { elements: { BucketName: bucket }, cause: error })
  }
}

/** Owner, ACL and ownership of a new bucket. Throws InvalidArgument for words outside S3's lists. */
async function readInitialAccess(
  { headers, identity }: S3Request,
  directory: Directory | undefined,
): Promise<BucketConfigurations> {
  assert(identity !== undefined, 'a stranger makes a bucket')
  const { owner } = identity
  const configurations = new Map<BucketConfigurationName, string>()
  configurations.set('owner', renderStoredOwner(owner))
  const name = 'x-amz-object-ownership'
  const word = headers[name]?.toString()
  const ownership = ownerships.find((known) => known === word)
  if (word !== undefined && ownership === undefined) {
    throw invalidArgument(name, word, 'The ownership is not known.')
  }
  if (ownership !== undefined) {
    configurations.set('ownershipControls', JSON.stringify(ownership))
  }
  const acl = await readAclHeaders(headers, owner, directory)
  if (acl === undefined || isPrivateAcl(acl, owner)) return configurations
  if (ownership === 'BucketOwnerEnforced') {
    throw new S3Error('InvalidBucketAclWithObjectOwnership')
  }
  return configurations.set('acl', renderStoredAcl(acl))
}
