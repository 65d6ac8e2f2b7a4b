// The values of condition keys for one request: what policies can ask about it. Pure.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
import type { IncomingHttpHeaders } from 'node:http'
import type { Identity, Query } from '../operation.ts'
import { parseCopySource } from '../operations/wire/copy-source.ts'
import { plainAddress } from './network.ts'
import { principalArn } from './principal.ts'
import type { PolicyRequest } from './statement.ts'

/** How a request came in. */
export type Arrival = {
  readonly remoteAddress: string | undefined
  readonly isSecure: boolean
  readonly now: Date
}

export type Tags = readonly { readonly key: string; readonly value: string }[]

export type FactsInput = {
  readonly identity: Identity | undefined
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  readonly arrival: Arrival
  /** Of the object that is there now, as far as they are known. */
  readonly existingTags?: Tags | undefined
  /** In place of those of the tagging header. */
  readonly requestTags?: Tags | undefined
  /** In place of that of the query. */
  readonly prefix?: string | undefined
}

export function createFacts(input: FactsInput): PolicyRequest['context'] {
  const plain = new Map(Object.entries({ ...personal(input), ...circumstances(input) }))
  for (const [key, header] of headerKeys) plain.set(key, input.headers[header]?.toString())
  for (const [key, parameter] of queryKeys) plain.set(key, input.query.get(parameter))
  if (input.prefix !== undefined) plain.set('s3:prefix', input.prefix)
  const requested = input.requestTags ?? headerTags(input.headers)
  return (key) => {
    if (key === 's3:requestobjecttagkeys') {
      return requested.length === 0 ? undefined : requested.map((tag) => tag.key)
    }
    const [head = '', name] = splitOnce(key)
    if (name !== undefined) {
      const tags = head === 's3:existingobjecttag' ? (input.existingTags ?? []) : requested
      return tags
        .filter((tag) => tag.key === name)
        .map(({ value }) => value)
        .slice(0, 1)
    }
    const value = plain.get(key)
    return value === undefined ? undefined : [value]
  }
}

const queryKeys = [
  ['s3:prefix', 'prefix'],
  ['s3:delimiter', 'delimiter'],
  ['s3:max-keys', 'max-keys'],
  ['s3:versionid', 'versionId'],
] as const

const headerKeys = [
  ['aws:referer', 'referer'],
  ['aws:useragent', 'user-agent'],
  ['s3:if-match', 'if-match'],
  ['s3:if-none-match', 'if-none-match'],
  ['s3:objectownership', 'x-amz-object-ownership'],
  ...[
    'x-amz-acl',
    'x-amz-content-sha256',
    'x-amz-grant-full-control',
    'x-amz-grant-read',
    'x-amz-grant-read-acp',
    'x-amz-grant-write',
    'x-amz-grant-write-acp',
    'x-amz-metadata-directive',
    'x-amz-server-side-encryption',
    'x-amz-server-side-encryption-aws-kms-key-id',
    'x-amz-server-side-encryption-customer-algorithm',
    'x-amz-storage-class',
    'x-amz-website-redirect-location',
  ].map((header) => [`s3:${header}`, header] as const),
] as const

function personal({ identity }: FactsInput): Record<string, string | undefined> {
  if (identity === undefined) return { 'aws:principaltype': 'Anonymous' }
  const { displayName: name, owner } = identity
  const arn = principalArn(owner.name, { name, ownerId: owner.id })
  const isRoot = arn.endsWith(':root')
  return {
    'aws:principaltype': isRoot ? 'Account' : 'User',
    'aws:principalarn': arn,
    'aws:principalaccount': owner.id,
    'aws:userid': isRoot ? owner.id : name,
    // As on AWS, whoever is the account itself is no user.
    'aws:username': isRoot ? undefined : name,
  }
}

function circumstances(input: FactsInput): Record<string, string | undefined> {
  const { arrival, identity, headers, query } = input
  const source = headers['x-amz-copy-source']?.toString()
  const inQuery = query.has('X-Amz-Signature') || query.has('Signature')
  const isV2 = query.has('Signature') || headers.authorization?.startsWith('AWS ') === true
  const signed = headers['x-amz-date']?.toString() ?? query.get('X-Amz-Date')
  const ageMs = signed === undefined ? Number.NaN : arrival.now.getTime() - timeOf(signed)
  const signature = identity !== undefined && {
    's3:authtype': inQuery ? 'REST-QUERY-STRING' : 'REST-HEADER',
    's3:signatureversion': isV2 ? 'AWS' : 'AWS4-HMAC-SHA256',
    's3:signatureage': Number.isNaN(ageMs) ? undefined : String(Math.max(0, ageMs)),
  }
  return {
    'aws:currenttime': arrival.now.toISOString(),
    'aws:epochtime': String(Math.floor(arrival.now.getTime() / 1000)),
    'aws:securetransport': String(arrival.isSecure),
    'aws:sourceip':
      arrival.remoteAddress === undefined ? undefined : plainAddress(arrival.remoteAddress),
    's3:x-amz-copy-source': source === undefined ? undefined : renderSource(source),
    ...signature,
  }
}

/** However it was escaped: `bucket/key`. */
function renderSource(header: string): string {
  const { bucket, key } = parseCopySource(header)
  return `${bucket}/${key}`
}

/** `20261126T120000Z` */
function timeOf(timestamp: string): number {
  const [, date = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(timestamp) ?? []
  const pairs = time.replace(/(..)(..)(..)/, '$1:$2:$3')
  return Date.parse(`${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${pairs}Z`)
}

/** As far as it can be read; the handler judges its form. */
function headerTags(headers: IncomingHttpHeaders): Tags {
  const text = headers['x-amz-tagging']?.toString() ?? ''
  return [...new URLSearchParams(text)].map(([key, value]) => ({ key, value }))
}

function splitOnce(key: string): [head: string, name: string | undefined] {
  const slash = key.indexOf('/')
  return slash === -1 ? [key, undefined] : [key.slice(0, slash), key.slice(slash + 1)]
}
