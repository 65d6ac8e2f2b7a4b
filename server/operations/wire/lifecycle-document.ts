// LifecycleConfiguration as a document and as rules. What this server would not carry out is refused by
// name; a rule is never taken for a wider one than was written.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  hasSize,
  type LifecycleFilter,
  type LifecycleRule,
} from '../../../translate/lifecycle-rules.ts'
import {
  keyMaxBytes,
  lifecycleIdMaxCharacters,
  lifecycleRulesMax,
  noncurrentVersionsMax,
} from '../../../translate/limits.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import type { XmlValue } from '../../operation.ts'
import { parseXml } from '../../xml.ts'
import { parseHttpDate } from './times.ts'

const text = z.string()
const tagSchema = z.strictObject({ Key: text.min(1), Value: text })
const conditions = {
  Prefix: text.optional(),
  ObjectSizeGreaterThan: text.optional(),
  ObjectSizeLessThan: text.optional(),
}
const filterSchema = z.strictObject({
  ...conditions,
  Tag: z.array(tagSchema).max(1).default([]),
  And: z.strictObject({ ...conditions, Tag: z.array(tagSchema).default([]) }).optional(),
})
const empty = z
  .string()
  .regex(/^\s*$/)
  .transform(() => '' as const)

const ruleSchema = z.strictObject({
  ID: text.optional(),
  Status: z.enum(['Enabled', 'Disabled']),
  Prefix: text.optional(),
  Filter: filterSchema.or(empty).optional(),
  Expiration: z
    .strictObject({
      Days: text.optional(),
      Date: text.optional(),
      ExpiredObjectDeleteMarker: z.enum(['true', 'false']).optional(),
    })
    .optional(),
  AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: text }).optional(),
  NoncurrentVersionExpiration: z
    .strictObject({ NoncurrentDays: text, NewerNoncurrentVersions: text.optional() })
    .optional(),
  Transition: z.array(z.looseObject({ Date: text.optional() })).optional(),
  NoncurrentVersionTransition: z.array(z.unknown()).optional(),
})
type RuleElement = z.infer<typeof ruleSchema>

const schema = z.strictObject({ Rule: z.array(ruleSchema).min(1).max(lifecycleRulesMax) })

/** Throws MalformedXML, InvalidArgument, InvalidRequest, and NotImplemented for transitions. */
export function parseLifecycle(document: string): LifecycleRule[] {
  const { Rule: elements } = parseXml(document, {
    root: 'LifecycleConfiguration',
    arrays: ['Rule', 'Tag', 'Transition', 'NoncurrentVersionTransition'],
    schema,
    // A rule with a few tags; what else a thousand rules may hold is rare.
    maxTags: lifecycleRulesMax * 40,
    maxReferences: lifecycleRulesMax * (lifecycleIdMaxCharacters + keyMaxBytes),
  })
  const rules = elements.map(readRule)
  if (new Set(rules.map(({ id }) => id)).size < rules.length) {
    throw argument('Rule ID must be unique. Found same ID for more than one rule')
  }
  return rules
}

function readRule(element: RuleElement): LifecycleRule {
  // What is no date is the client's mistake, whatever is offered.
  for (const { Date: date } of element.Transition ?? []) if (date !== undefined) readMidnight(date)
  for (const name of ['Transition', 'NoncurrentVersionTransition'] as const) {
    if (element[name] === undefined) continue
    throw new S3Error('NotImplemented', {
      message: `${name} is not offered by this server: nothing here moves between storage classes.`,
    })
  }
  const { ID: id = '' } = element
  if (id.length > lifecycleIdMaxCharacters) {
    throw argument(`ID length should not exceed allowed limit of ${lifecycleIdMaxCharacters}`)
  }
  const filter = readFilter(element)
  const expiration = readExpiration(element, filter)
  const abortUploadsAfterDays = readAbort(element, filter)
  const noncurrentExpiration = readNoncurrent(element)
  if (!expiration && !abortUploadsAfterDays && !noncurrentExpiration) {
    throw request('At least one action needs to be specified in a rule')
  }
  return {
    id: id === '' ? randomUUID() : id,
    status: element.Status,
    filter,
    ...(expiration && { expiration }),
    ...(abortUploadsAfterDays && { abortUploadsAfterDays }),
    ...(noncurrentExpiration && { noncurrentExpiration }),
  }
}

