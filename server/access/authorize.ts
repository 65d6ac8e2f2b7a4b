// The stage between knowing what is asked and doing it: whether whoever asks may. It runs before anything is
// asked of Jottacloud, on what is kept here; only those whom a bucket lets list it get to know what is in it.
import type { IncomingHttpHeaders } from 'node:http'
import type { Bridge, ObjectLabels, RequestContext } from '../../translate/bridge.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { Address, Identity, OperationName, Query, Reply } from '../operation.ts'
import { parseCopySource } from '../operations/wire/copy-source.ts'
import { objectAclToStatements, parseStoredAcl } from './acl.ts'
import { type Requirement, requirementsOf } from './actions.ts'
import { type BucketAccess, type PublicAccessSetting, readBucketAccess } from './bucket-access.ts'
import { evaluate, evaluateForAny } from './evaluate.ts'
import { bucketArn, objectArn } from './limits.ts'
import { type Owner, rootOwner } from './owner.ts'
import { type Arrival, createFacts, type FactsInput, type Tags } from './request-facts.ts'
import type { PolicyRequest, Statement } from './statement.ts'

export type AuthorizeInput = {
  readonly operation: OperationName
  readonly address: Address
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  /** `undefined` for a request that nobody has signed. */
  readonly identity: Identity | undefined
  readonly arrival: Arrival
}

export type AuthorizeServices = {
  readonly bridge: Bridge
  readonly publicAccess?: PublicAccessSetting | undefined
}

/** What a handler still has to ask, and to show. */
export type Access = {
  /** Of the bucket; where there is none, whoever signed. */
  readonly owner: Owner
  /** What is kept of the bucket, if the request names one. */
  readonly bucket: BucketAccess | undefined
  /** Labels of the object by which whoever asks was let in, if it was by them; for the input of the read. */
  readonly reads: { readonly seen?: ObjectLabels }
  /** The same of the source of a copy. */
  readonly copies: { readonly sourceSeen?: ObjectLabels }
  /** For operations on many keys. */
  mayOnKey(action: string, key: string): boolean
  /** For the list of buckets: whether one of that owner's may be shown. */
  mayList(bucket: string): Promise<boolean>
  /** Judges again, with tags that came in the body. Throws AccessDenied. */
  checkTags(tags: Tags): void
  /** As a failure may be told: without the right to list, a missing key is one that is denied. */
  concealed(error: unknown): unknown
}

/** Throws AccessDenied; NoSuchBucket and NoSuchKey where whoever asks may know that. */
export async function authorize(
  input: AuthorizeInput,
  services: AuthorizeServices,
  context: RequestContext,
): Promise<Access> {
  const { operation, address, identity, headers } = input
  const places = {
    target: await loadPlace(address, services),
    source: await loadPlace(sourceOf(input), services),
  }
  const { target, source } = places
  checkExpectedOwner(headers, 'x-amz-expected-bucket-owner', target)
  checkExpectedOwner(headers, 'x-amz-source-expected-bucket-owner', source)
  const judge = createJudge(input, places)
  // What is no form has no key, and its handler says what is wrong with it.
  const isNoForm = operation === 'PostObject' && address.key === undefined
  const requirements = isNoForm ? [] : requirementsOf(operation, input)
  const denied = requirements.find((one) => !judge.allows(one))
  if (denied !== undefined) {
    const isListed = target !== undefined && judge.mayList(target)
    await explainDenial(denied, isListed ? 'listed' : 'hidden', input, services, context)
    throw new S3Error('AccessDenied')
  }
  const plain = createJudge(input, { target: unlabelled(target), source: unlabelled(source) })
  const seenOf = (place: Place | undefined): ObjectLabels | undefined => {
    if (place === undefined || place.key === undefined) return undefined
    const isNeeded = !requirements.every((one) => plain.allows(one))
    return isNeeded || place.bucket.asksForTags ? (place.labels ?? {}) : undefined
  }
  const [seen, sourceSeen] = [seenOf(target), seenOf(source)]
  return {
    owner: target?.bucket.owner ?? identity?.owner ?? rootOwner,
    bucket: target?.bucket,
    reads: seen === undefined ? {} : { seen },
    copies: sourceSeen === undefined ? {} : { sourceSeen },
    mayOnKey: (action, key) =>
      target !== undefined && judge.may(action, { ...target, key, labels: undefined }),
    async mayList(name) {
      const place = await loadPlace({ bucket: name }, services)
      if (place === undefined || place.bucket.owner.id !== identity?.owner.id) return false
      return judge.may('s3:ListBucket', place)
    },
    checkTags(requestTags) {
      const again = createJudge({ ...input, requestTags }, places)
      if (!requirements.every((one) => again.allows(one))) throw new S3Error('AccessDenied')
    },
    concealed(error) {
      const isMissing = error instanceof S3Error && error.code === 'NoSuchKey'
      const place = source ?? target
      if (!isMissing || place === undefined || judge.mayList(place)) return error
      return new S3Error('AccessDenied', { cause: error })
    },
  }
}

