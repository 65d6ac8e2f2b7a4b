// Uploads and parts that the proofs of both begin with.
import type { PartRecord, UploadRecord } from '../records.ts'
import type { State } from '../state.ts'

export const result = { etag: `${'b'.repeat(32)}-2`, checksums: undefined }
export const noon = new Date('2024-05-06T12:00:00.123Z')

export function later(milliseconds: number): Date {
  return new Date(noon.getTime() + milliseconds)
}

export function upload(uploadId: string, more: Partial<UploadRecord> = {}) {
  const { status: _status, result: _result, ...rest } = more
  return {
    uploadId,
    bucket: 'bucket',
    key: 'key',
    initiated: noon,
    metadata: { user: {} },
    checksumAlgorithm: undefined,
    checksumType: undefined,
    ...rest,
  }
}

export function part(
  uploadId: string,
  partNumber: number,
  more: Partial<PartRecord> = {},
): PartRecord {
  return {
    uploadId,
    partNumber,
    sizeBytes: 5 * 2 ** 30,
    md5: 'c'.repeat(32),
    modified: noon,
    checksums: {},
    fileName: `${uploadId}-${partNumber}`,
    ...more,
  }
}

/** All parts of an upload, by number. */
export async function numbers(state: State, uploadId: string): Promise<number[]> {
  const found = await state.parts.list(uploadId, { afterPartNumber: 0, limit: 10_000 })
  return found.map(({ partNumber }) => partNumber)
}