function readFilter({ Prefix: prefix, Filter: filter }: RuleElement): LifecycleFilter {
  if ((prefix === undefined) === (filter === undefined)) {
    throw malformed('a rule has either a Filter or, in the old form, a Prefix')
  }
  if (filter === undefined) return toFilter('rule-prefix', { Prefix: prefix, Tag: [] })
  if (filter === '') return toFilter('filter', { Tag: [] })
  const { And: and, Tag: tags, ...others } = filter
  const count = tags.length + Object.values({ ...others, and }).filter(Boolean).length
  // An empty Prefix is a condition as well, if one that always holds.
  if (count > 1 || (count === 1 && filter.Prefix === '')) {
    throw malformed('a Filter has one condition; several stand in an And')
  }
  if (and === undefined) return toFilter('filter', filter)
  const inside = and.Tag.length + Object.values(and).filter((value) => value !== undefined).length
  if (inside < 2) throw malformed('an And has conditions')
  if (new Set(and.Tag.map(({ Key }) => Key)).size < and.Tag.length) {
    throw request('Duplicate Tag Keys are not allowed.')
  }
  return toFilter('and', and)
}

type Conditions = {
  readonly Prefix?: string | undefined
  readonly Tag: readonly z.infer<typeof tagSchema>[]
  readonly ObjectSizeGreaterThan?: string | undefined
  readonly ObjectSizeLessThan?: string | undefined
}

function toFilter(form: LifecycleFilter['form'], written: Conditions): LifecycleFilter {
  const { Prefix: prefix, Tag: tags } = written
  const greater = readSize('ObjectSizeGreaterThan', written.ObjectSizeGreaterThan, 0)
  const less = readSize('ObjectSizeLessThan', written.ObjectSizeLessThan, 1)
  if (greater !== undefined && less !== undefined && greater >= less) {
    throw request('ObjectSizeLessThan has to be larger than ObjectSizeGreaterThan')
  }
  return {
    form,
    ...(prefix !== undefined && { prefix }),
    tags: tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
    ...(greater !== undefined && { sizeGreaterThanBytes: greater }),
    ...(less !== undefined && { sizeLessThanBytes: less }),
  }
}

function readExpiration(
  { Expiration: element }: RuleElement,
  filter: LifecycleFilter,
): LifecycleRule['expiration'] {
  if (element === undefined) return undefined
  const { Days: days, Date: date, ExpiredObjectDeleteMarker: marker } = element
  const written = [days, date, marker].filter((value) => value !== undefined)
  if (written.length !== 1) throw malformed('an Expiration has one of Days, Date and marker')
  if (days !== undefined) return { days: readDays("'Days' for Expiration action", days) }
  if (date !== undefined) return { date: readMidnight(date) }
  if (filter.tags.length > 0 || hasSize(filter)) {
    throw request('ExpiredObjectDeleteMarker cannot be specified with tags or sizes.')
  }
  return { expiredObjectDeleteMarker: marker === 'true' }
}

function readAbort(
  { AbortIncompleteMultipartUpload: element }: RuleElement,
  filter: LifecycleFilter,
): number | undefined {
  if (element === undefined) return undefined
  if (filter.tags.length > 0 || hasSize(filter)) {
    throw request('AbortIncompleteMultipartUpload cannot be specified with tags or sizes.')
  }
  const name = "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action"
  return readDays(name, element.DaysAfterInitiation)
}

