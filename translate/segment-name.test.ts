import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { foldName, RESERVED_FOLDER } from './key-path.ts'
import { anyKeySegment, encodings } from './key-space.test-support.ts'
import { currentEncoding, decodeName, encodeName } from './name-encoding.ts'
import {
  hashTag,
  type SegmentKind,
  segmentNames,
  segmentOf,
  segmentOfChain,
} from './segment-name.ts'

const test = suite('segment-name')

const kinds: SegmentKind[] = ['file', 'folder', 'top-file']
const bytesOf = (text: string): number => Buffer.byteLength(text)

const forms: [
  what: string,
  segment: string,
  kind: SegmentKind,
  natural: string,
  irregular: RegExp,
][] = [
  ['a tag goes before the extension', 'Hello.doc', 'file', 'Hello.doc', /^Hello‛k\w{13}\.doc$/],
  ['a folder has no extension', 'v1.2', 'folder', 'v1.2', /^v1\.2‛p\w{13}$/],
  ['nor has a hidden file', '.profile', 'file', '.profile', /^\.profile‛k\w{13}$/],
  ['an empty file name is a token', '', 'file', '‛y', /^‛y$/],
  ['and an empty folder name another', '', 'folder', '‛z', /^‛z$/],
  ['dots follow rclone', '..', 'folder', '．．', /^．．‛p\w{13}$/],
  ['what XML cannot carry is escaped', 'a\uffff', 'file', 'a‛uffff', /^a‛uffff‛k\w{13}$/],
  ['what looks like a tag is quoted', 'a‛k0', 'file', 'a‛‛k0', /^a‛‛k0‛k\w{13}$/],
  ['what looks like a token, too', '‛y', 'file', '‛‛y', /^‛‛y‛k\w{13}$/],
  ['the name of the bridge too', RESERVED_FOLDER, 'folder', '‛‛jotta-s3', /^‛‛jotta-s3‛p\w{13}$/],
]
for (const [what, segment, kind, natural, irregular] of forms) {
  test(`${what}: ${JSON.stringify(segment)}`, () => {
    const names = segmentNames(segment, kind, currentEncoding)
    assert.equal(names.natural, { name: natural, isWritable: true })
    assert.is(names.irregular.length, 1)
    assert.match(names.irregular[0] ?? '', irregular)
    assert.is(segmentOf(natural, kind, currentEncoding), segment)
    assert.is(segmentOf(names.irregular[0] ?? '', kind, currentEncoding), segment)
  })
}

test('a name that stands for itself is the name it is stored under, in any encoding', () => {
  fc.assert(
    fc.property(anyKeySegment, fc.constantFrom(...encodings), (name, encoding) => {
      // Jottacloud has no longer ones.
      fc.pre(name.length <= 255)
      for (const kind of kinds) {
        const isItsOwn = segmentOf(name, kind, encoding) === name
        const { natural } = segmentNames(name, kind, encoding)
        assert.is(isItsOwn, natural?.name === name)
      }
    }),
  )
})

const foreign: [what: string, name: string][] = [
  ['with a raw colon', 'a:b'],
  ['with a raw percent sign', '50%'],
  ['with a slash inside', 'a\uff0fb'],
  ['with an escaped letter', '‛41'],
  ['that is not UTF-8', 'a‛FF'],
  ['with a quote before nothing special', '‛x'],
  ['of a tag that is not the name’s', 'a‛k0123456789abc'],
  ['of a tag in capitals', 'a‛K0123456789ABC'],
  ['of a shard', '‛s0'],
  ['of a piece', 'abc‛n0123456789abc'],
  ['that looks like a foreign name', '‛‛w50%'],
]
for (const [what, name] of foreign) {
  test(`a foreign name ${what} has a key of its own, and no key is stored under it`, () => {
    for (const kind of kinds) {
      const segment = segmentOf(name, kind, currentEncoding)
      assert.is(segment, `‛w${name}`)
      const { natural, irregular } = segmentNames(segment, kind, currentEncoding)
      assert.equal(natural, { name, isWritable: false })
      assert.is(segmentOf(irregular[0] ?? '', kind, currentEncoding), segment)
      // What it would be stored under were it an ordinary segment is another foreign name.
      const regular = encodeName(segment)
      assert.is(segmentOf(regular, kind, currentEncoding), `‛w${regular}`)
    }
  })
}

test('a tag of the other kind is foreign', () => {
  const [tagged = ''] = segmentNames('a', 'file', currentEncoding).irregular
  assert.is(segmentOf(tagged, 'file', currentEncoding), 'a')
  assert.is(segmentOf(tagged, 'folder', currentEncoding), `‛w${tagged}`)
})

test('the empty segment as a file is a foreign name where its key would be the empty one', () => {
  assert.is(segmentOf('‛y', 'file', currentEncoding), '')
  assert.is(segmentOf('‛y', 'top-file', currentEncoding), '‛w‛y')
  const { natural } = segmentNames('‛w‛y', 'top-file', currentEncoding)
  assert.equal(natural, { name: '‛y', isWritable: false })
})

