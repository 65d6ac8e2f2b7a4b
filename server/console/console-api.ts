// What the console asks beside S3: one closed table. Rights are those of the session's key; access keys and the
// account are for unlimited keys of the root owner alone.
import { z } from 'zod'
import { presignMaxSeconds } from '../../translate/limits.ts'
import { S3Error } from '../../translate/s3-error.ts'
import type { AccessKeys } from '../access/access-keys.ts'
import { isUnlimited } from '../access/limits.ts'
import { addAccessKey, BadAccessKey } from '../access/new-access-key.ts'
import { rootOwner } from '../access/owner.ts'
import type { WatchedAccount } from '../account-facts.ts'
import type { ActDetails } from '../audit/audit-log.ts'
import type { Credential } from '../authenticate.ts'
import type { Figures } from '../figures/figures.ts'
import type { Health } from '../reply.ts'
import type { createRecentRequests } from './recent-requests.ts'
import { renderShareLink } from './share-link.ts'
import type { Visitor } from './visitor.ts'

export type ConsoleFacts = {
  readonly figures: Pick<Figures, 'snapshot'>
  readonly recent: Pick<ReturnType<typeof createRecentRequests>, 'read'>
  readonly region: string
  /** Whether anything can be written at all. */
  readonly access: 'full' | 'read-only'
  /** Whether an embedded local Jottacloud stands in for an account. */
  readonly isEmbedded: boolean
  /** Makes no call upstream. */
  readonly health: () => Promise<Health>
  readonly accounts: () => Promise<readonly WatchedAccount[]>
}

export type ApiServices = {
  readonly facts: ConsoleFacts
  readonly accessKeys: AccessKeys
  readonly rootKeyId: string
  readonly now: () => Date
}

export type ApiCall = {
  readonly visitor: Visitor
  /** Where clients reach S3. */
  readonly s3Url: string
  /** Throws S3Error when the body has another shape. */
  /** What the act is about, for the log; whether or not it succeeds. */
  readonly tell: (details: ActDetails) => void
  readonly body: <T extends z.ZodType>(shape: T) => Promise<z.output<T>>
}

type Act = (call: ApiCall, services: ApiServices) => Promise<unknown>

/** By method and path below `/api/`. Each answers what is sent as JSON. */
export const apiActs: Readonly<Record<string, Act>> = {
  'GET session': async ({ visitor, s3Url }, { facts }) => describeVisitor(visitor, s3Url, facts),
  'GET overview': showOverview,
  'GET keys': listKeys,
  'POST keys': makeKey,
  'POST keys/remove': removeKey,
  'POST share': shareObject,
}

/** What the page needs to know of its session. */
export function describeVisitor(
  { session, credential }: Pick<Visitor, 'session' | 'credential'>,
  s3Url: string,
  { region }: ConsoleFacts,
) {
  return {
    token: session.token,
    accessKeyId: session.accessKeyId,
    name: credential.displayName,
    owner: credential.owner.name,
    isAdmin: isAdmin(credential),
    isUnlimited: isUnlimited(credential.limits),
    ...{ s3Url, region },
  }
}

function isAdmin({ owner, limits }: Credential): boolean {
  return owner.id === rootOwner.id && isUnlimited(limits)
}

function requireAdmin({ credential }: Visitor): void {
  if (isAdmin(credential)) return
  throw new S3Error('AccessDenied', {
    message: 'This is for keys of the owner root without limits.',
  })
}

async function showOverview({ visitor }: ApiCall, { facts, now }: ApiServices) {
  const { version, startedAt, inFlight, accounts } = await facts.figures.snapshot()
  const { isEmbedded, access } = facts
  const health = await facts.health()
  const general = { version, startedAt, now: now(), isEmbedded, access, health }
  // What others do here is for whoever runs the server.
  if (!isAdmin(visitor.credential)) return general
  const known = new Map(accounts.map((figures) => [figures.account, figures]))
  const all = (await facts.accounts()).map((each) => {
    const { spool, listings, unfinishedUploads } = known.get(each.account) ?? {}
    return { ...each, spool, listings, unfinishedUploads }
  })
  return { ...general, inFlight, recent: facts.recent.read(), accounts: all }
}

async function listKeys({ visitor }: ApiCall, { accessKeys, rootKeyId }: ApiServices) {
  requireAdmin(visitor)
  const root = { name: rootOwner.name, owner: rootOwner.name, accessKeyId: rootKeyId }
  const limits = { buckets: [], access: 'full' }
  return { keys: [{ ...root, limits, isRootKey: true }, ...(await accessKeys.list())] }
}

const wantedKey = z.strictObject({
  name: z.string(),
  owner: z.string().optional(),
  buckets: z.array(z.string()).max(100).default([]),
  access: z.enum(['full', 'read-only']),
})

async function makeKey(
  { visitor, body, tell }: ApiCall,
  { accessKeys, rootKeyId, now }: ApiServices,
) {
  requireAdmin(visitor)
  const { name, owner = rootOwner.name, buckets, access } = await body(wantedKey)
  tell({ keyName: name, keyOwner: owner })
  try {
    const wanted = { name, owner, limits: { buckets, access }, created: now() }
    return await addAccessKey(accessKeys, rootKeyId, wanted)
  } catch (error) {
    if (!(error instanceof BadAccessKey)) throw error
    const message = `${error.field}: ${error.message}`
    throw new S3Error('InvalidRequest', { message, cause: error })
  }
}

async function removeKey({ visitor, body, tell }: ApiCall, { accessKeys }: ApiServices) {
  requireAdmin(visitor)
  const { name } = await body(z.strictObject({ name: z.string() }))
  tell({ keyName: name })
  if (await accessKeys.remove(name)) return { removed: name }
  throw new S3Error('InvalidRequest', { message: `There is no access key named ${name}.` })
}

/** What UTF-8 cannot carry is in no URL. */
const nameText = z
  .string()
  .min(1)
  .refine((text) => text.isWellFormed(), 'must be Unicode')

const wantedShare = z.strictObject({
  bucket: nameText.max(255),
  key: nameText.max(1024),
  expiresSeconds: z.int().min(1).max(presignMaxSeconds),
})

/** The link can do what the key can; what it may not read, its link does not either. */
async function shareObject({ visitor, s3Url, body, tell }: ApiCall, { facts, now }: ApiServices) {
  const wanted = await body(wantedShare)
  tell(wanted)
  const { accessKeyId } = visitor.session
  const { secretAccessKey } = visitor.credential
  const { region } = facts
  const url = renderShareLink({
    ...wanted,
    s3Url,
    region,
    accessKeyId,
    secretAccessKey,
    now: now(),
  })
  return { url, expires: new Date(now().getTime() + wanted.expiresSeconds * 1000) }
}
