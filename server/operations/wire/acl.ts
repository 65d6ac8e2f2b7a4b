// ACLs on the wire: headers and XML in, XML out.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import type { ObjectLabels } from '../../../translate/bridge.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import {
  type Acl,
  cannedAcl,
  type Grantee,
  groupOf,
  groupUri,
  isPrivateAcl,
  isPublicAcl,
  type Permission,
  permissions,
  renderStoredAcl,
} from '../../access/acl.ts'
import type { BucketAccess } from '../../access/bucket-access.ts'
import { createDirectory, type Directory } from '../../access/directory.ts'
import type { Owner } from '../../access/owner.ts'
import type { Reply, S3Request, Services } from '../../operation.ts'
import { parseXml } from '../../xml.ts'
import { ownerElement } from './owner.ts'
import { invalidArgument } from './parameters.ts'

const bodyMaxBytes = 256 * 1024
const grantsMax = 100
const xsi = 'http://www.w3.org/2001/XMLSchema-instance'

/** In the order in which their grants are kept and shown. */
const grantHeaders: readonly (readonly [header: string, permission: Permission])[] = [
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-write', 'WRITE'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
]

const schema = z.strictObject({
  Owner: z.strictObject({ ID: z.string(), DisplayName: z.string().optional() }),
  AccessControlList: z
    .strictObject({
      Grant: z
        .array(
          z.strictObject({
            Grantee: z.strictObject({
              ID: z.string().optional(),
              DisplayName: z.string().optional(),
              URI: z.string().optional(),
              EmailAddress: z.string().optional(),
            }),
            Permission: z.enum(permissions),
          }),
        )
        .max(grantsMax)
        .optional(),
    })
    .or(z.literal('').transform(() => ({ Grant: [] }))),
})

/**
 * The ACL that headers ask for; `undefined` when they ask for none. Throws InvalidArgument for words and
 * people that are not known, InvalidRequest for a canned ACL beside grants.
 */
export async function readAclHeaders(
  headers: IncomingHttpHeaders,
  owner: Owner,
  directory: Directory | undefined,
): Promise<Acl | undefined> {
  const name = headers['x-amz-acl']?.toString()
  const given = grantHeaders.filter(([header]) => headers[header] !== undefined)
  if (name !== undefined && given.length > 0) {
    throw new S3Error('InvalidRequest', {
      message: 'Specifying both Canned ACLs and Header Grants is not allowed',
    })
  }
  if (name !== undefined) {
    const acl = cannedAcl(name, owner)
    if (acl === undefined) throw invalidArgument('x-amz-acl', name, 'The canned ACL is not known.')
    return acl
  }
  if (given.length === 0) return undefined
  const acl: { grantee: Grantee; permission: Permission }[] = []
  for (const [header, permission] of given) {
    for (const grantee of splitGrantees(header, headers[header]?.toString() ?? '')) {
      acl.push({ grantee: await resolveGrantee(grantee, owner, directory), permission })
    }
  }
  if (acl.length > grantsMax) throw new S3Error('InvalidArgument', { message: tooMany })
  return acl
}

const tooMany = `An ACL has at most ${grantsMax} grants.`

/**
 * The ACL that PutBucketAcl or PutObjectAcl brings, in headers or as XML. Throws MalformedACLError,
 * MissingSecurityHeader, AccessDenied for another owner, and what `checkAclAllowed` throws.
 */
export async function readAclRequest(
  { headers, payload }: S3Request,
  access: BucketAccess,
  { directory }: Services,
): Promise<Acl> {
  const { owner } = access
  const fromHeaders = await readAclHeaders(headers, owner, directory)
  const text = await payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  if (fromHeaders !== undefined && text !== '') throw new S3Error('UnexpectedContent')
  if (fromHeaders === undefined && text === '') {
    const message = 'Your request was missing a required header: x-amz-acl'
    throw new S3Error('MissingSecurityHeader', { message })
  }
  const acl = fromHeaders ?? (await parseAcl(text, owner, directory))
  checkAclAllowed(acl, access)
  return acl
}

/** Of the object that a request writes, by its headers. Throws what `checkAclAllowed` throws. */
export async function readObjectAcl(
  { headers, access: { bucket } }: S3Request,
  { directory }: Services,
): Promise<Pick<ObjectLabels, 'acl'>> {
  assert(bucket !== undefined, 'no bucket in the address')
  const acl = await readAclHeaders(headers, bucket.owner, directory)
  if (acl === undefined) return {}
  checkAclAllowed(acl, bucket)
  return isPrivateAcl(acl, bucket.owner) ? {} : { acl: renderStoredAcl(acl) }
}

