// Owner, Initiator and ID elements: whoever a bucket belongs to, and so all that is in it.
import type { Owner } from '../../access/owner.ts'
import type { XmlValue } from '../../operation.ts'

export function ownerElement({ id, name }: Owner): XmlValue {
  return { ID: id, DisplayName: name }
}
