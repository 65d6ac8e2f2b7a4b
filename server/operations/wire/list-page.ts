// One page of objects for the list operations. A page of none asks only whether the bucket is there.
import { setImmediate } from 'node:timers/promises'
import type {
  Bridge,
  ListObjectsInput,
  ListObjectsResult,
  RequestContext,
} from '../../../translate/bridge.ts'
import type { Reply, XmlValue } from '../../operation.ts'

/**
 * The answer with a page of it. The first page of a million keys takes longer than clients wait in silence, and
 * coming again would begin it anew; what fails so late must not end as a document, which clients would take for
 * an empty listing.
 */
export function replyWithPage(
  {
    bridge,
    input,
    context,
  }: {
    readonly bridge: Bridge
    readonly input: ListObjectsInput
    readonly context: RequestContext
  },
  root: string,
  render: (page: ListObjectsResult) => XmlValue,
): Reply {
  const page = listPage(bridge, input, context)
  const result = page.then(async (listed) => {
    // What else is asked for has its turn.
    await setImmediate()
    return { root, content: render(listed) }
  })
  return { status: 200, body: { kind: 'slow-xml', result, lateFailure: 'cut' } }
}

async function listPage(
  bridge: Bridge,
  input: ListObjectsInput,
  context: RequestContext,
): Promise<ListObjectsResult> {
  if (input.maxKeys > 0) return await bridge.listObjects(input, context)
  await bridge.headBucket(input.bucket, context)
  return { entries: [], nextAfter: undefined }
}
