// Contents and CommonPrefixes, as both list operations write them.
import type { ListObjectsResult } from '../../../translate/bridge.ts'
import { quoteEtag } from '../../../translate/etag.ts'
import type { XmlValue } from '../../operation.ts'
import { renderXmlDate } from './times.ts'

export function renderEntries(
  entries: ListObjectsResult['entries'],
  options: { encode: (name: string) => string; owner: XmlValue | undefined },
): { Contents: XmlValue[]; CommonPrefixes: XmlValue[] } {
  const contents: XmlValue[] = []
  const prefixes: XmlValue[] = []
  for (const entry of entries) {
    if (entry.kind === 'prefix') {
      prefixes.push({ Prefix: options.encode(entry.prefix) })
    } else {
      contents.push({
        Key: options.encode(entry.key),
        LastModified: renderXmlDate(entry.modified),
        ETag: quoteEtag(entry.etag),
        Size: entry.sizeBytes,
        Owner: options.owner,
        StorageClass: 'STANDARD',
      })
    }
  }
  return { Contents: contents, CommonPrefixes: prefixes }
}
