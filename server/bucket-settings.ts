// Settings of where buckets are and how they behave, for all of them and for single ones: from text and
// JSON to the typed values that the bridge takes. Part of the table in config.ts.
import { z } from 'zod'
import { isBucketName } from '../translate/bucket-name.ts'
import { BucketPathError, parseBucketPath } from '../translate/bucket-path.ts'
import type { BucketBehaviour, BucketPlacement, NamedBucket } from '../translate/bucket-place.ts'
import {
  currentEncoding,
  encodingWithoutPercent,
  NameEncodingError,
  parseNameEncoding,
} from '../translate/name-encoding.ts'
import { sizeInBytes } from './size.ts'

export const accountName = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 lower-case letters, digits or -')

/** `Jotta/Archive/photos`. */
export const bucketPath = z.string().transform((text, context) => {
  try {
    return parseBucketPath(text)
  } catch (error) {
    if (!(error instanceof BucketPathError)) throw error
    return refuse(context, error.message)
  }
})

const nameEncoding = z.string().transform((text, context) => {
  if (text === 'current') return currentEncoding
  if (text === 'without-percent') return encodingWithoutPercent
  try {
    return parseNameEncoding(text)
  } catch (error) {
    if (!(error instanceof NameEncodingError)) throw error
    return refuse(context, `${error.message} Or it is one of the words current, without-percent.`)
  }
})

/** What all buckets have a value of, and each may have one of its own. */
export const behaviours = {
  deleteMode: z.enum(['trash', 'permanent']),
  versions: z.enum(['keep', 'none']),
  encoding: nameEncoding,
  modifiedFrom: z.enum(['upload', 'mtime']),
} as const satisfies { [Name in keyof BucketBehaviour]: z.ZodType<BucketBehaviour[Name]> }

export type BucketSettings = NamedBucket & {
  readonly account?: string | undefined
  /** Bytes. */
  readonly quota?: number | undefined
}

const bucketSettings = z
  .strictObject({ path: bucketPath, account: accountName, quota: sizeInBytes, ...behaviours })
  .partial()

/** By bucket name: an object, or its text as JSON. */
export const bucketTable = z
  .unknown()
  .transform((value, context) => (typeof value === 'string' ? parseJson(value, context) : value))
  .pipe(z.record(z.string(), bucketSettings, 'must be a JSON object of bucket names'))
  .transform((record, context): ReadonlyMap<string, BucketSettings> => {
    const table = new Map(Object.entries(record))
    for (const name of table.keys()) {
      if (isBucketName(name)) continue
      const message = 'is not a name that a bucket may have'
      context.addIssue({ code: 'custom', message, path: [name] })
    }
    return table
  })

type PlacementSettings = BucketBehaviour & {
  readonly account: string
  readonly device: string
  readonly bucketRoot?: z.output<typeof bucketPath> | undefined
  readonly buckets: ReadonlyMap<string, BucketSettings>
}

/** Where the buckets of an account are, those that the settings give to another one left out. */
export function placementOf(settings: PlacementSettings, account: string): BucketPlacement {
  const { device, bucketRoot, deleteMode, versions, encoding, modifiedFrom } = settings
  const own = [...settings.buckets].filter(([name]) => accountOf(settings, name) === account)
  return {
    home: bucketRoot === undefined ? { kind: 'device', device } : folderHome(bucketRoot),
    defaults: { deleteMode, versions, encoding, modifiedFrom },
    named: new Map(own),
  }
}

/** Which login a bucket is on. */
export function accountOf(
  settings: Pick<PlacementSettings, 'account' | 'buckets'>,
  bucket: string,
): string {
  return settings.buckets.get(bucket)?.account ?? settings.account
}

/** Bytes that each bucket of an account may hold, where it has a limit. */
export function quotasOf(
  settings: Pick<PlacementSettings, 'account' | 'buckets'>,
  account: string,
): ReadonlyMap<string, number> {
  const limited = [...settings.buckets].flatMap(([bucket, { quota }]) =>
    quota === undefined || accountOf(settings, bucket) !== account
      ? []
      : [[bucket, quota] as const],
  )
  return new Map(limited)
}

function folderHome(folder: z.output<typeof bucketPath>): BucketPlacement['home'] {
  return { kind: 'folder', folder }
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What JSON.parse says of the text would repeat parts of it; the place of the mistake is the setting's.
    return refuse(context, 'must be a JSON object, such as {"archive":{"path":"Jotta/Archive"}}')
  }
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
