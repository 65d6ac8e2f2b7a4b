// Conditions of policies: the operators, the keys, and whether a condition holds for a request. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
import { createNetworks, isNetwork } from './network.ts'
import { expandVariables, type Lookup, matchesPattern } from './pattern.ts'
import type { Condition, PolicyRequest, Statement } from './statement.ts'

type Operator = {
  /** Whether one value of the request is one value of the policy. */
  readonly holds: (actual: string, wanted: string, lookup: Lookup | undefined) => boolean
  /** True when no value of the policy matches, and for a request without the key. */
  readonly negated?: true
  /** Whether a policy may have that value; any text when left out. */
  readonly accepts?: (wanted: string) => boolean
}

const equals: Operator['holds'] = (actual, wanted, lookup) =>
  expandVariables(wanted, lookup) === actual
const equalsIgnoringCase: Operator['holds'] = (actual, wanted, lookup) =>
  expandVariables(wanted, lookup)?.toLowerCase() === actual.toLowerCase()
const like: Operator['holds'] = (actual, wanted, lookup) => matchesPattern(wanted, actual, lookup)

const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { holds: equals },
  StringNotEquals: { holds: equals, negated: true },
  StringEqualsIgnoreCase: { holds: equalsIgnoringCase },
  StringNotEqualsIgnoreCase: { holds: equalsIgnoringCase, negated: true },
  StringLike: { holds: like },
  StringNotLike: { holds: like, negated: true },
  // AWS lets wildcards into all four.
  ArnEquals: { holds: arnLike, accepts: isArn },
  ArnLike: { holds: arnLike, accepts: isArn },
  ArnNotEquals: { holds: arnLike, negated: true, accepts: isArn },
  ArnNotLike: { holds: arnLike, negated: true, accepts: isArn },
  Bool: {
    holds: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
    accepts: isBoolean,
  },
  IpAddress: { holds: isInNetwork, accepts: isNetwork },
  NotIpAddress: { holds: isInNetwork, negated: true, accepts: isNetwork },
  ...compared('Numeric', parseNumber),
  ...compared('Date', parseDate),
}

/** Every key that a request can be asked for, in lower case. Those of the second list end with a name. */
const keys: ReadonlySet<string> = new Set([
  'aws:currenttime',
  'aws:epochtime',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principaltype',
  'aws:referer',
  'aws:securetransport',
  'aws:sourceip',
  'aws:useragent',
  'aws:userid',
  'aws:username',
  's3:authtype',
  's3:delimiter',
  's3:if-match',
  's3:if-none-match',
  's3:max-keys',
  's3:objectownership',
  's3:prefix',
  's3:requestobjecttagkeys',
  's3:signatureage',
  's3:signatureversion',
  's3:versionid',
  's3:x-amz-acl',
  's3:x-amz-content-sha256',
  's3:x-amz-copy-source',
  's3:x-amz-grant-full-control',
  's3:x-amz-grant-read',
  's3:x-amz-grant-read-acp',
  's3:x-amz-grant-write',
  's3:x-amz-grant-write-acp',
  's3:x-amz-metadata-directive',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:x-amz-server-side-encryption-customer-algorithm',
  's3:x-amz-storage-class',
  's3:x-amz-website-redirect-location',
])
const namedKeys = ['s3:existingobjecttag/', 's3:requestobjecttag/']

/** A condition key as `Condition` has it; `undefined` for one that there is not. */
export function parseConditionKey(text: string): string | undefined {
  const slash = text.indexOf('/')
  if (slash === -1) {
    const key = text.toLowerCase()
    return keys.has(key) ? key : undefined
  }
  const head = text.slice(0, slash + 1).toLowerCase()
  const isNamed = namedKeys.includes(head) && slash + 1 < text.length
  return isNamed ? `${head}${text.slice(slash + 1)}` : undefined
}

/** `ForAnyValue:StringLikeIfExists` taken apart; `undefined` for an operator that there is not. */
export function parseOperator(
  text: string,
): Pick<Condition, 'operator' | 'set' | 'ifExists'> | undefined {
  const [, set, name = '', ifExists] =
    /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(text) ?? []
  if (name === 'Null') {
    const isPlain = set === undefined && ifExists === undefined
    return isPlain ? { operator: name, set: undefined, ifExists: false } : undefined
  }
  if (!Object.hasOwn(operators, name)) return undefined
  const found = set === 'ForAnyValue' || set === 'ForAllValues' ? set : undefined
  return { operator: name, set: found, ifExists: ifExists !== undefined }
}