test('the tag of the empty segment alone is a foreign name', () => {
  for (const encoding of encodings) {
    for (const kind of kinds) {
      const hash = kind === 'folder' ? hashTag('folder', '') : hashTag('file', '')
      const name = `${kind === 'folder' ? '‛p' : '‛k'}${hash}`
      assert.is(segmentOf(name, kind, encoding), `‛w${name}`)
      assert.equal(segmentNames(`‛w${name}`, kind, encoding).natural, { name, isWritable: false })
    }
  }
})

test('the name of the bridge’s own folder is no foreign name', () => {
  const { natural } = segmentNames(`‛w${RESERVED_FOLDER}`, 'folder', currentEncoding)
  assert.equal(natural, { name: '‛‛w‛‛jotta-s3', isWritable: true })
})

test('long names that others stored are found, and written in pieces', () => {
  const segment = 'é'.repeat(200)
  const { natural, irregular } = segmentNames(segment, 'file', currentEncoding)
  assert.equal(natural, { name: segment, isWritable: false })
  assert.is(irregular.length, 2)
  assert.is(segmentOf(segment, 'file', currentEncoding), segment)
  const longer = segmentNames('é'.repeat(256), 'file', currentEncoding)
  assert.is(longer.natural, undefined)
})

test('the longest segments take few names of bounded length', () => {
  for (const [char, most] of [
    ['a', 6],
    [':', 16],
    ['\0', 16],
    ['\u2400', 11],
    ['\u{1f600}', 6],
    ['\x7f', 41],
    ['.', 6],
  ] as const) {
    const segment = char.repeat(Math.floor(1024 / bytesOf(char)))
    for (const encoding of encodings) {
      const { irregular } = segmentNames(segment, 'file', encoding)
      assert.ok(irregular.length <= most, `${irregular.length} for ${JSON.stringify(char)}`)
      assert.ok(irregular.every((name) => bytesOf(name) <= 255))
      const last = irregular.at(-1) ?? ''
      assert.is(segmentOfChain(last, irregular.slice(0, -1), 'file', encoding), segment)
    }
  }
})

for (const encoding of encodings) {
  test(`each name of each segment gives it back in ${encoding.flags}`, () => {
    fc.assert(
      fc.property(anyKeySegment, fc.constantFrom(...kinds), (segment, kind) => {
        // No key is empty.
        fc.pre(segment !== '' || kind !== 'top-file')
        const { natural, irregular } = segmentNames(segment, kind, encoding)
        if (natural !== undefined) {
          assert.is(segmentOf(natural.name, kind, encoding), segment)
          assert.ok(natural.name.length <= 255)
        }
        const last = irregular.at(-1) ?? ''
        const found =
          irregular.length === 1
            ? segmentOf(last, kind, encoding)
            : segmentOfChain(last, irregular.slice(0, -1), kind, encoding)
        assert.is(found, segment)
        for (const name of irregular) {
          assert.ok(name !== '' && bytesOf(name) <= 255)
          assert.not.match(name, /[\0-\x1f\x7f/\ufffe\uffff]|^\.\.?$/)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test(`each stored name has a segment, which no other name gives, in ${encoding.flags}`, () => {
    const encoded = anyKeySegment.map((text) => encodeName(text, encoding))
    const irregular = anyKeySegment.map(
      (text) => segmentNames(text, 'file', encoding).irregular[0] ?? '',
    )
    const stored = fc
      .oneof(anyKeySegment, encoded, irregular)
      .filter((name) => name.length <= 255)
      .filter((name) => !/^$|^\.\.?$|[\0-\x1f\x7f\ufffe\uffff]|^‛jotta-s3$/iu.test(name))
    fc.assert(
      fc.property(stored, fc.constantFrom(...kinds), (name, kind) => {
        const segment = segmentOf(name, kind, encoding)
        const { natural, irregular } = segmentNames(segment, kind, encoding)
        assert.ok(natural?.name === name || (irregular.length === 1 && irregular[0] === name))
      }),
      { numRuns: 3000 },
    )
  })
}

test('irregular names differ however they are folded', () => {
  const letters = fc.array(
    fc.constantFrom('a', 'A', 'é', 'e\u0301', 'É', 'i', 'İ', 'k', '\u212a'),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  const segment = letters.map((parts) => parts.join(''))
  fc.assert(
    fc.property(segment, segment, (a, b) => {
      const foldOf = (text: string, kind: SegmentKind) =>
        segmentNames(text, kind, currentEncoding).irregular.map(foldName).join('/')
      if (a !== b) assert.is.not(foldOf(a, 'file'), foldOf(b, 'file'))
      assert.is.not(foldOf(a, 'file'), foldOf(a, 'folder'))
      assert.is.not(foldOf(a, 'file'), foldName(encodeName(b)))
    }),
    { numRuns: 5000 },
  )
})

test('marks are left alone by the decoding of rclone, whatever its flags', () => {
  fc.assert(
    fc.property(
      anyKeySegment,
      fc.constantFrom(...kinds),
      fc.constantFrom(...encodings),
      (...of) => {
        for (const name of segmentNames(...of).irregular) {
          const decoded = decodeName(name, of[2]).toString()
          for (const [mark] of name.matchAll(/‛[kpn](?=[0-9a-v]{13}(?:\.\w+)?$)|^‛[yz]$/gu)) {
            assert.ok(decoded.includes(mark), name)
          }
        }
      },
    ),
    { numRuns: 3000 },
  )
})

test.run()
