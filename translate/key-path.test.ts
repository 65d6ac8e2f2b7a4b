import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  findPath,
  foldName,
  isReservedName,
  keyToPath,
  namesCollide,
  nameToSegment,
  pathToKey,
  RESERVED_FOLDER,
} from './key-path.ts'
import {
  currentEncoding,
  encodeName,
  encodingWithoutPercent,
  parseNameEncoding,
} from './name-encoding.ts'
import { S3Error } from './s3-error.ts'

const test = suite('key-path')

const paths: [key: string, path: string[]][] = [
  ['a', ['a']],
  ['a/b/c.txt', ['a', 'b', 'c.txt']],
  ['a/./../b', ['a', '\uff0e', '\uff0e\uff0e', 'b']],
  ['urn:oid:12', ['urn\uff1aoid\uff1a12']],
  ['50%/x', ['50\uff05', 'x']],
  ['\0\n', ['\u2400\u240a']],
  ['ä/\u{1f600}', ['ä', '\u{1f600}']],
  ['a b', ['a b']],
  [RESERVED_FOLDER, ['\u201b\u201bjotta-s3']],
]
for (const [key, path] of paths) {
  test(`${JSON.stringify(key)} is stored at ${JSON.stringify(path)}`, () => {
    assert.equal(keyToPath(key, currentEncoding), path)
    assert.equal(findPath(key, currentEncoding), path)
    assert.is(pathToKey(path, currentEncoding), key)
  })
}

const irregular: [what: string, key: string][] = [
  ['begins with a slash', '/a'],
  ['ends with a slash', 'a/'],
  ['has two slashes in a row', 'a//b'],
  ['is a slash', '/'],
  ['has a character beyond XML', 'a\uffff'],
  ['has a segment over 255 units', 'é'.repeat(256)],
]
for (const [what, key] of irregular) {
  test(`a key that ${what} cannot be stored, and so is not there`, () => {
    assert.throws(() => keyToPath(key, currentEncoding), isS3Error('NotImplemented'))
    assert.is(findPath(key, currentEncoding), undefined)
  })
}

const illegal: [what: string, key: string, code: string][] = [
  ['empty', '', 'InvalidArgument'],
  ['over 1024 bytes', `${'é'.repeat(512)}x`, 'KeyTooLongError'],
  ['not Unicode', 'a\ud800', 'InvalidURI'],
]
for (const [what, key, code] of illegal) {
  test(`a key that is ${what} is refused with ${code}`, () => {
    assert.throws(() => keyToPath(key, currentEncoding), isS3Error(code))
    assert.throws(() => findPath(key, currentEncoding), isS3Error(code))
  })
}

test('the message says which limit a name breaks', () => {
  const refused = (key: string) => {
    try {
      keyToPath(key, currentEncoding)
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return ''
  }
  assert.match(refused(`a/${':'.repeat(86)}`), /takes 258 bytes.*over 255 bytes/)
  assert.match(refused('a//b'), /two in a row/)
})

test('a key of exactly 1024 bytes, and a name of exactly 255, are stored', () => {
  const names = ['a'.repeat(255), ':'.repeat(85), 'b'.repeat(255), 'c'.repeat(255)]
  const key = `${names.join('/')}/${'d'.repeat(1024 - 255 * 3 - 85 - 4)}`
  assert.is(Buffer.byteLength(key), 1024)
  assert.is(pathToKey(keyToPath(key, currentEncoding), currentEncoding), key)
})

test('long names that others stored are found under their key, though we do not write such', () => {
  const key = 'é'.repeat(200)
  assert.is(nameToSegment(key, currentEncoding), key)
  assert.equal(findPath(key, currentEncoding), [key])
  assert.throws(() => keyToPath(key, currentEncoding), isS3Error('NotImplemented'))
})

const foreign: [what: string, storedName: string][] = [
  ['of the reserved folder', RESERVED_FOLDER],
  ['with a raw colon', 'a:b'],
  ['with a raw percent sign', '50%'],
  ['with a slash inside', 'a\uff0fb'],
  ['with an escaped letter', '\u201b41'],
  ['that is not UTF-8', 'a\u201bFF'],
  ['with a lower-case escape', 'a\u201bff'],
  ['with a quote before nothing special', '\u201bx'],
  ['that is a dot', '.'],
  ['that is empty', ''],
  ['with an unpaired surrogate', '\ud800'],
]
for (const [what, storedName] of foreign) {
  test(`the name ${what} stands for no segment`, () => {
    assert.is(nameToSegment(storedName, currentEncoding), undefined)
    assert.is(pathToKey(['a', storedName], currentEncoding), undefined)
  })
}

test('the mountpoint itself is no key', () => {
  assert.is(pathToKey([], currentEncoding), undefined)
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
const anyKey = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((segments) => segments.join('/'))

const encodings = [
  currentEncoding,
  encodingWithoutPercent,
  parseNameEncoding('Ctl,Dot,InvalidUtf8'),
  parseNameEncoding(
    'Slash,Ctl,Dot,InvalidUtf8,LeftSpace,RightSpace,LeftPeriod,RightPeriod,BackSlash',
  ),
]
for (const encoding of encodings) {
  test(`every key that can be stored comes back from ${encoding.flags}`, () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const path = findPath(key, encoding)
        if (path === undefined) return
        assert.equal(keyToPath(key, encoding), path)
        assert.is(pathToKey(path, encoding), key)
        assert.ok(path.every((name) => !isReservedName(name)))
      }),
      { numRuns: 2000 },
    )
  })

  test(`two keys never share a path in ${encoding.flags}`, () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        const [pathA, pathB] = [findPath(a, encoding), findPath(b, encoding)]
        if (a === b || pathA === undefined || pathB === undefined) return
        assert.is.not(pathA.join('/'), pathB.join('/'))
      }),
      { numRuns: 2000 },
    )
  })

  test(`a stored name with a segment is what that segment is stored as in ${encoding.flags}`, () => {
    const encoded = segment.map((text) => encodeName(text, encoding))
    fc.assert(
      fc.property(fc.oneof(segment, encoded), (storedName) => {
        const found = nameToSegment(storedName, encoding)
        if (found !== undefined) assert.equal(findPath(found, encoding), [storedName])
      }),
      { numRuns: 2000 },
    )
  })
}

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
    assert.ok(namesCollide(a, b))
    assert.ok(namesCollide(b, a))
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
    assert.not.ok(namesCollide(a, b))
  })
}

test('a name does not collide with itself', () => {
  assert.not.ok(namesCollide('a', 'a'))
})

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
