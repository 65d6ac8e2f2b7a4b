// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
import { listObjectsMax } from '../../translate/limits.ts'
import type { Handler } from '../operation.ts'
import { readNameEncoding } from './wire/encoding-type.ts'
import { replyWithPage } from './wire/list-page.ts'
import { renderEntries } from './wire/listed-entries.ts'
import { ownerElement } from './wire/owner.ts'
import { readInteger } from './wire/parameters.ts'
import { bucketOf } from './wire/target.ts'

export const listObjects: Handler = async (request, { bridge }) => {
  const { query, context, access, identity } = request
  const bucket = bucketOf(request)
  const { type, encode } = readNameEncoding(query)
  const maxKeys = readInteger(query, 'max-keys', {
    min: 0,
    cap: listObjectsMax,
    ifAbsent: listObjectsMax,
  })
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const marker = query.get('marker') ?? ''
  const input = { bucket, prefix, delimiter, after: marker, maxKeys, reader: identity?.accessKeyId }
  const asked = { bridge, input, context }
  return replyWithPage(asked, 'ListBucketResult', ({ entries, nextAfter }) => ({
    Name: bucket,
    Prefix: encode(prefix),
    Marker: encode(marker),
    // Only with a delimiter: else clients go on from the last key.
    NextMarker: nextAfter === undefined || delimiter === '' ? undefined : encode(nextAfter),
    MaxKeys: maxKeys,
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: type,
    IsTruncated: nextAfter !== undefined,
    ...renderEntries(entries, { encode, owner: ownerElement(access.owner) }),
  }))
}
