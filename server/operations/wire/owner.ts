// Owner and Initiator elements: whom a bucket belongs to, and so all that is in it; and who began an upload.
import type { Initiator } from '../../../translate/bridge.ts'
import type { Owner } from '../../access/owner.ts'
import { principalArn } from '../../access/principal.ts'
import type { Identity, XmlValue } from '../../operation.ts'

export function ownerElement({ id, name }: Owner): XmlValue {
  return { ID: id, DisplayName: name }
}

/** Whom AWS takes every request without a signature to be of. */
const anonymous: Initiator = { id: '65a011a29cdf8ec533ec3d1ccaae921c', name: 'anonymous' }

/** As S3 has it: the account itself by its canonical id, a user of it by his ARN. */
export function initiatorOf(identity: Identity | undefined): Initiator {
  if (identity === undefined) return anonymous
  const { displayName: name, owner } = identity
  const arn = principalArn(owner.name, { name, ownerId: owner.id })
  return { id: arn.endsWith(':root') ? owner.id : arn, name }
}

/** Uploads from before it was kept are shown as the owner's. */
export function initiatorElement(initiator: Initiator | undefined, owner: Owner): XmlValue {
  return ownerElement(initiator ?? owner)
}
