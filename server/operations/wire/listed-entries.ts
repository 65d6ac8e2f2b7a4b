// Contents and CommonPrefixes, as all lists of objects write them.
import type { ListObjectsResult } from '../../../translate/bridge.ts'
import { quoteEtag } from '../../../translate/etag.ts'
import type { XmlValue } from '../../operation.ts'
import { checksumKind } from './checksums.ts'
import { renderXmlDate } from './times.ts'

export function renderEntries(
  entries: ListObjectsResult['entries'],
  options: {
    readonly encode: (name: string) => string
    readonly owner: XmlValue | undefined
    /** What a list of versions says besides of each object. */
    readonly version?: { readonly VersionId: string; readonly IsLatest: boolean }
  },
): { Contents: XmlValue[]; CommonPrefixes: XmlValue[] } {
  const contents: XmlValue[] = []
  const prefixes: XmlValue[] = []
  for (const entry of entries) {
    if (entry.kind === 'prefix') {
      prefixes.push({ Prefix: options.encode(entry.prefix) })
    } else {
      contents.push({
        Key: options.encode(entry.key),
        ...options.version,
        LastModified: renderXmlDate(entry.modified),
        ETag: quoteEtag(entry.etag),
        ...checksumKind(entry.checksums),
        Size: entry.sizeBytes,
        Owner: options.owner,
        StorageClass: entry.storageClass,
      })
    }
  }
  return { Contents: contents, CommonPrefixes: prefixes }
}
