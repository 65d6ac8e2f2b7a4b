import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkKey, foldName, isReservedName, RESERVED_FOLDER } from './key-path.ts'
import { encodeName } from './name-encoding.ts'
import { S3Error } from './s3-error.ts'

const test = suite('key-path')

const illegal: [what: string, key: string, code: string][] = [
  ['empty', '', 'InvalidArgument'],
  ['over 1024 bytes', `${'é'.repeat(512)}x`, 'KeyTooLongError'],
  ['not Unicode', 'a\ud800', 'InvalidURI'],
]
for (const [what, key, code] of illegal) {
  test(`a key that is ${what} is refused with ${code}`, () => {
    assert.throws(() => checkKey(key), isS3Error(code))
  })
}

test('a key of exactly 1024 bytes is legal', () => {
  checkKey('é'.repeat(512))
  checkKey('/'.repeat(1024))
})

const segment = fc
  .array(
    fc.oneof(
      fc.constantFrom('.', '\uff0e', '\u201b', '%', ':', '\0', '\u2400', 'A', 'f', '4', '\uff0f'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''))

test('no encoded name begins as the reserved folder does', () => {
  fc.assert(
    fc.property(fc.oneof(segment, fc.uint8Array()), (name) => {
      assert.not.ok(encodeName(name).toLowerCase().startsWith('\u201bj'))
      assert.not.ok(isReservedName(encodeName(name)))
    }),
    { numRuns: 3000 },
  )
  assert.not.ok(isReservedName(encodeName(RESERVED_FOLDER)))
})

test('the reserved folder is known in any casing', () => {
  assert.ok(isReservedName(RESERVED_FOLDER))
  assert.ok(isReservedName('\u201bJotta-S3'))
  assert.not.ok(isReservedName('jotta-s3'))
})

const same: [a: string, b: string][] = [
  ['Hello.doc', 'hello.DOC'],
  ['ÄÖÜ', 'äöü'],
  ['e\u0301', 'é'],
  ['E\u0301', 'é'],
  ['ΣΑΣ', 'σας'],
  ['\u212a', 'k'],
  ['\u017f', 's'],
  ['\u00b5', '\u03bc'],
  ['İ', 'i'],
  ['İ', 'i\u0307'],
  ['ẞ', 'ß'],
  ['Ǆ', 'ǆ'],
  ['\u{10400}', '\u{10428}'],
]
for (const [a, b] of same) {
  test(`${a} and ${b} may be one name for Jottacloud`, () => {
    assert.is(foldName(a), foldName(b))
  })
}

const different: [a: string, b: string][] = [
  ['a', 'b'],
  ['é', 'e'],
  ['ß', 'ss'],
  ['ﬁ', 'fi'],
  ['\uff1a', ':'],
  ['a', 'a '],
]
for (const [a, b] of different) {
  test(`${a} and ${b} are two names`, () => {
    assert.is.not(foldName(a), foldName(b))
  })
}

test('folding twice changes nothing, nor does letter case or composition beforehand', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 6 }), (name) => {
      const folded = foldName(name)
      assert.is(foldName(folded), folded)
      assert.is(foldName(name.normalize('NFD')), folded)
    }),
    { numRuns: 5000 },
  )
  for (let point = 0; point <= 0x1ffff; point += 1) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const char = String.fromCodePoint(point)
    assert.is(foldName(foldName(char)), foldName(char), `U+${point.toString(16)}`)
    // Several characters in the other case: only a full mapping, which no file system uses, joins them.
    for (const other of [char.toUpperCase(), char.toLowerCase()]) {
      if ([...other].length === 1) assert.is(foldName(other), foldName(char), char)
    }
  }
})

function isS3Error(code: string): (error: unknown) => boolean {
  return (error) => error instanceof S3Error && error.code === code
}

test.run()
