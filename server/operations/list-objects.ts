// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
import type { Handler } from '../operation.ts'
import { replyWithPage } from './wire/list-page.ts'
import { readListing } from './wire/listing.ts'
import { ownerElement } from './wire/owner.ts'

export const listObjects: Handler = async (request, { bridge }) => {
  const { query, context, access, identity } = request
  const { wanted, encode, elements } = readListing(request)
  const marker = query.get('marker') ?? ''
  const input = { ...wanted, after: marker, reader: identity?.accessKeyId }
  const asked = { bridge, input, context }
  const style = { name: 'Contents', encode, owner: ownerElement(access.owner) } as const
  return replyWithPage(asked, 'ListBucketResult', style, ({ entries, nextAfter }) => ({
    ...elements,
    Marker: encode(marker),
    // Only with a delimiter: else clients go on from the last key.
    NextMarker: nextAfter === undefined || wanted.delimiter === '' ? undefined : encode(nextAfter),
    IsTruncated: nextAfter !== undefined,
    ...entries.elements(),
  }))
}
