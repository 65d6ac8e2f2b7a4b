// ACLs: who is granted what on a bucket or an object besides its owner, as clients set them, as they are kept
// and as statements for the one judge. Everything belongs to the bucket's owner, whoever has written it. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
import { z } from 'zod'
import { bucketArn, objectArn } from './limits.ts'
import { type Owner, ownerNamed } from './owner.ts'
import type { PrincipalPattern, Statement } from './statement.ts'

const groups = ['AllUsers', 'AuthenticatedUsers', 'LogDelivery'] as const
export type Group = (typeof groups)[number]
export const permissions = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const
export type Permission = (typeof permissions)[number]

export type Grantee =
  | { readonly kind: 'owner'; readonly owner: Owner }
  | { readonly kind: 'group'; readonly group: Group }
export type Grant = { readonly grantee: Grantee; readonly permission: Permission }
/** In the order in which they were given. */
export type Acl = readonly Grant[]

const groupUris: Readonly<Record<Group, string>> = {
  AllUsers: 'http://acs.amazonaws.com/groups/global/AllUsers',
  AuthenticatedUsers: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  LogDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
}

export function groupUri(group: Group): string {
  return groupUris[group]
}

export function groupOf(uri: string): Group | undefined {
  return groups.find((group) => groupUris[group] === uri)
}

export function privateAcl(owner: Owner): Acl {
  return [{ grantee: { kind: 'owner', owner }, permission: 'FULL_CONTROL' }]
}

const canned: Readonly<Record<string, readonly (readonly [Group, Permission])[]>> = {
  private: [],
  'public-read': [['AllUsers', 'READ']],
  'public-read-write': [
    ['AllUsers', 'READ'],
    ['AllUsers', 'WRITE'],
  ],
  'authenticated-read': [['AuthenticatedUsers', 'READ']],
  'log-delivery-write': [
    ['LogDelivery', 'WRITE'],
    ['LogDelivery', 'READ_ACP'],
  ],
  // The bucket's owner has everything anyhow, and there is no EC2.
  'bucket-owner-read': [],
  'bucket-owner-full-control': [],
  'aws-exec-read': [],
}

/** `undefined` for a name that there is not. */
export function cannedAcl(name: string, owner: Owner): Acl | undefined {
  if (!Object.hasOwn(canned, name)) return undefined
  const granted = (canned[name] ?? []).map(([group, permission]): Grant => {
    return { grantee: { kind: 'group', group }, permission }
  })
  return [...privateAcl(owner), ...granted]
}

/** Whether it gives the owner everything and nobody else anything. */
export function isPrivateAcl(acl: Acl, owner: Owner): boolean {
  const [first, ...more] = acl
  return more.length === 0 && first?.permission === 'FULL_CONTROL' && isTo(first, owner)
}

/** Grants to all the world, or to all who have a key. */
export function isPublicAcl(acl: Acl): boolean {
  return acl.some(isPublicGrant)
}

function isPublicGrant({ grantee }: Grant): boolean {
  return grantee.kind === 'group' && grantee.group !== 'LogDelivery'
}

function isTo({ grantee }: Grant, owner: Owner): boolean {
  return grantee.kind === 'owner' && grantee.owner.id === owner.id
}

const storedAcl = z.array(
  z.object({
    to: z.union([z.object({ owner: z.string() }), z.object({ group: z.enum(groups) })]),
    permission: z.enum(permissions),
  }),
)

/** As it is kept. */
export function renderStoredAcl(acl: Acl): string {
  return JSON.stringify(
    acl.map(({ grantee, permission }) => ({
      to: grantee.kind === 'owner' ? { owner: grantee.owner.name } : { group: grantee.group },
      permission,
    })),
  )
}

/** Throws for what `renderStoredAcl` has not written: nobody is let in by an ACL that cannot be read. */
export function parseStoredAcl(text: string): Acl {
  return storedAcl.parse(JSON.parse(text)).map(({ to, permission }) => {
    if ('group' in to) return { grantee: { kind: 'group', group: to.group }, permission }
    return { grantee: { kind: 'owner', owner: ownerNamed(to.owner) }, permission }
  })
}

const ofBucket: Readonly<Record<Permission, readonly string[]>> = {
  READ: ['s3:listbucket', 's3:listbucketversions', 's3:listbucketmultipartuploads'],
  WRITE: [],
  READ_ACP: ['s3:getbucketacl'],
  WRITE_ACP: ['s3:putbucketacl'],
  FULL_CONTROL: [],
}
/** What the ACL of a bucket says of the objects in it. */
const ofItsObjects: Readonly<Partial<Record<Permission, readonly string[]>>> = {
  WRITE: [
    's3:putobject',
    's3:deleteobject',
    's3:abortmultipartupload',
    's3:listmultipartuploadparts',
  ],
}
const ofObject: Readonly<Record<Permission, readonly string[]>> = {
  READ: ['s3:getobject', 's3:getobjectversion'],
  WRITE: [],
  READ_ACP: ['s3:getobjectacl', 's3:getobjectversionacl'],
  WRITE_ACP: ['s3:putobjectacl', 's3:putobjectversionacl'],
  FULL_CONTROL: [],
}

export type AclReach = { readonly publicGrants: 'honoured' | 'ignored' }

export function bucketAclToStatements(acl: Acl, bucket: string, reach: AclReach): Statement[] {
  return honoured(acl, reach).flatMap(({ grantee, permission }) => [
    ...allow(grantee, actionsOf(ofBucket, permission), bucketArn(bucket)),
    ...allow(grantee, actionsOf(ofItsObjects, permission), objectArn(bucket, '*')),
  ])
}

export function objectAclToStatements(
  acl: Acl,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  reach: AclReach,
): Statement[] {
  // A star in a key is a star, not a wildcard.
  const arn = objectArn(bucket, key).replace(/[*?$]/g, (character) => `\${${character}}`)
  return honoured(acl, reach).flatMap(({ grantee, permission }) =>
    allow(grantee, actionsOf(ofObject, permission), arn),
  )
}

function honoured(acl: Acl, { publicGrants }: AclReach): Acl {
  return publicGrants === 'honoured' ? acl : acl.filter((grant) => !isPublicGrant(grant))
}

function actionsOf(
  table: Readonly<Partial<Record<Permission, readonly string[]>>>,
  permission: Permission,
): readonly string[] {
  if (permission !== 'FULL_CONTROL') return table[permission] ?? []
  return Object.values(table).flat()
}

function allow(grantee: Grantee, actions: readonly string[], resource: string): Statement[] {
  const principal = principalOf(grantee)
  if (principal === undefined || actions.length === 0) return []
  return [
    {
      effect: 'Allow',
      principals: { not: false, patterns: [principal] },
      actions: { not: false, patterns: actions },
      resources: { not: false, patterns: [resource] },
      conditions: [],
      variables: 'on',
    },
  ]
}

function principalOf(grantee: Grantee): PrincipalPattern | undefined {
  if (grantee.kind === 'owner') return { kind: 'owner', id: grantee.owner.id }
  if (grantee.group === 'AllUsers') return { kind: 'everyone' }
  return grantee.group === 'AuthenticatedUsers' ? { kind: 'authenticated' } : undefined
}