/** Throws AccessControlListNotSupported and AccessDenied for what the bucket does not let be granted. */
function checkAclAllowed(acl: Acl, { owner, reach, block }: BucketAccess): void {
  if (reach.acls === 'off' && !isPrivateAcl(acl, owner)) {
    throw new S3Error('AccessControlListNotSupported')
  }
  if (block.BlockPublicAcls && isPublicAcl(acl)) {
    const message = 'Public ACLs are blocked by the BlockPublicAcls setting of this bucket.'
    throw new S3Error('AccessDenied', { message })
  }
}

/**
 * Groups first: the order means nothing to S3, but readers that sort by name when the first grantee has one
 * fail on those that have none.
 */
export function renderAcl(acl: Acl, owner: Owner): Reply {
  const groups = acl.filter(({ grantee }) => grantee.kind === 'group')
  const people = acl.filter(({ grantee }) => grantee.kind === 'owner')
  const grants = [...groups, ...people].map(({ grantee, permission }) => ({
    Grantee:
      grantee.kind === 'owner'
        ? { '@xmlns:xsi': xsi, '@xsi:type': 'CanonicalUser', ...idElements(grantee.owner) }
        : { '@xmlns:xsi': xsi, '@xsi:type': 'Group', URI: groupUri(grantee.group) },
    Permission: permission,
  }))
  const content = { Owner: ownerElement(owner), AccessControlList: { Grant: grants } }
  return { status: 200, body: { kind: 'xml', root: 'AccessControlPolicy', content } }
}

function idElements({ id, name }: Owner) {
  return { ID: id, DisplayName: name }
}

async function parseAcl(
  text: string,
  owner: Owner,
  directory: Directory | undefined,
): Promise<Acl> {
  const shape = { root: 'AccessControlPolicy', arrays: ['Grant'], schema, maxTags: 2000 }
  let parsed: z.output<typeof schema>
  try {
    parsed = parseXml(text, shape)
  } catch (cause) {
    if (cause instanceof S3Error) throw new S3Error('MalformedACLError', { cause })
    throw cause
  }
  // Nothing changes hands by an ACL.
  if (parsed.Owner.ID !== owner.id) throw new S3Error('AccessDenied')
  const acl: { grantee: Grantee; permission: Permission }[] = []
  for (const { Grantee: grantee, Permission: permission } of parsed.AccessControlList.Grant ?? []) {
    const { ID: id, URI: uri, EmailAddress: emailAddress } = grantee
    const named = { id, uri, emailAddress }
    if (Object.values(named).filter((value) => value !== undefined).length !== 1) {
      throw new S3Error('MalformedACLError')
    }
    acl.push({ grantee: await resolveGrantee(named, owner, directory), permission })
  }
  return acl
}

type NamedGrantee = {
  readonly id?: string | undefined
  readonly uri?: string | undefined
  readonly emailAddress?: string | undefined
}

/** `id="…", uri="…"`, quotes left out or not. */
function splitGrantees(header: string, value: string): NamedGrantee[] {
  return value.split(',').map((piece) => {
    const [, type = '', quoted, plain = ''] =
      /^\s*(id|uri|emailAddress)\s*=\s*(?:"([^"]*)"|([^",\s]+))\s*$/i.exec(piece) ?? []
    const name = quoted ?? plain
    switch (type.toLowerCase()) {
      case 'id':
        return { id: name }
      case 'uri':
        return { uri: name }
      case 'emailaddress':
        return { emailAddress: name }
      default:
        throw invalidArgument(header, value, 'Argument format not recognized')
    }
  })
}

async function resolveGrantee(
  { id, uri, emailAddress }: NamedGrantee,
  owner: Owner,
  directory: Directory = createDirectory(),
): Promise<Grantee> {
  if (emailAddress !== undefined) throw new S3Error('UnresolvableGrantByEmailAddress')
  if (uri !== undefined) {
    const group = groupOf(uri)
    if (group === undefined) throw invalidArgument('uri', uri, 'Invalid group uri')
    return { kind: 'group', group }
  }
  const found = id === owner.id ? owner : await directory.ownerById(id ?? '')
  if (found === undefined) throw invalidArgument('id', id ?? '', 'Invalid id')
  return { kind: 'owner', owner: found }
}
