// What the proofs of several tables share: hard keys, and records of objects that are full, bare, or alike but
// for their content.
import type { NewObjectRecord } from '../records.ts'
import type { State } from '../state.ts'

/** One case of the contract. Each `open` opens the same storage, as another process would. */
export type Proof = (open: () => Promise<State>) => Promise<void>

/** Keys that storage easily gets wrong, in the order of their UTF-8 bytes. */
export const hardKeys = [
  '\0',
  '\0\0',
  ' ',
  '%',
  "'; --",
  'A',
  'a',
  'a\0',
  'a\0b',
  'a ',
  'a/b',
  'aa',
  'e\u0301',
  '\u0080',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
  '\u{10ffff}',
  '\u{10ffff}'.repeat(256),
]

export const content = { md5: '0'.repeat(32), sizeBytes: 5 }
export const otherContent = { md5: '1'.repeat(32), sizeBytes: 5 }

export function record(key: string, more: Partial<NewObjectRecord> = {}): NewObjectRecord {
  return {
    bucket: 'bucket',
    key,
    ...content,
    metadata: { user: {} },
    multipartEtag: undefined,
    checksums: undefined,
    ...more,
  }
}

export const fullRecord = record('full', {
  sizeBytes: 5 * 2 ** 40,
  metadata: {
    contentType: 'text/plain; charset="utf-8"',
    cacheControl: 'no-cache',
    contentDisposition: 'attachment',
    contentEncoding: 'gzip',
    contentLanguage: 'nb',
    expires: 'soon',
    websiteRedirectLocation: '/elsewhere',
    user: Object.fromEntries([
      ['name', 'value'],
      ['empty', ''],
      ['odd', 'é\0\ud800"\u2028'],
      ['__proto__', 'kept'],
      ['constructor', 'kept'],
    ]),
  },
  multipartEtag: `${'a'.repeat(32)}-4`,
  parts: [
    { sizeBytes: 8 * 2 ** 20, checksums: { CRC32: 'a=', SHA256: 'b=' } },
    { sizeBytes: 8 * 2 ** 20, checksums: {} },
    { sizeBytes: 5 * 2 ** 30, checksums: {} },
    { sizeBytes: 0, checksums: {} },
  ],
  tags: [
    { key: 'b', value: 'é\0\ud800"' },
    { key: '__proto__', value: '' },
  ],
  storageClass: 'GLACIER_IR',
  acl: '["é"]',
  checksums: {
    type: 'COMPOSITE',
    values: { CRC32: 'a=', CRC32C: 'b=', CRC64NVME: 'c=', SHA1: 'd=', SHA256: 'e=' },
  },
})

/** Records that tell of which write they are. */
export function marked(mark: string, more: Partial<NewObjectRecord> = {}): NewObjectRecord {
  return record('key', { metadata: { user: { mark } }, ...more })
}

export async function markOf(state: State, wanted = content): Promise<string | undefined> {
  return (await state.objects.find('bucket', 'key', wanted))?.metadata.user.mark
}

export async function commit(state: State, written: NewObjectRecord): Promise<void> {
  await state.objects.commit(await state.objects.stage(written))
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
