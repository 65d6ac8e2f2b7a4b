// Which owners and access keys there are, for whoever names one: policies and ACLs speak of people that exist.
import type { AccessKeys } from './access-keys.ts'
import { type Owner, ownerNamed, rootOwner } from './owner.ts'
import type { PrincipalPattern } from './statement.ts'

export interface Directory {
  /** The owner with that canonical id, if one of his keys exists. */
  ownerById(id: string): Promise<Owner | undefined>
  /** Whether a pattern of a policy can mean anyone. */
  knows(pattern: PrincipalPattern): Promise<boolean>
}

/** Of the root key alone when there are no others. */
export function createDirectory(keys?: Pick<AccessKeys, 'list'>): Directory {
  const all = async () => [
    { name: rootOwner.name, owner: rootOwner },
    ...((await keys?.list()) ?? []).map(({ name, owner }) => ({ name, owner: ownerNamed(owner) })),
  ]
  const ownerById: Directory['ownerById'] = async (id) =>
    (await all()).find(({ owner }) => owner.id === id)?.owner

  return {
    ownerById,
    async knows(pattern) {
      if (pattern.kind === 'owner') return (await ownerById(pattern.id)) !== undefined
      if (pattern.kind !== 'key') return true
      const { name, ownerId } = pattern
      const found = (await all()).find((key) => key.name === name)
      return found !== undefined && (ownerId === undefined || found.owner.id === ownerId)
    },
  }
}
