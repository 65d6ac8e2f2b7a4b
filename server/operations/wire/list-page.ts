// One page of objects for the list operations. A page of none asks only whether the bucket is there.
import type {
  Bridge,
  ListObjectsEnd,
  ListObjectsInput,
  RequestContext,
  TakeListed,
} from '../../../translate/bridge.ts'
import type { Reply, XmlValue } from '../../operation.ts'
import { type EntryStyle, RenderedEntries } from './listed-entries.ts'

/** What `content` gets to know of a page. */
export type RenderedPage = ListObjectsEnd & { readonly entries: RenderedEntries }

/**
 * The answer with a page of it. The first page of a million keys takes longer than clients wait in silence, and
 * coming again would begin it anew; what fails so late must not end as a document, which clients would take for
 * an empty listing.
 */
export function replyWithPage(
  asked: {
    readonly bridge: Bridge
    readonly input: ListObjectsInput
    readonly context: RequestContext
  },
  root: string,
  style: EntryStyle,
  content: (page: RenderedPage) => XmlValue,
): Reply {
  const entries = new RenderedEntries(style)
  const end = takePage(asked, (some) => entries.add(some))
  const result = end.then((known) => ({ root, content: content({ ...known, entries }) }))
  return { status: 200, body: { kind: 'slow-xml', result, lateFailure: 'cut' } }
}

async function takePage(
  {
    bridge,
    input,
    context,
  }: {
    readonly bridge: Bridge
    readonly input: ListObjectsInput
    readonly context: RequestContext
  },
  take: TakeListed,
): Promise<ListObjectsEnd> {
  if (input.maxKeys > 0) return await bridge.listObjectsInto(input, context, take)
  await bridge.headBucket(input.bucket, context)
  return { nextAfter: undefined }
}
