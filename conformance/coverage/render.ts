// COVERAGE.md as text, made from the operation table, the remarks and the proofs. Pure.
import { type OperationName, operations } from '../../server/operations/index.ts'
import type { Row } from '../../server/operations/row.ts'
import { clients, type Proofs } from './proofs.ts'
import { type OfferedOperation, remarks, signatures } from './remarks.ts'

export function renderCoverage(proofs: Proofs): string {
  return `# Coverage: what each S3 operation does, and who proved it

<!-- Made by \`npm run coverage\` from server/operations and conformance/coverage; not to be edited. -->

\`works\`: as AWS answers, within the note. \`differs\`: the note says what is not as on AWS. \`refused\`: answers NotImplemented by its
name, and never reaches another operation. An operation that is not on this page is refused as well.

A client stands beside an operation when its suite in \`clients/\` gets a good answer to it from the bridge over every scheme that
it runs on, which the suite checks each time. What no client asks for is proven by signed requests in \`raw/\` and by unit tests.

${renderScore(proofs)}

The suite of ceph/s3-tests was read in order and asked as condensed probes on 2026-11-26, over HTTP and HTTPS alike; they are not in
this repository. Outside ACL and policy 343 of 370 held, and 11 of the others cannot be asked with boto3 as they are written; of
ACL and policy 94 of 111. Versions, object lock, SSE-C, KMS and what only RGW has were left out. No request was answered 500.

| Operation | | Clients | Notes |
| --- | --- | --- | --- |
${offeredNames().map(renderOffered(proofs)).join('\n')}

## Refused

${refusedByResource()}

## Signatures

| Signature | Proven by |
| --- | --- |
${signatures.map((cells) => renderRow(cells)).join('\n')}
`
}

function renderScore(proofs: Proofs): string {
  const names = offeredNames()
  const count = (verdict: string): number =>
    names.filter((name) => remarks[name].verdict === verdict).length
  const refused = Object.values<Row>(operations).filter((row) => row.handler === 'not-offered')
  const proven = names.filter((name) =>
    clients.some((client) => proofs[client]?.includes(name) === true),
  )
  return `Of ${names.length + refused.length} operations ${count('works')} work, ${count('differs')} differ and ${refused.length} are refused; ${proven.length} are proven by a client that was not made here.`
}

function renderOffered(proofs: Proofs): (name: OfferedOperation) => string {
  return (name) => {
    const proven = clients.filter((client) => proofs[client]?.includes(name) === true)
    const { verdict, note } = remarks[name]
    return renderRow([name, verdict, proven.join(', '), note])
  }
}

function refusedByResource(): string {
  return (['service', 'bucket', 'object'] as const)
    .map((resource) => {
      const names = Object.entries<Row>(operations)
        .filter(([, row]) => row.handler === 'not-offered' && row.resource === resource)
        .map(([name]) => name)
      return names.length === 0 ? undefined : `On the ${resource}: ${names.join(', ')}.`
    })
    .filter((paragraph) => paragraph !== undefined)
    .join('\n\n')
}

function renderRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`.replaceAll(
    '|  |',
    '| |',
  )
}

/** In the order of the remarks. */
export function offeredNames(): OfferedOperation[] {
  return Object.keys(remarks).filter(isOffered)
}

function isOffered(name: string): name is OfferedOperation {
  return Object.hasOwn(remarks, name)
}

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}
