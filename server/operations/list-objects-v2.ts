// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
import { listObjectsMax } from '../../translate/limits.ts'
import type { Handler } from '../operation.ts'
import { parseContinuationToken, renderContinuationToken } from './wire/continuation-token.ts'
import { readNameEncoding } from './wire/encoding-type.ts'
import { replyWithPage } from './wire/list-page.ts'
import { renderEntries } from './wire/listed-entries.ts'
import { ownerElement } from './wire/owner.ts'
import { readInteger } from './wire/parameters.ts'
import { bucketOf } from './wire/target.ts'

export const listObjectsV2: Handler = async (request, { bridge }) => {
  const { query, context, access } = request
  const bucket = bucketOf(request)
  const { type, encode } = readNameEncoding(query)
  const maxKeys = readInteger(query, 'max-keys', {
    min: 0,
    cap: listObjectsMax,
    ifAbsent: listObjectsMax,
  })
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const startAfter = query.get('start-after')
  const token = query.get('continuation-token')
  const list = [bucket, prefix, delimiter]
  // A token knows better than start-after, which clients send again with every page. An empty one is none.
  const going =
    token === undefined || token === '' ? undefined : parseContinuationToken(token, list)
  const { after, cursor } = going ?? { after: startAfter ?? '', cursor: undefined }
  const input = { bucket, prefix, delimiter, after, maxKeys, cursor }
  const owner = query.get('fetch-owner') === 'true' ? ownerElement(access.owner) : undefined
  const asked = { bridge, input, context }
  return replyWithPage(asked, 'ListBucketResult', ({ entries, nextAfter, nextCursor = '' }) => ({
    Name: bucket,
    Prefix: encode(prefix),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken:
      nextAfter === undefined
        ? undefined
        : renderContinuationToken({ after: nextAfter, cursor: nextCursor }, list),
    KeyCount: entries.length,
    MaxKeys: maxKeys,
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: type,
    IsTruncated: nextAfter !== undefined,
    ...renderEntries(entries, { encode, owner }),
  }))
}
