// The parts that an object once was: read one by one, and told in pages.
import type {
  ByteRange,
  Checksums,
  GetObjectAttributesInput,
  GetObjectAttributesResult,
  ObjectInfo,
  ReadObjectInput,
} from './bridge.ts'
import { parseRange } from './range.ts'
import { S3Error } from './s3-error.ts'
import type { ContentIdentity } from './state/records.ts'
import type { State } from './state/state.ts'

type ReadRange = {
  readonly range: ByteRange | 'whole'
  readonly partChecksums?: Checksums['values']
}

/** Which bytes a read asks for, by part or by range. Throws InvalidPartNumber, InvalidRange. */
export async function rangeOf(
  { state }: { readonly state: State },
  input: ReadObjectInput,
  info: ObjectInfo,
  content: ContentIdentity,
): Promise<ReadRange> {
  const { partNumber, bucket, key } = input
  if (partNumber === undefined) return { range: parseRange(input.range, info.sizeBytes) }
  if (info.partCount === undefined) {
    if (partNumber !== 1) throw invalidPartNumber(partNumber, 1)
    return { range: rangeFrom(0, info.sizeBytes) }
  }
  const at = { afterPartNumber: partNumber - 1, limit: 1 }
  const [part] = await state.objects.parts(bucket, key, content, at)
  if (part?.partNumber !== partNumber) throw invalidPartNumber(partNumber, info.partCount)
  if (part.sizeBytes === 0 && info.sizeBytes > 0) throw new S3Error('InvalidRange')
  return { range: rangeFrom(part.start, part.sizeBytes), partChecksums: part.checksums }
}

export async function pageOfParts(
  state: State,
  { bucket, key, parts: page }: GetObjectAttributesInput,
  content: ContentIdentity,
): Promise<Omit<GetObjectAttributesResult, 'object'>> {
  if (page === undefined) return { parts: [], nextAfterPartNumber: undefined }
  const { afterPartNumber, maxParts } = page
  const wanted = { afterPartNumber, limit: maxParts + 1 }
  const found = await state.objects.parts(bucket, key, content, wanted)
  const parts = found.slice(0, maxParts)
  const last = parts.at(-1)?.partNumber ?? afterPartNumber
  return { parts, nextAfterPartNumber: found.length > parts.length ? last : undefined }
}

/** No range can be written of no bytes. */
function rangeFrom(start: number, sizeBytes: number): ByteRange | 'whole' {
  return sizeBytes === 0 ? 'whole' : { start, endInclusive: start + sizeBytes - 1 }
}

function invalidPartNumber(partNumber: number, partCount: number): S3Error {
  return new S3Error('InvalidPartNumber', {
    elements: { PartNumberRequested: String(partNumber), ActualPartCount: String(partCount) },
  })
}
