// The access keys of an installation besides the root key, as one asynchronous interface. Implementations
// are held to one suite (contract.ts) and may be shared by several processes: a key that one of them
// removes is gone for all of them at once.
import type { KeyLimits } from './limits.ts'

export type AccessKeyRecord = {
  readonly accessKeyId: string
  /** As it is: signatures are made with it, so a digest of it would be of no use. */
  readonly secretAccessKey: string
  /** Unique within the installation. */
  readonly name: string
  /** The owner's name. */
  readonly owner: string
  readonly limits: KeyLimits
  readonly created: Date
}

export interface AccessKeys {
  /** One look-up, whatever is asked for and however many there are. */
  find(accessKeyId: string): Promise<AccessKeyRecord | undefined>
  /** Throws AccessKeyTaken when the id or the name is another's; that one stays as it is. */
  add(record: AccessKeyRecord): Promise<void>
  /** In order of names, without their secrets. */
  list(): Promise<readonly Omit<AccessKeyRecord, 'secretAccessKey'>[]>
  /** `false` when there is none of that name. */
  remove(name: string): Promise<boolean>
  close(): Promise<void>
}

export class AccessKeyTaken extends Error {
  override readonly name = 'AccessKeyTaken'
}
