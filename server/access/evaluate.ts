// The one judge of statements, whether they come from a bucket's policy, an ACL or the limits of an access
// key: an explicit deny wins, then an allow, else nobody has said anything. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
import { conditionHolds, lookupIn } from './condition.ts'
import { matchesPattern } from './pattern.ts'
import type {
  Decision,
  Matcher,
  PolicyRequest,
  Principal,
  PrincipalPattern,
  Statement,
} from './statement.ts'

export function evaluate(statements: readonly Statement[], request: PolicyRequest): Decision {
  let decision: Decision = 'none'
  for (const statement of statements) {
    if (!applies(statement, request)) continue
    if (statement.effect === 'Deny') return 'deny'
    decision = 'allow'
  }
  return decision
}

/**
 * As `evaluate`, where `resource` is all objects of a bucket, its ARN with the star: `none` and `deny` hold for each of
 * them, `allow` says that there may be one on which it is allowed. Conditions are not asked.
 */
export function evaluateForAny(statements: readonly Statement[], request: PolicyRequest): Decision {
  let decision: Decision = 'none'
  for (const { effect, principals, actions, resources, conditions } of statements) {
    if (!isAbout({ principals, actions }, request)) continue
    if (effect === 'Allow') decision = 'allow'
    else if (conditions.length === 0 && isOnAll(resources, request)) return 'deny'
  }
  return decision
}

/** Sure of it only where it is written that way. */
function isOnAll({ not, patterns }: Matcher<string>, { resource }: PolicyRequest): boolean {
  return !not && patterns.some((pattern) => pattern === '*' || pattern === resource)
}

function applies(statement: Statement, request: PolicyRequest): boolean {
  const { resources, conditions, variables } = statement
  const lookup = variables === 'on' ? lookupIn(request) : undefined
  return (
    isAbout(statement, request) &&
    takes(resources, (pattern) => matchesPattern(pattern, request.resource, lookup)) &&
    conditions.every((condition) => conditionHolds(condition, request, variables))
  )
}

/** Whether the statement names who asks, and what for. */
function isAbout(
  { principals, actions }: Pick<Statement, 'principals' | 'actions'>,
  { principal, action }: PolicyRequest,
): boolean {
  const name = action.toLowerCase()
  return (
    (principals === undefined || takes(principals, (one) => isMeant(one, principal))) &&
    takes(actions, (pattern) => matchesPattern(pattern, name))
  )
}

function takes<T>({ not, patterns }: Matcher<T>, isMatch: (pattern: T) => boolean): boolean {
  return patterns.some(isMatch) !== not
}

function isMeant(pattern: PrincipalPattern, principal: Principal | undefined): boolean {
  if (pattern.kind === 'everyone') return true
  if (principal === undefined) return false
  switch (pattern.kind) {
    case 'authenticated':
      return true
    case 'owner':
      return pattern.id === principal.ownerId
    case 'key':
      return (
        pattern.name === principal.name &&
        (pattern.ownerId === undefined || pattern.ownerId === principal.ownerId)
      )
  }
}