/** Whether a condition with this operator can have that value. */
export function acceptsValue(operator: string, value: string): boolean {
  if (operator === 'Null') return isBoolean(value)
  return operators[operator]?.accepts?.(value) ?? true
}

export function conditionHolds(
  condition: Condition,
  request: PolicyRequest,
  variables: Statement['variables'],
): boolean {
  const { operator: name, set, ifExists, key, values } = condition
  const actual = request.context(key)
  if (name === 'Null') {
    const isAbsent = String(actual === undefined)
    return values.some((value) => value.toLowerCase() === isAbsent)
  }
  const operator = operators[name]
  // The parser lets no other in.
  if (operator === undefined) return false
  if (actual === undefined || actual.length === 0) {
    if (ifExists || set === 'ForAllValues') return true
    return set === undefined && operator.negated === true
  }
  const lookup = variables === 'on' ? lookupIn(request) : undefined
  const isOne = (one: string): boolean => {
    const found = values.some((wanted) => operator.holds(one, wanted, lookup))
    return operator.negated === true ? !found : found
  }
  if (set === 'ForAllValues') return actual.every(isOne)
  // Without a set operator a negated one means none of the values.
  if (set === undefined && operator.negated === true) return actual.every(isOne)
  return actual.some(isOne)
}

/** Variables are condition keys that have one value. */
export function lookupIn(request: PolicyRequest): Lookup {
  return (name) => {
    const key = parseConditionKey(name)
    const values = key === undefined ? undefined : request.context(key)
    return values?.length === 1 ? values[0] : undefined
  }
}

function isInNetwork(actual: string, wanted: string): boolean {
  return createNetworks([wanted])(actual)
}

/** Each of the six pieces by itself, so that a wildcard stays within its piece. */
function arnLike(actual: string, wanted: string, lookup: Lookup | undefined): boolean {
  const [actualPieces, wantedPieces] = [piecesOf(actual), piecesOf(wanted)]
  if (actualPieces.length !== 6 || wantedPieces.length !== 6) return false
  return wantedPieces.every((piece, index) =>
    matchesPattern(piece, actualPieces[index] ?? '', lookup),
  )
}

function isArn(text: string): boolean {
  return piecesOf(text).length === 6 && text.startsWith('arn:')
}

function piecesOf(arn: string): string[] {
  const pieces = arn.split(':')
  return pieces.length < 6 ? pieces : [...pieces.slice(0, 5), pieces.slice(5).join(':')]
}

function isBoolean(text: string): boolean {
  return /^(?:true|false)$/i.test(text)
}

function compared(
  family: string,
  parse: (text: string) => number | undefined,
): Record<string, Operator> {
  const operator = (compare: (a: number, b: number) => boolean): Operator => ({
    holds: (actual, wanted) => {
      const [a, b] = [parse(actual), parse(wanted)]
      return a !== undefined && b !== undefined && compare(a, b)
    },
    accepts: (wanted) => parse(wanted) !== undefined,
  })
  const same = operator((a, b) => a === b)
  return {
    [`${family}Equals`]: same,
    [`${family}NotEquals`]: { ...same, negated: true },
    [`${family}LessThan`]: operator((a, b) => a < b),
    [`${family}LessThanEquals`]: operator((a, b) => a <= b),
    [`${family}GreaterThan`]: operator((a, b) => a > b),
    [`${family}GreaterThanEquals`]: operator((a, b) => a >= b),
  }
}

function parseNumber(text: string): number | undefined {
  return /^[+-]?\d{1,20}(?:\.\d{1,20})?$/.test(text) ? Number(text) : undefined
}

/** Milliseconds since 1970, of a date of ISO 8601 or of seconds since then. */
function parseDate(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000
  const isDate = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(
    text,
  )
  // A time without a zone is in UTC, as all of AWS's are.
  const zoned = /T\d\d:\d\d[^Z+-]*$/.test(text) ? `${text}Z` : text
  const ms = isDate ? Date.parse(zoned) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
