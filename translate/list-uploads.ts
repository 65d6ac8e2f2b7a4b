// ListMultipartUploads: pages over the state store, with common prefixes rolled up.
import type { ListMultipartUploadsInput, ListMultipartUploadsResult } from './bridge.ts'
import type { UploadRecord } from './state/records.ts'
import type { State } from './state/state.ts'

type Entry = ListMultipartUploadsResult['entries'][number]

export async function listUploads(
  state: State,
  input: ListMultipartUploadsInput,
): Promise<ListMultipartUploadsResult> {
  const entries: Entry[] = []
  // AWS ignores the id marker unless a key marker is there.
  let { keyMarker, uploadIdMarker } = input.keyMarker === '' ? startMarkers : input
  const seenPrefix = commonPrefixOf(input.keyMarker, input)
  let lastPrefix = seenPrefix === input.keyMarker ? seenPrefix : undefined
  if (input.maxUploads === 0) return { entries, nextMarkers: undefined }

  const batchSize = Math.min(input.maxUploads + 1, 1000)
  for (;;) {
    const batch = await state.uploads.list(input.bucket, {
      prefix: input.prefix,
      keyMarker,
      uploadIdMarker,
      limit: batchSize,
    })
    for (const upload of batch) {
      const prefix = commonPrefixOf(upload.key, input)
      const isRepeated = prefix !== undefined && prefix === lastPrefix
      if (!isRepeated) {
        if (entries.length === input.maxUploads) {
          return { entries, nextMarkers: markersAfter(entries.at(-1)) }
        }
        entries.push(prefix === undefined ? asEntry(upload) : { kind: 'prefix', prefix })
        lastPrefix = prefix
      }
      keyMarker = upload.key
      uploadIdMarker = upload.uploadId
    }
    if (batch.length < batchSize) return { entries, nextMarkers: undefined }
  }
}

const startMarkers = { keyMarker: '', uploadIdMarker: '' } as const

function commonPrefixOf(key: string, input: ListMultipartUploadsInput): string | undefined {
  if (input.delimiter === '' || !key.startsWith(input.prefix)) return undefined
  const end = key.indexOf(input.delimiter, input.prefix.length)
  return end === -1 ? undefined : key.slice(0, end + input.delimiter.length)
}

/** A prefix as key marker stands for all uploads below it. */
function markersAfter(entry: Entry | undefined): {
  keyMarker: string
  uploadIdMarker: string
} {
  if (entry === undefined) return startMarkers
  return entry.kind === 'prefix'
    ? { keyMarker: entry.prefix, uploadIdMarker: '' }
    : { keyMarker: entry.key, uploadIdMarker: entry.uploadId }
}

function asEntry(upload: UploadRecord): Entry {
  return {
    kind: 'upload',
    key: upload.key,
    uploadId: upload.uploadId,
    initiated: upload.initiated,
    initiator: upload.initiator,
    storageClass: upload.storageClass ?? 'STANDARD',
    checksumAlgorithm: upload.checksumAlgorithm,
    checksumType: upload.checksumType,
  }
}
