// Lifecycle rules of a bucket: what is kept of them, which objects and uploads a rule is about, and when it
// is due. Pure; what is due is carried out by lifecycle-run.ts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
import { z } from 'zod'
import type { Tag } from './bridge.ts'
import type { KeptConfiguration } from './bucket-configuration.ts'

const positive = z.number().int().positive()

const filterSchema = z.strictObject({
  /** How it was written: a Prefix of the rule itself (the old way), one thing in a Filter, or an And. */
  form: z.enum(['rule-prefix', 'filter', 'and']),
  prefix: z.string().optional(),
  tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
  sizeGreaterThanBytes: z.number().int().nonnegative().optional(),
  sizeLessThanBytes: z.number().int().positive().optional(),
})

const ruleSchema = z.strictObject({
  id: z.string(),
  status: z.enum(['Enabled', 'Disabled']),
  filter: filterSchema,
  expiration: z
    .union([
      z.strictObject({ days: positive }),
      /** ISO 8601, at midnight UTC. */
      z.strictObject({ date: z.iso.datetime() }),
      z.strictObject({ expiredObjectDeleteMarker: z.boolean() }),
    ])
    .optional(),
  abortUploadsAfterDays: positive.optional(),
  /** Kept and shown; there are no noncurrent versions to expire. */
  noncurrentExpiration: z
    .strictObject({ days: positive, newerVersions: positive.optional() })
    .optional(),
})

export type LifecycleRule = z.infer<typeof ruleSchema>
export type LifecycleFilter = z.infer<typeof filterSchema>

export const minimumSizes = ['all_storage_classes_128K', 'varies_by_storage_class'] as const

export type Lifecycle = {
  readonly rules: readonly LifecycleRule[]
  /** Of transitions, which are not offered: kept to be shown. */
  readonly minimumSize: (typeof minimumSizes)[number]
}

export const lifecycleConfiguration: KeptConfiguration<Lifecycle> = {
  name: 'lifecycle',
  schema: z.strictObject({ rules: z.array(ruleSchema), minimumSize: z.enum(minimumSizes) }),
}

/** What rules judge an object by. */
export type AgingObject = {
  readonly key: string
  readonly sizeBytes: number
  readonly tags: readonly Tag[]
  /** What its age is counted from. */
  readonly ageFrom: Date
}

export type Due = { readonly date: Date; readonly rule: LifecycleRule }

/** The first expiration of an object by enabled rules; `undefined` when none is about it. */
export function expirationOf(
  rules: readonly LifecycleRule[],
  object: AgingObject,
): Due | undefined {
  return earliest(rules, (rule) => {
    if (!isAbout(rule, object)) return undefined
    return expiryDate(rule, object.ageFrom)
  })
}

/** When an unfinished upload is given up by enabled rules. */
export function abortOf(
  rules: readonly LifecycleRule[],
  upload: { readonly key: string; readonly initiated: Date },
): Due | undefined {
  return earliest(rules, ({ filter, abortUploadsAfterDays: days }) => {
    if (days === undefined || !upload.key.startsWith(filter.prefix ?? '')) return undefined
    // Nothing can be said of them before the upload is an object; such rules are not taken, either.
    if (filter.tags.length > 0 || hasSize(filter)) return undefined
    return midnightAfter(upload.initiated, days)
  })
}

/** When a rule removes what it is about; `undefined` when it removes no current objects. */
export function expiryDate({ expiration }: LifecycleRule, ageFrom: Date): Date | undefined {
  if (expiration === undefined || 'expiredObjectDeleteMarker' in expiration) return undefined
  return 'days' in expiration ? midnightAfter(ageFrom, expiration.days) : new Date(expiration.date)
}

/** Whether an object is one that the rule's filter names. A filter of nothing names all. */
export function isAbout({ filter }: LifecycleRule, object: Omit<AgingObject, 'ageFrom'>): boolean {
  const { prefix, tags, sizeGreaterThanBytes, sizeLessThanBytes } = filter
  return (
    object.key.startsWith(prefix ?? '') &&
    (sizeGreaterThanBytes === undefined || object.sizeBytes > sizeGreaterThanBytes) &&
    (sizeLessThanBytes === undefined || object.sizeBytes < sizeLessThanBytes) &&
    tags.every(({ key, value }) =>
      object.tags.some((tag) => tag.key === key && tag.value === value),
    )
  )
}

const dayMs = 24 * 60 * 60_000

/** The midnight (UTC) that follows so many days later; from a midnight on, the next one. */
function midnightAfter(from: Date, days: number): Date {
  const dueMs = from.getTime() + days * dayMs
  return new Date((Math.floor(dueMs / dayMs) + 1) * dayMs)
}

function earliest(
  rules: readonly LifecycleRule[],
  dateOf: (rule: LifecycleRule) => Date | undefined,
): Due | undefined {
  let first: Due | undefined
  for (const rule of rules) {
    const date = rule.status === 'Enabled' ? dateOf(rule) : undefined
    if (date === undefined || Number.isNaN(date.getTime())) continue
    if (first === undefined || date < first.date) first = { date, rule }
  }
  return first
}

export function hasSize({ sizeGreaterThanBytes, sizeLessThanBytes }: LifecycleFilter): boolean {
  return sizeGreaterThanBytes !== undefined || sizeLessThanBytes !== undefined
}
