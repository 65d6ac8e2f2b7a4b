// Making an access key, for whoever asks: the command line and the console hold it to the same rules.
import { isBucketName } from '../../translate/bucket-name.ts'
import { makeAccessKey } from '../root-access-key.ts'
import { type AccessKeyRecord, type AccessKeys, AccessKeyTaken } from './access-keys.ts'
import type { KeyLimits } from './limits.ts'
import { isPrincipalName, rootOwner } from './owner.ts'

export type NewAccessKey = {
  readonly name: string
  readonly owner: string
  readonly limits: KeyLimits
  /** Instead of a made pair; its form is checked by whoever took it. */
  readonly given?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  readonly created: Date
}

/** What is wrong with a wish for a key: `field` is what its reader has to change. */
export class BadAccessKey extends Error {
  override readonly name = 'BadAccessKey'
  readonly field: 'name' | 'owner' | 'bucket' | 'key'
  constructor(field: BadAccessKey['field'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.field = field
  }
}

/**
 * Throws BadAccessKey, also for a name or an id that is taken: nothing is replaced. `rootKeyId` is that of the
 * root key, which is kept elsewhere.
 */
export async function addAccessKey(
  keys: Pick<AccessKeys, 'add'>,
  rootKeyId: string | undefined,
  { name, owner, limits, given, created }: NewAccessKey,
): Promise<AccessKeyRecord> {
  for (const [field, text] of [
    ['name', name],
    ['owner', owner],
  ] as const) {
    if (isPrincipalName(text)) continue
    throw new BadAccessKey(field, 'must be 1 to 64 letters, digits or _+=,.@- and begin with one')
  }
  // The root key is called so: in ARNs, in logs and in what clients see.
  if (name === rootOwner.name) throw new BadAccessKey('name', 'root is the name of the root key')
  const wrong = limits.buckets.find((bucket) => !isBucketName(bucket))
  if (wrong !== undefined) throw new BadAccessKey('bucket', `${wrong} is no name of a bucket`)
  const record = { ...(given ?? makeAccessKey()), name, owner, limits, created }
  if (record.accessKeyId === rootKeyId) throw taken(record)
  try {
    await keys.add(record)
  } catch (error) {
    if (error instanceof AccessKeyTaken) throw taken(record, error)
    throw error
  }
  return record
}

function taken({ accessKeyId, name }: AccessKeyRecord, cause?: AccessKeyTaken): BadAccessKey {
  const message = `an access key named ${name} or with the id ${accessKeyId} exists`
  return new BadAccessKey('key', message, { cause })
}
