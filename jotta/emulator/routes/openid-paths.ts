// Where each realm's OpenID Connect provider lies (API 1.1, 2.3).
import type { Operation } from '../context.ts'
import { isRealm, officialRealm } from '../realms.ts'

const operations: Readonly<Record<string, Operation>> = {
  '.well-known/openid-configuration': 'discovery',
  'protocol/openid-connect/auth': 'authorize',
  'protocol/openid-connect/token': 'token',
  'protocol/openid-connect/userinfo': 'userinfo',
}

export const wellKnownPath = `${realmPath(officialRealm)}/.well-known/openid-configuration`
export const tokenPath = `${realmPath(officialRealm)}/protocol/openid-connect/token`

export function realmPath(realm: string): string {
  return `/auth/realms/${realm}`
}

/** Undefined for a realm that nobody has. */
export function openidOperationOf(rawPath: string): Operation | undefined {
  const [, realm = '', rest = ''] = /^\/auth\/realms\/([a-z_]+)\/(.+)$/.exec(rawPath) ?? []
  return isRealm(realm) && Object.hasOwn(operations, rest) ? operations[rest] : undefined
}

/** Of a path that `openidOperationOf` knows. */
export function realmOf(rawPath: string): string {
  return rawPath.split('/')[3] ?? ''
}