/** The same answer with its late failures told as `concealed` says. */
export function concealInReply(reply: Reply, access: Access): Reply {
  if (reply.body?.kind !== 'slow-xml') return reply
  const result = reply.body.result.catch((error: unknown) => {
    throw access.concealed(error)
  })
  return { ...reply, body: { ...reply.body, result } }
}

/** A bucket or an object in it, with what is kept of either. */
type Place = {
  readonly bucket: BucketAccess
  readonly key: string | undefined
  readonly labels: ObjectLabels | undefined
}
type Places = { readonly target: Place | undefined; readonly source: Place | undefined }

function createJudge(
  input: AuthorizeInput & Pick<FactsInput, 'requestTags'>,
  { target, source }: Places,
) {
  const { identity } = input
  const principal = identity && { name: identity.displayName, ownerId: identity.owner.id }
  type Facts = Pick<FactsInput, 'existingTags' | 'prefix'>
  const requestOn = (action: string, resource: string, facts: Facts = {}): PolicyRequest => {
    const context = createFacts({ ...input, ...facts })
    return { principal, action, resource, context }
  }
  const isLimited = (request: PolicyRequest): boolean =>
    identity !== undefined && evaluate(identity.limits, request) !== 'allow'
  const may = (action: string, place: Place, orByAcl?: string): boolean => {
    const { bucket, key, labels } = place
    const resource = key === undefined ? bucketArn(bucket.bucket) : objectArn(bucket.bucket, key)
    const request = requestOn(action, resource, { existingTags: labels?.tags })
    return !isLimited(request) && isAllowedBy(place, request, identity, orByAcl)
  }
  const onBucket = (action: string, place: Place) => may(action, { ...place, key: undefined })
  /** Whether a stranger may have the action on some object; false only if there is none for sure. */
  const mayOnAny = (action: string, { bucket }: Place): boolean => {
    const request = requestOn(action, objectArn(bucket.bucket, '*'))
    const place = { bucket, key: undefined, labels: undefined }
    return isAllowedBy(place, request, identity, undefined, evaluateForAny)
  }
  /** Whether a listing may show the place: as if it asked for its key alone. */
  const mayList = ({ bucket, key: prefix }: Place): boolean => {
    const request = requestOn('s3:ListBucket', bucketArn(bucket.bucket), { prefix })
    const place = { bucket, key: undefined, labels: undefined }
    return !isLimited(request) && isAllowedBy(place, request, identity, undefined)
  }
  return {
    may,
    mayList,
    allows({ action, on, orByAcl, orElse }: Requirement): boolean {
      if (on === 'service') return identity !== undefined && !isLimited(requestOn(action, '*'))
      const place = on === 'source' ? source : target
      if (place === undefined) return false
      if (action === 's3:CreateBucket') {
        // Whose bucket it would be is the handler's to find out.
        const request = requestOn(action, bucketArn(place.bucket.bucket))
        return identity !== undefined && !isLimited(request)
      }
      if (on === 'bucket') return onBucket(action, place)
      if (on === 'some-object') {
        // Who has signed is told of each key, as by AWS.
        return (
          identity !== undefined || [action, orElse ?? action].some((one) => mayOnAny(one, place))
        )
      }
      return place.key !== undefined && may(action, place, orByAcl)
    },
  }
}

