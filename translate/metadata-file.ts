// The metadata of all buckets and objects as JSON lines, out of the state store and back in: a backup of what
// Jottacloud does not hold.
import { createWriteStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { streamValues } from 'stream-json/streamers/stream-values.js'
import { z } from 'zod'
import { replaceFile } from '../jotta/replace-file.ts'
import { checksumAlgorithms } from './checksum.ts'
import { partNumberMax } from './limits.ts'
import {
  bucketConfigurationNames,
  type NewObjectRecord,
  type ObjectRecord,
} from './state/records.ts'
import type { State } from './state/state.ts'

const base64 = z.string().max(200)
const checksumValues = z.partialRecord(z.enum(checksumAlgorithms), base64)
const checksums = z.object({
  type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
  values: checksumValues,
})
const sizeBytes = z.number().int().nonnegative()
/** No request can carry more: the server takes 32 KiB of headers. */
const header = z.string().max(32 * 1024)
const metadata = z
  .object({
    contentType: header,
    cacheControl: header,
    contentDisposition: header,
    contentEncoding: header,
    contentLanguage: header,
    expires: header,
    websiteRedirectLocation: header,
  })
  .partial()
  .extend({ user: z.record(header, header) })
const line = z.object({
  bucket: z.string().min(1).max(63),
  key: z.string().min(1).max(1024),
  md5: z.string().regex(/^[0-9a-f]{32}$/),
  sizeBytes,
  metadata,
  multipartEtag: z
    .string()
    .regex(/^[0-9a-f]{32}-\d{1,5}$/)
    .optional(),
  parts: z
    .array(z.object({ sizeBytes, checksums: checksumValues }))
    .max(10_000)
    .optional(),
  /** Instead of `parts`, in what was exported before parts had checksums. */
  partSizesBytes: z.array(sizeBytes).max(10_000).optional(),
  checksums: checksums.optional(),
  tags: z
    .array(z.object({ key: header, value: header }))
    .max(10)
    .optional(),
  storageClass: header.optional(),
  acl: z
    .string()
    .max(64 * 1024)
    .optional(),
  /** Of a write that was begun: it counts where that has stored its content. */
  isStaged: z.boolean().optional(),
})

const configurationLine = z.object({
  bucket: z.string().min(1).max(63),
  name: z.enum(bucketConfigurationNames),
  text: z.string().max(1024 * 1024),
})

/**
 * Writes one line for each configuration of a bucket and each object; returns how many. Ends the sink, unless it is
 * the process's own.
 */
export async function exportMetadata(state: State, sink: Writable): Promise<number> {
  let count = 0
  async function* lines(): AsyncGenerator<string> {
    for (const record of await state.bucketConfigurations.all()) {
      count += 1
      yield `${JSON.stringify(record)}\n`
    }
    for await (const record of state.objects.all()) {
      count += 1
      const { partCount, isStaged, ...rest } = record
      const parts = partCount === undefined ? undefined : await partsOf(state, record)
      yield `${JSON.stringify({ ...rest, parts, ...(isStaged && { isStaged }) })}\n`
    }
  }
  await pipeline(lines, sink, { end: sink !== process.stdout })
  return count
}

/** As `exportMetadata`. A file that is there stays until the new one is whole: it may be the only backup. */
export async function exportMetadataTo(state: State, file: string): Promise<number> {
  const target = await fileAt(file)
  if (target === undefined) return await exportMetadata(state, createWriteStream(file))
  return await replaceFile(target, async (handle) => {
    const sink = new Writable({
      writev(chunks, done) {
        const bytes = Buffer.concat(chunks.map(({ chunk }) => chunk))
        handle.appendFile(bytes).then(() => done(), done)
      },
    })
    return await exportMetadata(state, sink)
  })
}

/** What links lead to; `undefined` for devices and pipes, which must not be replaced. */
async function fileAt(file: string): Promise<string | undefined> {
  try {
    return (await stat(file)).isFile() ? await realpath(file) : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return file
    throw error
  }
}

/** At most 10,000. */
async function partsOf(state: State, record: ObjectRecord): Promise<NewObjectRecord['parts']> {
  const all = { afterPartNumber: 0, limit: partNumberMax }
  const parts = await state.objects.parts(record.bucket, record.key, record, all)
  return parts.map(({ sizeBytes, checksums }) => ({ sizeBytes, checksums }))
}

/**
 * Takes records in; each replaces what is kept for its key. Returns how many. Throws, with those before
 * it taken in, at the first that is not one: importing twice does no harm.
 */
export async function importMetadata(state: State, source: Readable): Promise<number> {
  let count = 0
  await pipeline(
    source,
    streamValues.withParserAsStream({ jsonStreaming: true }),
    async (values: AsyncIterable<{ value: unknown }>) => {
      for await (const { value } of values) {
        await takeIn(state, value, count + 1)
        count += 1
      }
    },
  )
  return count
}

async function takeIn(state: State, value: unknown, position: number): Promise<void> {
  const configuration = configurationLine.safeParse(value)
  if (configuration.success) return await state.bucketConfigurations.put(configuration.data)
  const parsed = line.safeParse(value)
  if (!parsed.success) throw new Error(`record ${position}: ${z.prettifyError(parsed.error)}`)
  const { isStaged = false, ...record } = parsed.data
  const writeId = await state.objects.stage(asRecord(record))
  if (!isStaged) await state.objects.commit(writeId)
}

function asRecord(parsed: Omit<z.output<typeof line>, 'isStaged'>): NewObjectRecord {
  const { metadata: kept, multipartEtag, checksums: sums, ...rest } = parsed
  const { partSizesBytes = [], parts, tags, storageClass, acl, ...identity } = rest
  return {
    ...identity,
    ...definedOnly({ tags, storageClass, acl }),
    parts:
      parts?.map((part) => ({ ...part, checksums: definedOnly(part.checksums) })) ??
      partSizesBytes.map((sizeBytes) => ({ sizeBytes, checksums: {} })),
    metadata: { ...definedOnly(kept), user: kept.user },
    multipartEtag,
    checksums: sums === undefined ? undefined : { ...sums, values: definedOnly(sums.values) },
  }
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

function definedOnly<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<T>
}
