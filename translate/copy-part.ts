// UploadPartCopy: a part of a multipart upload out of an object that is there already. Jottacloud cannot put
// pieces together, so these bytes do travel: from Jottacloud into the spool, verified on the way.
import type { Bridge, RequestContext, UploadPartCopyInput, UploadPartResult } from './bridge.ts'
import { checkCopySourceConditions } from './precondition.ts'
import { S3Error } from './s3-error.ts'

export async function copyPart(
  from: Pick<Bridge, 'getObject'>,
  to: Pick<Bridge, 'uploadPart'>,
  input: UploadPartCopyInput,
  context: RequestContext,
): Promise<UploadPartResult> {
  const { source, sourceConditions, sourceSeen: seen, sourceRange, ...part } = input
  const range = sourceRange && `bytes=${sourceRange.start}-${sourceRange.endInclusive}`
  // Conditions and content are those of the very object that is read.
  const read = await from.getObject({ ...source, conditions: {}, range, seen }, context)
  try {
    checkCopySourceConditions(sourceConditions, read.object)
    const { sizeBytes } = read.object
    if (sourceRange !== undefined && sourceRange.endInclusive >= sizeBytes) {
      throw new S3Error('InvalidRange', {
        message: 'The range of the copy source reaches past its end.',
        elements: { RangeRequested: range ?? '', ActualObjectSize: String(sizeBytes) },
      })
    }
    const taken = read.range
    const body = {
      stream: read.stream,
      sizeBytes: taken === undefined ? sizeBytes : taken.endInclusive - taken.start + 1,
      checksums: () => ({}),
    }
    return await to.uploadPart({ ...part, body }, context)
  } finally {
    read.stream.destroy()
  }
}
