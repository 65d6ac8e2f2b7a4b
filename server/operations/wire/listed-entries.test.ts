import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ListedObject, ListedPrefix } from '../../../translate/bridge.ts'
import { checksumAlgorithms } from '../../../translate/checksum.ts'
import type { XmlValue } from '../../operation.ts'
import { renderXml } from '../../xml.ts'
import { checksumKind } from './checksums.ts'
import { encodeName } from './encoding-type.ts'
import { type EntryStyle, RenderedEntries } from './listed-entries.ts'

const test = suite('listed entries')

const text = fc.string({ unit: 'binary', maxLength: 20 })
const objects: fc.Arbitrary<ListedObject> = fc.record({
  kind: fc.constant('object' as const),
  key: text,
  sizeBytes: fc.maxSafeNat(),
  modified: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
  etag: fc.oneof(fc.stringMatching(/^[0-9a-f]{32}(-[1-9])?$/), text),
  storageClass: fc.oneof(fc.constantFrom('STANDARD', 'GLACIER'), text),
  checksums: fc.option(
    fc.record({
      type: fc.constantFrom('FULL_OBJECT' as const, 'COMPOSITE' as const),
      values: fc.dictionary(fc.constantFrom(...checksumAlgorithms), text),
    }),
    { nil: undefined },
  ),
})
const prefixes: fc.Arbitrary<ListedPrefix> = fc.record({
  kind: fc.constant('prefix' as const),
  prefix: text,
})
const styles: fc.Arbitrary<EntryStyle> = fc.record(
  {
    name: fc.constantFrom('Contents' as const, 'Version' as const),
    encode: fc.constantFrom((name: string) => name, encodeName),
    owner: fc.option(fc.record({ ID: text, DisplayName: text }), { nil: undefined }),
    version: fc.constant({ VersionId: 'null', IsLatest: true }),
  },
  { requiredKeys: ['name', 'encode', 'owner'] },
)

/** As a tree of elements. */
function elementsOf(entries: readonly (ListedObject | ListedPrefix)[], style: EntryStyle) {
  const contents: XmlValue[] = []
  const commonPrefixes: XmlValue[] = []
  for (const entry of entries) {
    if (entry.kind === 'prefix') commonPrefixes.push({ Prefix: style.encode(entry.prefix) })
    else
      contents.push({
        Key: style.encode(entry.key),
        ...style.version,
        LastModified: `${entry.modified.toISOString().slice(0, 19)}.000Z`,
        ETag: `"${entry.etag}"`,
        ...checksumKind(entry.checksums),
        Size: entry.sizeBytes,
        Owner: style.owner,
        StorageClass: entry.storageClass,
      })
  }
  return { [style.name]: contents, CommonPrefixes: commonPrefixes }
}

test('what is rendered piece by piece and by hand is what the tree of it renders to', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.oneof(objects, prefixes))), styles, (pieces, style) => {
      const rendered = new RenderedEntries(style)
      for (const piece of pieces) rendered.add(piece)
      const entries = pieces.flat()
      const [byHand, byTree] = [rendered.elements(), elementsOf(entries, style)].map((content) =>
        Buffer.concat(renderXml('Root', { Before: 1, ...content, After: 2 })).toString(),
      )
      assert.is(byHand, byTree)
      assert.is(rendered.count, entries.length)
      assert.is(rendered.endsWithPrefix, entries.at(-1)?.kind === 'prefix')
    }),
    { numRuns: 500 },
  )
})

test('a page may be larger than what is encoded at once', () => {
  const style = { name: 'Contents', encode: (name: string) => name, owner: undefined } as const
  const entries = Array.from({ length: 1000 }, (_, n) => ({
    ...{ kind: 'object' as const, key: `${n} ${'ä😀&'.repeat(n % 50)}`, sizeBytes: n },
    ...{ modified: new Date(n * 1e9), etag: 'e', storageClass: 'STANDARD', checksums: undefined },
  }))
  const rendered = new RenderedEntries(style)
  for (const entry of entries) rendered.add([entry])
  const bytes = renderXml('Root', rendered.elements())
  assert.ok(bytes.length > 3)
  assert.equal(Buffer.concat(bytes), Buffer.concat(renderXml('Root', elementsOf(entries, style))))
})

test.run()
