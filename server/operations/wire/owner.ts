// The one owner of every bucket and object: whoever holds the account behind this server.
import { createHash } from 'node:crypto'
import type { Identity, XmlValue } from '../../operation.ts'

/** In the form of AWS's canonical user ids: 64 hex digits. */
export const ownerId: string = createHash('sha256').update('jotta-s3 account').digest('hex')

export function ownerElement(identity: Identity): XmlValue {
  return { ID: ownerId, DisplayName: identity.displayName }
}
