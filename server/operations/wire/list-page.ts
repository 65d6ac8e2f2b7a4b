// One page of objects for either list operation. A page of none asks only whether the bucket is there.
import type {
  Bridge,
  ListObjectsInput,
  ListObjectsResult,
  RequestContext,
} from '../../../translate/bridge.ts'

export async function listPage(
  bridge: Bridge,
  input: ListObjectsInput,
  context: RequestContext,
): Promise<ListObjectsResult> {
  if (input.maxKeys > 0) return await bridge.listObjects(input, context)
  await bridge.headBucket(input.bucket, context)
  return { entries: [], nextAfter: undefined }
}
