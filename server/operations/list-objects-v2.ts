// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
import type { Handler } from '../operation.ts'
import { parseContinuationToken, renderContinuationToken } from './wire/continuation-token.ts'
import { replyWithPage } from './wire/list-page.ts'
import { readListing } from './wire/listing.ts'
import { ownerElement } from './wire/owner.ts'

export const listObjectsV2: Handler = async (request, { bridge, tokenKey }) => {
  const { query, context, access } = request
  const { wanted, encode, elements } = readListing(request)
  const startAfter = query.get('start-after')
  const token = query.get('continuation-token')
  const list = [wanted.bucket, wanted.prefix, wanted.delimiter]
  // A token knows better than start-after, which clients send again with every page. An empty one is none.
  const going =
    token === undefined || token === '' ? undefined : parseContinuationToken(token, list, tokenKey)
  const { after, cursor } = going ?? { after: startAfter ?? '', cursor: undefined }
  const input = { ...wanted, after, cursor }
  const owner = query.get('fetch-owner') === 'true' ? ownerElement(access.owner) : undefined
  const asked = { bridge, input, context }
  const style = { name: 'Contents', encode, owner } as const
  return replyWithPage(
    asked,
    'ListBucketResult',
    style,
    ({ entries, nextAfter, nextCursor = '' }) => ({
      ...elements,
      StartAfter: startAfter === undefined ? undefined : encode(startAfter),
      ContinuationToken: token,
      NextContinuationToken:
        nextAfter === undefined
          ? undefined
          : renderContinuationToken({ after: nextAfter, cursor: nextCursor }, list, tokenKey),
      KeyCount: entries.count,
      IsTruncated: nextAfter !== undefined,
      ...entries.elements(),
    }),
  )
}
