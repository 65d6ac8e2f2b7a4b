// Access keys as the signature check wants them: the root key, and those that are kept.
import type { FindCredential } from '../authenticate.ts'
import type { AccessKeys } from './access-keys.ts'
import { limitsToStatements } from './limits.ts'
import { ownerNamed, rootOwner } from './owner.ts'

/** Longer ids cannot be anyone's. */
const idMaxLength = 128

/** Looks each id up once, whether it is the root key's, another one's or nobody's. */
export function createCredentials(
  rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string },
  keys: Pick<AccessKeys, 'find'>,
): FindCredential {
  const root = {
    secretAccessKey: rootKey.secretAccessKey,
    displayName: rootOwner.name,
    owner: rootOwner,
    limits: limitsToStatements({ buckets: [], access: 'full' }),
  }
  return async (accessKeyId) => {
    if (accessKeyId.length > idMaxLength) return undefined
    const found = await keys.find(accessKeyId)
    if (accessKeyId === rootKey.accessKeyId) return root
    return (
      found && {
        secretAccessKey: found.secretAccessKey,
        displayName: found.name,
        owner: ownerNamed(found.owner),
        limits: limitsToStatements(found.limits),
      }
    )
  }
}
