// What is kept of a bucket about who may do what in it: owner, policy, ACL, ownership and public access block,
// from their texts to what the judge needs. Pure, but for a memory of texts that were parsed before.
import { z } from 'zod'
import type { BucketConfigurations } from '../../translate/bridge.ts'
import { type KeptConfiguration, readKept } from '../../translate/bucket-configuration.ts'
import { type Acl, bucketAclToStatements, parseStoredAcl, privateAcl } from './acl.ts'
import { type Owner, ownerNamed, rootOwner } from './owner.ts'
import { parsePolicy } from './policy-document.ts'
import { isPublicPolicy } from './public.ts'
import type { Statement } from './statement.ts'

export const ownerships = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const
export type Ownership = (typeof ownerships)[number]

const publicAccessFlags = [
  'BlockPublicAcls',
  'IgnorePublicAcls',
  'BlockPublicPolicy',
  'RestrictPublicBuckets',
] as const
export type PublicAccessBlock = Readonly<Record<(typeof publicAccessFlags)[number], boolean>>

/** What the operator allows at the most: `bucket` leaves it to each bucket. */
export type PublicAccessSetting = 'bucket' | 'blocked'

export type BucketAccess = {
  readonly bucket: string
  readonly owner: Owner
  readonly policy: readonly Statement[]
  readonly isPolicyPublic: boolean
  /** Whether the policy looks at the tags of objects. */
  readonly asksForTags: boolean
  /** As it was set, or that of a bucket where none was. */
  readonly acl: Acl
  /** What of the ACL counts. */
  readonly aclStatements: readonly Statement[]
  readonly ownership: Ownership | undefined
  readonly block: PublicAccessBlock
  /** `publicGrants` also of the ACLs of objects. */
  readonly reach: { readonly acls: 'on' | 'off'; readonly publicGrants: 'honoured' | 'ignored' }
}

const ownerConfiguration: KeptConfiguration<{ readonly name: string }> = {
  name: 'owner',
  schema: z.object({ name: z.string() }),
}
export const ownershipConfiguration: KeptConfiguration<Ownership> = {
  name: 'ownershipControls',
  schema: z.enum(ownerships),
}
export const publicAccessConfiguration: KeptConfiguration<PublicAccessBlock> = {
  name: 'publicAccessBlock',
  schema: z.object({
    BlockPublicAcls: z.boolean(),
    IgnorePublicAcls: z.boolean(),
    BlockPublicPolicy: z.boolean(),
    RestrictPublicBuckets: z.boolean(),
  }),
}
/** Kept as the client put it, and parsed by parsePolicy. */
export const policyConfiguration: KeptConfiguration<unknown> = {
  name: 'policy',
  schema: z.unknown(),
}

const noBlock: PublicAccessBlock = {
  BlockPublicAcls: false,
  IgnorePublicAcls: false,
  BlockPublicPolicy: false,
  RestrictPublicBuckets: false,
}

export function renderStoredOwner({ name }: Owner): string {
  return JSON.stringify({ name })
}

/** Buckets without a record are the root key's. Throws for a text that cannot be read. */
export function ownerOf(configurations: BucketConfigurations): Owner {
  const owner = readKept(configurations, ownerConfiguration)
  return owner === undefined ? rootOwner : ownerNamed(owner.name)
}

/** Throws for texts that cannot be read: nobody is let in on a guess. */
export function readBucketAccess(
  bucket: string,
  configurations: BucketConfigurations,
  setting: PublicAccessSetting,
): BucketAccess {
  const owner = ownerOf(configurations)
  const ownership = readKept(configurations, ownershipConfiguration)
  const policyText = configurations.get('policy')
  const policy = policyText === undefined ? [] : parseRemembered(policyText, bucket)
  const aclText = configurations.get('acl')
  const acl = aclText === undefined ? privateAcl(owner) : parseStoredAcl(aclText)
  const own = readKept(configurations, publicAccessConfiguration) ?? noBlock
  // Not the two that refuse requests: clients that send `public-read` with everything go on working.
  const block =
    setting === 'bucket' ? own : { ...own, IgnorePublicAcls: true, RestrictPublicBuckets: true }
  const reach = {
    acls: ownership === 'BucketOwnerEnforced' ? 'off' : 'on',
    publicGrants: block.IgnorePublicAcls ? 'ignored' : 'honoured',
  } as const
  return {
    bucket,
    owner,
    policy,
    isPolicyPublic: isPublicPolicy(policy),
    asksForTags: /ExistingObjectTag/i.test(policyText ?? ''),
    acl,
    aclStatements: reach.acls === 'off' ? [] : bucketAclToStatements(acl, bucket, reach),
    ownership,
    block,
    reach,
  }
}

const rememberedMax = 200
const remembered = new Map<string, readonly Statement[]>()

/** Parsing is pure, so what a text was parsed to holds for good; the oldest is forgotten. */
function parseRemembered(text: string, bucket: string): readonly Statement[] {
  const name = `${bucket} ${text}`
  const known = remembered.get(name)
  if (known !== undefined) return known
  const parsed = parsePolicy(text, bucket)
  const [oldest] = remembered.keys()
  if (remembered.size >= rememberedMax && oldest !== undefined) remembered.delete(oldest)
  remembered.set(name, parsed)
  return parsed
}
