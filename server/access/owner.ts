// Owners: who has buckets. An owner is a name that access keys belong to; its canonical id is made from the
// name, so that nothing about an owner has to be kept. Pure.
import { createHash } from 'node:crypto'

export type Owner = {
  /** Unique within the installation, and what S3 shows as DisplayName. */
  readonly name: string
  /** In the form of AWS's canonical user ids: 64 hex digits. */
  readonly id: string
}

const rootName = 'root'

/** The owner of the root key, and of every bucket that no owner is recorded of. */
export const rootOwner: Owner = ownerNamed(rootName)

export function ownerNamed(name: string): Owner {
  // The first installations knew one owner only, whose id must stay what it was.
  const seed = name === rootName ? 'jotta-s3 account' : `jotta-s3 owner ${name}`
  return { name, id: createHash('sha256').update(seed).digest('hex') }
}

/** What names of owners and of access keys are made of: they stand in ARNs. */
export function isPrincipalName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_+=,.@-]{0,63}$/.test(name) && !isCanonicalId(name)
}

export function isCanonicalId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}
