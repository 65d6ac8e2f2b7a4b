// Which client has had a good answer to which operation. proofs.json claims it; each suite in clients/ watches
// the bridge's log and holds the claim against what it saw, so a claim that is no longer true fails there.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { testWith } from '../support/real-client.ts'

/** The suites of clients/, by the names that the page gives them and in its order. */
export const clients = [
  'aws s3',
  'aws s3api',
  'aws-sdk',
  'minio',
  'boto3',
  'boto3 (people)',
  's3cmd',
  'rclone',
  'restic',
  'curl',
] as const
export type Client = (typeof clients)[number]

export type Proofs = { readonly [client in Client]?: readonly string[] }

const file = join(import.meta.dirname, 'proofs.json')

type Answered = { readonly scheme: string; readonly requestId: string; readonly operation: string }

/** Of this process, which is one suite. */
const answered: Answered[] = []
const byTheTest = new Set<string>()

/** The right answer about what nobody has set: an error by its form only. */
const notSet = /^(NoSuch\w+Configuration|NoSuchTagSet|NoSuchBucketPolicy|\w+NotFoundError)$/

/** To be told of each line that a bridge logs. */
export function witness(url: string, entry: Readonly<Record<string, unknown>>): void {
  const { operation, requestId, status, code } = entry
  if (typeof operation !== 'string' || typeof requestId !== 'string') return
  if (typeof status !== 'number' || (status >= 400 && !notSet.test(`${code}`))) return
  answered.push({ scheme: new URL(url).protocol, requestId, operation })
}

/** A request that the test made by itself proves nothing of the client. */
export function witnessOwnRequest(requestId: string | undefined): void {
  if (requestId !== undefined) byTheTest.add(requestId)
}

/**
 * Declares the last test of a suite: every operation that proofs.json claims for the client was answered well,
 * over each scheme that the suite used. With JOTTA_S3_WRITE_PROOFS=1 the file is made to say what was seen.
 */
export function declareProofs(test: Test, client: Client, programs: readonly string[]): void {
  testWith(test, programs, 'COVERAGE.md claims of this client what it did', async () => {
    const seen = operationsSeen()
    if (process.env.JOTTA_S3_WRITE_PROOFS === '1') writeProofs({ ...readProofs(), [client]: seen })
    const claimed = readProofs()[client] ?? []
    const missing = claimed.filter((operation) => !seen.includes(operation))
    assert.ok(claimed.length > 0, 'proofs.json has nothing of this client')
    assert.equal(missing, [], 'claimed, but not seen; `npm run proofs` writes what is seen')
  })
}

export function readProofs(): Proofs {
  const read: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const proofs: { [client in Client]?: string[] } = {}
  if (typeof read !== 'object' || read === null) throw new Error('proofs.json is no object')
  for (const [name, list] of Object.entries(read)) {
    const client = clients.find((known) => known === name)
    if (client === undefined || !Array.isArray(list)) throw new Error(`proofs.json: ${name}`)
    proofs[client] = list.map(String)
  }
  return proofs
}

function writeProofs(proofs: Proofs): void {
  const ordered = Object.fromEntries(clients.map((client) => [client, proofs[client]]))
  writeFileSync(file, `${JSON.stringify(ordered, undefined, 2)}\n`)
}

/** Sorted, and only what was seen over every scheme. */
function operationsSeen(): string[] {
  const own = answered.filter(({ requestId }) => !byTheTest.has(requestId))
  const schemes = [...new Set(own.map(({ scheme }) => scheme))]
  const everywhere = (wanted: string) =>
    schemes.every((scheme) =>
      own.some((entry) => entry.scheme === scheme && entry.operation === wanted),
    )
  return [...new Set(own.map(({ operation }) => operation))].filter(everywhere).sort()
}
