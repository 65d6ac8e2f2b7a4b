// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html

import type { Bucket } from '../../translate/bridge.ts'
import { listBucketsMax } from '../../translate/limits.ts'
import type { Access } from '../access/authorize.ts'
import type { Handler } from '../operation.ts'
import { parseContinuationToken, renderContinuationToken } from './wire/continuation-token.ts'
import { ownerElement } from './wire/owner.ts'
import { readInteger } from './wire/parameters.ts'
import { renderXmlDate } from './wire/times.ts'

/** What a token of this list is bound to, besides the prefix. */
const listName = 'buckets'

export const listBuckets: Handler = async ({ query, access, context }, services) => {
  const { bridge, region, tokenKey } = services
  const prefix = query.get('prefix') ?? ''
  const maxBuckets = readInteger(query, 'max-buckets', {
    min: 1,
    max: listBucketsMax,
    cap: listBucketsMax,
    ifAbsent: listBucketsMax,
  })
  const token = query.get('continuation-token')
  const after =
    token === undefined || token === ''
      ? ''
      : parseContinuationToken(token, [listName, prefix], tokenKey).after
  const wantedRegion = query.get('bucket-region')
  const buckets = await ownBuckets(await bridge.listBuckets(context), access)
  // Bucket names are ASCII, so the order of code units is the order of bytes.
  const matching = buckets
    .filter(({ name }) => name.startsWith(prefix) && name > after)
    .filter(() => wantedRegion === undefined || wantedRegion === '' || wantedRegion === region)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const page = matching.slice(0, maxBuckets)
  const last = page.at(-1)
  const isTruncated = matching.length > page.length && last !== undefined
  const content = {
    Owner: ownerElement(access.owner),
    Buckets: {
      Bucket: page.map(({ name, created }) => ({
        Name: name,
        CreationDate: renderXmlDate(created),
        BucketRegion: region,
      })),
    },
    Prefix: query.has('prefix') ? prefix : undefined,
    ContinuationToken: isTruncated
      ? renderContinuationToken({ after: last.name, cursor: '' }, [listName, prefix], tokenKey)
      : undefined,
  }
  return { status: 200, body: { kind: 'xml', root: 'ListAllMyBucketsResult', content } }
}

/** Those of whoever asks, and of them those that the key may list. */
async function ownBuckets(buckets: readonly Bucket[], access: Access): Promise<Bucket[]> {
  const shown: Bucket[] = []
  for (const bucket of buckets) {
    if (await access.mayList(bucket.name)) shown.push(bucket)
  }
  return shown
}