function readNoncurrent({
  NoncurrentVersionExpiration: element,
}: RuleElement): LifecycleRule['noncurrentExpiration'] {
  if (element === undefined) return undefined
  const { NoncurrentDays: days, NewerNoncurrentVersions: newer } = element
  const name = "'NoncurrentDays' for NoncurrentVersionExpiration action"
  if (newer === undefined) return { days: readDays(name, days) }
  const newerVersions = readDays("'NewerNoncurrentVersions'", newer)
  if (newerVersions > noncurrentVersionsMax) {
    throw argument(`'NewerNoncurrentVersions' must not exceed ${noncurrentVersionsMax}`)
  }
  return { days: readDays(name, days), newerVersions }
}

function readDays(name: string, written: string): number {
  const days = /^\s*[0-9]{1,9}\s*$/.test(written) ? Number(written) : 0
  if (days >= 1) return days
  throw argument(`${name} must be a positive integer`)
}

function readSize(name: string, written: string | undefined, min: number): number | undefined {
  if (written === undefined) return undefined
  const size = /^\s*[0-9]{1,15}\s*$/.test(written) ? Number(written) : -1
  if (size >= min) return size
  throw argument(`${name} must be a size in bytes`)
}

/** ISO 8601; a bare day is its midnight. */
function readMidnight(written: string): string {
  const trimmed = written.trim().replace(/([+-]00:?00)$/, 'Z')
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(trimmed)
  const isTime = /^\d{4}-\d{2}-\d{2}T/.test(trimmed)
  const date = isDay || isTime ? parseHttpDate(isDay ? `${trimmed}T00:00:00Z` : trimmed) : undefined
  if (date === undefined) throw malformed("a 'Date' is not a date as ISO 8601 writes it")
  if (date.getTime() % 86_400_000 !== 0) throw argument("'Date' must be at midnight GMT")
  return date.toISOString()
}

/** The content of the document; the form of each filter as it was written. */
export function lifecycleContent(rules: readonly LifecycleRule[]): XmlValue {
  return {
    Rule: rules.map((rule) => ({
      ID: rule.id,
      ...filterContent(rule.filter),
      Status: rule.status,
      Expiration: expirationContent(rule.expiration),
      NoncurrentVersionExpiration: rule.noncurrentExpiration && {
        NoncurrentDays: rule.noncurrentExpiration.days,
        NewerNoncurrentVersions: rule.noncurrentExpiration.newerVersions,
      },
      AbortIncompleteMultipartUpload:
        rule.abortUploadsAfterDays === undefined
          ? undefined
          : { DaysAfterInitiation: rule.abortUploadsAfterDays },
    })),
  }
}

function filterContent(filter: LifecycleFilter): Record<string, XmlValue> {
  if (filter.form === 'rule-prefix') return { Prefix: filter.prefix }
  const written = {
    Prefix: filter.prefix,
    Tag: filter.tags.map(({ key, value }) => ({ Key: key, Value: value })),
    ObjectSizeGreaterThan: filter.sizeGreaterThanBytes,
    ObjectSizeLessThan: filter.sizeLessThanBytes,
  }
  return { Filter: filter.form === 'and' ? { And: written } : written }
}

function expirationContent(expiration: LifecycleRule['expiration']): XmlValue {
  if (expiration === undefined) return undefined
  if ('days' in expiration) return { Days: expiration.days }
  if ('date' in expiration) return { Date: expiration.date }
  return { ExpiredObjectDeleteMarker: expiration.expiredObjectDeleteMarker }
}

function malformed(why: string): S3Error {
  return new S3Error('MalformedXML', {
    message: `The XML is not well-formed or does not match the published schema: ${why}.`,
  })
}

function argument(message: string): S3Error {
  return new S3Error('InvalidArgument', { message })
}

function request(message: string): S3Error {
  return new S3Error('InvalidRequest', { message })
}
