// CopyObject without moving bytes: Jottacloud makes the destination from the source's MD5 and size.
import { JottaError } from '../jotta/jotta-error.ts'
import type { CopyObjectInput, PutObjectResult, RequestContext } from './bridge.ts'
import { asOnlyWriter, checkTarget, commitRecord, wholeSecond } from './commit-write.ts'
import type { Found, ObjectParts } from './objects.ts'
import { checkCopySourceConditions } from './precondition.ts'
import { locationOf } from './stored-object.ts'

export async function copyObject(
  parts: ObjectParts,
  input: CopyObjectInput,
  findSource: () => Promise<Found>,
  context: RequestContext,
): Promise<PutObjectResult & { readonly modified: Date }> {
  const target = locationOf(await parts.buckets.root(input.bucket, context), input.key)
  const { location, object, info } = await findSource()
  checkCopySourceConditions(input.sourceConditions, info)
  // What is composite was computed over parts, and the copy has none.
  const checksums = info.checksums?.type === 'FULL_OBJECT' ? info.checksums : undefined
  const record = {
    bucket: input.bucket,
    key: input.key,
    md5: object.md5,
    sizeBytes: object.sizeBytes,
    metadata: input.replaceMetadata ?? info.metadata,
    multipartEtag: undefined,
    partSizesBytes: [],
    checksums,
  }
  const modified = wholeSecond(parts.now())
  await asOnlyWriter(parts, target, context, async () => {
    await checkTarget(parts, target, input, {}, context)
    await parts.parents.ensure(target, context)
    await commitRecord(parts, target, record, async () => {
      const content = { md5: object.md5, sizeBytes: object.sizeBytes }
      const times = { created: modified, modified }
      const made = await parts.jotta.createByHash(target, { ...content, ...times }, context)
      if (made !== undefined) return made
      // The content is not known by its MD5: copy the file, then give the copy its own time.
      const copied = await parts.jotta.copyFile(location, target, context)
      if (copied.current?.md5 !== object.md5) {
        throw new JottaError('protocol', 'the source changed while it was copied')
      }
      return (await parts.jotta.createByHash(target, { ...content, ...times }, context)) ?? copied
    })
  })
  return { etag: object.md5, checksums, modified }
}
