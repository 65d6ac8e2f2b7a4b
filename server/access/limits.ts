// What an access key may not do, as statements for the same judge that policies have. Denials, so that no
// policy lifts them. Pure.
import type { Statement } from './statement.ts'

export type KeyLimits = {
  /** Only these; all when there are none. */
  readonly buckets: readonly string[]
  readonly access: 'full' | 'read-only'
}

/** Everything, but for what the limits deny. */
export function limitsToStatements({ buckets, access }: KeyLimits): readonly Statement[] {
  const statements = [
    rule('Allow', { not: false, patterns: ['*'] }, { not: false, patterns: ['*'] }),
  ]
  if (buckets.length > 0) {
    const patterns = buckets.flatMap((bucket) => [bucketArn(bucket), `${bucketArn(bucket)}/*`])
    // The list of buckets is not about one of them; it shows those that may be listed.
    const actions = { not: true, patterns: ['s3:listallmybuckets'] }
    statements.push(rule('Deny', actions, { not: true, patterns }))
  }
  if (access === 'read-only') {
    const actions = { not: true, patterns: ['s3:get*', 's3:list*'] }
    statements.push(rule('Deny', actions, { not: false, patterns: ['*'] }))
  }
  return statements
}

/** Whether statements made of limits deny nothing. */
export function isUnlimited(statements: readonly Statement[]): boolean {
  return statements.every(({ effect }) => effect === 'Allow')
}

export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`
}

export function objectArn(bucket: string, key: string): string {
  return `${bucketArn(bucket)}/${key}`
}

function rule(
  effect: Statement['effect'],
  actions: Statement['actions'],
  resources: Statement['resources'],
): Statement {
  return { effect, principals: undefined, actions, resources, conditions: [], variables: 'off' }
}
