// Of a bucket that never enabled versioning: every object is its own latest version, named `null`. Tools
// that empty a bucket, and backup programs, list it this way.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
import type { Handler, Query } from '../operation.ts'
import { replyWithPage } from './wire/list-page.ts'
import { readListing } from './wire/listing.ts'
import { ownerElement } from './wire/owner.ts'
import { invalidArgument } from './wire/parameters.ts'

/** An object's only version. */
const onlyVersion = 'null'

export const listObjectVersions: Handler = async (request, { bridge }) => {
  const { query, context, access, identity } = request
  const { wanted, encode, elements } = readListing(request)
  const keyMarker = query.get('key-marker') ?? ''
  const versionIdMarker = readVersionIdMarker(query)
  // The marker's version is its key's last, so with it or without it the list goes on behind the key.
  const input = { ...wanted, after: keyMarker, reader: identity?.accessKeyId }
  const asked = { bridge, input, context }
  const style = {
    ...({ name: 'Version', encode, owner: ownerElement(access.owner) } as const),
    version: { VersionId: onlyVersion, IsLatest: true },
  }
  return replyWithPage(asked, 'ListVersionsResult', style, ({ entries, nextAfter }) => ({
    ...elements,
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionIdMarker,
    NextKeyMarker: nextAfter === undefined ? undefined : encode(nextAfter),
    NextVersionIdMarker:
      nextAfter === undefined || entries.endsWithPrefix ? undefined : onlyVersion,
    IsTruncated: nextAfter !== undefined,
    ...entries.elements(),
  }))
}

/** Throws InvalidArgument for one without a key, and for one that no version here can have. */
function readVersionIdMarker(query: Query): string {
  const marker = query.get('version-id-marker') ?? ''
  if (marker === '') return ''
  if ((query.get('key-marker') ?? '') === '') {
    const message = 'A version-id marker cannot be specified without a key marker.'
    throw invalidArgument('version-id-marker', marker, message)
  }
  if (marker === onlyVersion) return marker
  throw invalidArgument('version-id-marker', marker, 'Invalid version id specified')
}
