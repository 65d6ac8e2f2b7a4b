// The suite that every implementation of State is held to, whatever it keeps its rows in. The cases of each table
// are a file of `contract/`.
import assert from 'node:assert/strict'
import { suite } from 'uvu'
import { account } from './contract/account.ts'
import { bucketConfigurations } from './contract/bucket-configurations.ts'
import { bucketRemovals } from './contract/bucket-removals.ts'
import { chores } from './contract/chores.ts'
import { folders } from './contract/folders.ts'
import { leases } from './contract/leases.ts'
import { listings } from './contract/listings.ts'
import { objects } from './contract/objects.ts'
import { parts } from './contract/parts.ts'
import type { Proof } from './contract/samples.ts'
import { stagedObjects } from './contract/staged-objects.ts'
import { uploads } from './contract/uploads.ts'
import { usage } from './contract/usage.ts'

/**
 * Runs `act` over fresh storage. Each `open` opens that same storage, as another process would; the
 * bracket closes what is still open and removes the storage.
 */
export type StateBracket = (act: Proof) => Promise<void>

const tables = [
  account,
  bucketConfigurations,
  bucketRemovals,
  chores,
  folders,
  leases,
  listings,
  objects,
  stagedObjects,
  uploads,
  parts,
  usage,
]

export function stateContract(name: string, withStorage: StateBracket): void {
  const test = suite(`state contract: ${name}`)
  const sentences = new Set<string>()
  for (const [sentence, proof] of tables.flatMap((proofs) => Object.entries(proofs))) {
    assert(!sentences.has(sentence), `two cases are called "${sentence}"`)
    sentences.add(sentence)
    test(sentence, () => withStorage(proof))
  }
  test.run()
}
