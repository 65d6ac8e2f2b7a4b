// Whether a policy makes something public, in AWS's sense: for the public access block and the policy status.
// Pure. https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
import type { Condition, Statement } from './statement.ts'

/** Keys that, held to fixed values, leave only certain people. */
const limitingKeys = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:sourceip',
  'aws:userid',
  'aws:username',
])
const limitingOperators = new Set([
  'StringEquals',
  'StringEqualsIgnoreCase',
  'StringLike',
  'ArnEquals',
  'ArnLike',
  'IpAddress',
])

/** Wider ones AWS takes for the whole of the internet. */
const networkMinBits = { ipv4: 8, ipv6: 32 }

export function isPublicPolicy(statements: readonly Statement[]): boolean {
  return statements.some(isPublic)
}

function isPublic({ effect, principals, conditions }: Statement): boolean {
  if (effect !== 'Allow') return false
  const isForAnyone =
    principals !== undefined &&
    (principals.not ||
      principals.patterns.some(({ kind }) => kind === 'everyone' || kind === 'authenticated'))
  return isForAnyone && !conditions.some(isLimiting)
}

function isLimiting({ operator, set, ifExists, key, values }: Condition): boolean {
  if (ifExists || set === 'ForAllValues') return false
  if (!limitingKeys.has(key) || !limitingOperators.has(operator)) return false
  return values.every((value) =>
    operator === 'IpAddress' ? isNarrow(value) : !/[*?]|\$\{/.test(value),
  )
}

function isNarrow(network: string): boolean {
  const [address = '', bits] = network.split('/')
  if (bits === undefined) return true
  return Number(bits) >= (address.includes(':') ? networkMinBits.ipv6 : networkMinBits.ipv4)
}
