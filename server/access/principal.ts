// Principals as policies write them, and the ARNs of ours: `arn:aws:iam::OWNER:user/KEY`, where OWNER is the
// owner's name or canonical id and KEY the name of an access key. Pure.
import { isCanonicalId, isPrincipalName, ownerNamed } from './owner.ts'
import type { Principal, PrincipalPattern } from './statement.ts'

export function principalArn(owner: string, { name }: Principal): string {
  // The key that is called as its owner is what AWS calls the account's root user.
  return `arn:aws:iam::${owner}:${name === 'root' && owner === 'root' ? 'root' : `user/${name}`}`
}

/**
 * A value of `{"AWS": …}`: `*`; `arn:aws:iam::OWNER:root` or the 64 digits of a canonical id, which mean all
 * keys of an owner; `arn:aws:iam::OWNER:user/KEY`, OWNER left out or not, or KEY alone, which mean one key.
 * `undefined` for what is none of these.
 */
export function parseAwsPrincipal(text: string): PrincipalPattern | undefined {
  if (text === '*') return { kind: 'everyone' }
  if (isCanonicalId(text)) return { kind: 'owner', id: text }
  if (isPrincipalName(text)) return { kind: 'key', name: text, ownerId: undefined }
  const [, account = '', what = ''] = /^arn:aws:iam::([^:]*):(.+)$/.exec(text) ?? []
  const ownerId = account === '' ? undefined : ownerIdOf(account)
  if (account !== '' && ownerId === undefined) return undefined
  if (what === 'root') return ownerId === undefined ? undefined : { kind: 'owner', id: ownerId }
  const name = /^user\/(?:[^/]+\/)*([^/]+)$/.exec(what)?.[1]
  if (name === undefined || !isPrincipalName(name)) return undefined
  return { kind: 'key', name, ownerId }
}

/** A value of `{"CanonicalUser": …}`. */
export function parseCanonicalUser(text: string): PrincipalPattern | undefined {
  return isCanonicalId(text) ? { kind: 'owner', id: text } : undefined
}

function ownerIdOf(account: string): string | undefined {
  if (isCanonicalId(account)) return account
  return isPrincipalName(account) ? ownerNamed(account).id : undefined
}
