// Contents and CommonPrefixes, as all lists of objects write them.
import type { ListedObject, ListObjectsResult } from '../../../translate/bridge.ts'
import type { XmlValue } from '../../operation.ts'
import { escapeText, RenderedElements, renderContent } from '../../xml.ts'
import { checksumKind } from './checksums.ts'
import { renderXmlDate } from './times.ts'

export type EntryStyle = {
  /** Of the elements of objects. */
  readonly name: 'Contents' | 'Version'
  readonly encode: (name: string) => string
  readonly owner: XmlValue | undefined
  /** What a list of versions says besides of each object. */
  readonly version?: { readonly VersionId: string; readonly IsLatest: boolean }
}

/** The entries of one page, rendered as they come. */
export class RenderedEntries {
  readonly #style: EntryStyle
  readonly #version: string
  readonly #owner: string
  readonly #objects: RenderedElements
  readonly #prefixes = new RenderedElements('CommonPrefixes')
  #count = 0
  #endsWithPrefix = false

  constructor(style: EntryStyle) {
    this.#style = style
    this.#version = renderContent(style.version)
    this.#owner = renderContent({ Owner: style.owner })
    this.#objects = new RenderedElements(style.name)
  }

  /** Of objects and common prefixes together. */
  get count(): number {
    return this.#count
  }

  get endsWithPrefix(): boolean {
    return this.#endsWithPrefix
  }

  add(entries: ListObjectsResult['entries']): void {
    const { encode } = this.#style
    for (const entry of entries) {
      this.#count += 1
      this.#endsWithPrefix = entry.kind === 'prefix'
      if (entry.kind === 'prefix') {
        this.#prefixes.add({ Prefix: encode(entry.prefix) })
      } else {
        this.#objects.addRendered(this.#renderObject(entry))
      }
    }
  }

  /**
   * By hand, since a page is a thousand of these: as a tree of elements, they take three times as long, and leave
   * twice as much to collect.
   */
  #renderObject({ key, modified, etag, checksums, sizeBytes, storageClass }: ListedObject): string {
    const kind = checksums === undefined ? '' : renderContent(checksumKind(checksums))
    return (
      `<Key>${escapeText(this.#style.encode(key))}</Key>${this.#version}` +
      `<LastModified>${renderXmlDate(modified)}</LastModified>` +
      `<ETag>&quot;${escapeText(etag)}&quot;</ETag>${kind}<Size>${sizeBytes}</Size>${this.#owner}` +
      `<StorageClass>${escapeText(storageClass)}</StorageClass>`
    )
  }

  elements(): Record<string, XmlValue> {
    return { [this.#style.name]: this.#objects, CommonPrefixes: this.#prefixes }
  }
}
