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

function applies(statement: Statement, request: PolicyRequest): boolean {
  const { principals, actions, resources, conditions, variables } = statement
  const { principal, resource } = request
  const action = request.action.toLowerCase()
  const lookup = variables === 'on' ? lookupIn(request) : undefined
  return (
    (principals === undefined || takes(principals, (one) => isMeant(one, principal))) &&
    takes(actions, (pattern) => matchesPattern(pattern, action)) &&
    takes(resources, (pattern) => matchesPattern(pattern, resource, lookup)) &&
    conditions.every((condition) => conditionHolds(condition, request, variables))
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
