// The policy of a bucket as JSON text -> statements. Everything that a statement can say is checked here, so
// that a policy which is kept means something. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
import { z } from 'zod'
import { S3Error } from '../../translate/s3-error.ts'
import { isKnownAction } from './actions.ts'
import { acceptsValue, parseConditionKey, parseOperator } from './condition.ts'
import { parseAwsPrincipal, parseCanonicalUser } from './principal.ts'
import type { Condition, Matcher, PrincipalPattern, Statement } from './statement.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html */
export const policyMaxBytes = 20 * 1024

/** What holding a pattern against a text costs grows with both. */
const pattern = z.string().max(2048)
const texts = z.union([pattern.transform((text) => [text]), z.array(pattern)])
const scalar = z.union([pattern, z.number(), z.boolean()]).transform(String)
const values = z.union([scalar.transform((value) => [value]), z.array(scalar)])
const principal = z.union([z.literal('*'), z.record(z.string(), texts)])

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: principal.optional(),
  NotPrincipal: principal.optional(),
  Action: texts.optional(),
  NotAction: texts.optional(),
  Resource: texts.optional(),
  NotResource: texts.optional(),
  Condition: z.record(z.string(), z.record(z.string(), values)).optional(),
})
type StatementJson = z.infer<typeof statementSchema>

const documentSchema = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.preprocess(
    (value) => (Array.isArray(value) ? value : [value]),
    z.array(statementSchema).min(1),
  ),
})

/** Throws MalformedPolicy, in AWS's words where it has some. `bucket` is the one that resources must name. */
export function parsePolicy(text: string, bucket: string): Statement[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw malformed("Policies must be valid JSON and the first byte must be '{'", cause)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw malformed("Policies must be valid JSON and the first byte must be '{'")
  }
  const parsed = documentSchema.safeParse(json)
  if (!parsed.success) throw malformed(explain(parsed.error), parsed.error)
  const { Version: version, Statement: statements } = parsed.data
  const sids = statements.flatMap(({ Sid: sid }) => (sid === undefined ? [] : [sid]))
  if (new Set(sids).size !== sids.length) throw malformed('Statement IDs (SID) must be unique.')
  const variables = version === '2012-10-17' ? 'on' : 'off'
  return statements.map((statement) => toStatement(statement, bucket, variables))
}

function toStatement(
  json: StatementJson,
  bucket: string,
  variables: Statement['variables'],
): Statement {
  const principals = oneOf(json.Principal, json.NotPrincipal, 'Missing required field Principal')
  // It would let in everyone but those who are named, strangers too; S3 does not take it.
  if (principals.not && json.Effect === 'Allow') {
    throw malformed('Allow with NotPrincipal is not allowed.')
  }
  const actions = oneOf(json.Action, json.NotAction, 'Missing required field Action')
  const resources = oneOf(json.Resource, json.NotResource, 'Missing required field Resource')
  for (const action of actions.value) {
    if (!isKnownAction(action)) throw malformed('Policy has invalid action')
  }
  for (const resource of resources.value) checkResource(resource, bucket)
  return {
    effect: json.Effect,
    principals: { not: principals.not, patterns: toPrincipals(principals.value) },
    actions: { not: actions.not, patterns: actions.value.map((action) => action.toLowerCase()) },
    resources: { not: resources.not, patterns: resources.value },
    conditions: Object.entries(json.Condition ?? {}).flatMap(toConditions),
    variables,
  }
}

/** Of an element and its `Not…`, exactly one must be there, and not empty. */
function oneOf<T>(
  plain: T | undefined,
  negated: T | undefined,
  missing: string,
): Pick<Matcher<T>, 'not'> & { readonly value: T } {
  const value = plain ?? negated
  const isEmpty = value === undefined || (Array.isArray(value) && value.length === 0)
  if (isEmpty) throw malformed(missing)
  if (plain !== undefined && negated !== undefined) {
    throw malformed('An element and its negation cannot stand in one statement.')
  }
  return { not: plain === undefined, value }
}

function toPrincipals(json: NonNullable<StatementJson['Principal']>): PrincipalPattern[] {
  if (json === '*') return [{ kind: 'everyone' }]
  const found = Object.entries(json).flatMap(([type, list]) =>
    list.map((text) => {
      if (type === 'AWS') return parseAwsPrincipal(text)
      return type === 'CanonicalUser' ? parseCanonicalUser(text) : undefined
    }),
  )
  if (found.length === 0) throw malformed('Missing required field Principal')
  return found.map((pattern) => {
    if (pattern === undefined) throw invalidPrincipal()
    return pattern
  })
}

function toConditions([name, keys]: [string, Record<string, string[]>]): Condition[] {
  const operator = parseOperator(name)
  if (operator === undefined) throw malformed(`Invalid Condition type : ${name}`)
  return Object.entries(keys).map(([text, wanted]) => {
    const key = parseConditionKey(text)
    if (key === undefined) throw malformed('Policy has an invalid condition key')
    const isWrong = wanted.some((value) => !acceptsValue(operator.operator, value))
    if (wanted.length === 0 || isWrong) {
      throw malformed(`The condition ${name} has a value that is not valid for ${text}.`)
    }
    return { ...operator, key, values: wanted }
  })
}

/** Only the bucket itself and its objects can be spoken of. */
function checkResource(resource: string, bucket: string): void {
  if (resource === '*') return
  const [, name] = /^arn:aws:s3:::([^/]+)(?:\/.*)?$/s.exec(resource) ?? []
  if (name === undefined || (name !== bucket && !/[*?]|\$\{/.test(name))) {
    throw malformed('Policy has invalid resource')
  }
}

export function invalidPrincipal(): S3Error {
  return malformed('Invalid principal in policy')
}

function explain(error: z.ZodError): string {
  const [issue] = error.issues
  const path = issue?.path.join('.') ?? ''
  if (issue?.code === 'unrecognized_keys') return `Unknown field ${issue.keys.join(', ')}`
  return `The policy is not in the valid JSON format: ${path} ${issue?.message ?? ''}`.trim()
}

function malformed(message: string, cause?: unknown): S3Error {
  return new S3Error('MalformedPolicy', { message, cause })
}