/** With these an owner cannot be locked out of his own bucket, whatever its policy says. */
const policyActions = ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy']

function isAllowedBy(
  { bucket, key, labels }: Place,
  request: PolicyRequest,
  identity: Identity | undefined,
  orByAcl: string | undefined,
  judge = evaluate,
): boolean {
  const isOwner = identity?.owner.id === bucket.owner.id
  if (isOwner && policyActions.includes(request.action)) return true
  const byPolicy = judge(bucket.policy, request)
  if (byPolicy === 'deny') return false
  if (isOwner) return true
  // Of a public policy, nobody but the owner has anything then.
  const isRestricted = bucket.isPolicyPublic && bucket.block.RestrictPublicBuckets
  if (byPolicy === 'allow' && !isRestricted) return true
  const actions = orByAcl === undefined ? [request.action] : [request.action, orByAcl]
  const isGranted = (statements: readonly Statement[]) =>
    actions.some((action) => judge(statements, { ...request, action }) === 'allow')
  if (isGranted(bucket.aclStatements)) return true
  if (key === undefined || labels?.acl === undefined || bucket.reach.acls === 'off') return false
  const address = { bucket: bucket.bucket, key }
  return isGranted(objectAclToStatements(parseStoredAcl(labels.acl), address, bucket.reach))
}

/** Throws what whoever was denied may know instead; `listed` is a place that a listing may show him. */
async function explainDenial(
  { on }: Requirement,
  place: 'listed' | 'hidden',
  { identity, address, operation }: AuthorizeInput,
  { bridge, publicAccess = 'bucket' }: AuthorizeServices,
  context: RequestContext,
): Promise<void> {
  const { bucket, key } = address
  if (bucket === undefined || operation === 'CreateBucket') return
  if (identity !== undefined) {
    await bridge.headBucket(bucket, context)
  } else if (publicAccess === 'bucket' && !(await bridge.bucketMayExist(bucket, context))) {
    throw new S3Error('NoSuchBucket', { elements: { BucketName: bucket } })
  }
  const isRead = operation === 'GetObject' || operation === 'HeadObject'
  if (!isRead || on !== 'object' || key === undefined) return
  if (place === 'listed') {
    await bridge.headObject({ bucket, key, conditions: {}, range: undefined }, context)
  }
}

async function loadPlace(
  address: Address | undefined,
  { bridge, publicAccess = 'bucket' }: AuthorizeServices,
): Promise<Place | undefined> {
  if (address?.bucket === undefined) return undefined
  const { bucket: name, key } = address
  const bucket = readBucketAccess(name, await bridge.bucketConfigurations(name), publicAccess)
  const labels = key === undefined ? undefined : await bridge.keptLabels({ bucket: name, key })
  return { bucket, key, labels }
}

/** As if nothing were known of the object. */
function unlabelled(place: Place | undefined): Place | undefined {
  return place && { ...place, labels: undefined }
}

function sourceOf({ operation, headers }: AuthorizeInput) {
  if (operation !== 'CopyObject' && operation !== 'UploadPartCopy') return undefined
  return parseCopySource(headers['x-amz-copy-source']?.toString() ?? '')
}

/** By canonical id, or by the owner's name. */
function checkExpectedOwner(
  headers: IncomingHttpHeaders,
  header: string,
  place: Place | undefined,
): void {
  const expected = headers[header]?.toString()
  if (expected === undefined || place === undefined) return
  const { owner } = place.bucket
  if (expected === owner.id || expected === owner.name) return
  throw new S3Error('AccessDenied', { elements: { Header: header } })
}
