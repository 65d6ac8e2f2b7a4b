import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isReservedName } from './key-path.ts'
import {
  currentEncoding,
  decodeName,
  encodeName,
  encodingWithoutPercent,
  NameEncodingError,
  parseNameEncoding,
} from './name-encoding.ts'

const test = suite('name-encoding')

/** jottacloud-api.md 7.2: input, stored, and what it shows. */
const vectors: [input: string | number[], stored: string][] = [
  ['', ''],
  ['plain.txt', 'plain.txt'],
  ['a/b', 'a\uff0fb'],
  ['<>":?*|%', '\uff1c\uff1e\uff02\uff1a\uff1f\uff0a\uff5c\uff05'],
  ['pct%41', 'pct\uff0541'],
  ['q"<>:|*.bin', 'q\uff02\uff1c\uff1e\uff1a\uff5c\uff0a.bin'],
  ['lit\uff05', 'lit\u201b\uff05'],
  ['\uff0a', '\u201b\uff0a'],
  ['q\u201b', 'q\u201b\u201b'],
  ['q\u201b\uff05', 'q\u201b\u201b\u201b\uff05'],
  ['q\u201b41', 'q\u201b\u201b41'],
  [[0x61, 0xff, 0xfe], 'a\u201bFF\u201bFE'],
  [[0x61, 0xe2, 0x82], 'a\u201bE2\u201b82'],
  [[0xed, 0xa0, 0x80, 0x73], '\u201bED\u201bA0\u201b80s'],
  ['\ud800s', '\u201bED\u201bA0\u201b80s'],
  [[0xc0, 0xaf], '\u201bC0\u201bAF'],
  [[0xf4, 0x90, 0x80, 0x80], '\u201bF4\u201b90\u201b80\u201b80'],
  [[0xe2, 0x41, 0xc3, 0xa9, 0xff], '\u201bE2Aé\u201bFF'],
  [[0x3a, 0xff, 0x3a], '\uff1a\u201bFF\uff1a'],
  ['c\x01\x1f\n\r\t', 'c\u2401\u241f\u240a\u240d\u2409'],
  ['n\0', 'n\u2400'],
  ['d\x7f', 'd\u2421'],
  ['\u2401', '\u201b\u2401'],
  ['\u240a', '\u201b\u240a'],
  ['\u2421', '\u201b\u2421'],
  ['\u2400', '\u201b\u2400'],
  ['.', '\uff0e'],
  ['..', '\uff0e\uff0e'],
  ['\uff0e', '\u201b\uff0e'],
  ['\uff0e\uff0e', '\u201b\uff0e\u201b\uff0e'],
  ...[
    ...['x\uff0e', '...', '.hidden', ' lead', 'trail ', 'trail.', '\uff0e.', '\uff0e\uff0e\uff0e'],
    ...['back\\slash', 'hash#', 'plus+', 'am&p', 'semi;colon', "ap'os", '~tilde', 'a=b'],
    ...['\ufffd', '\u2420', '\uff3c', '\ufeff', '\u{1f600}', 'e\u0301', '\u0080'],
  ].map((same): [string, string] => [same, same]),
]

for (const [input, stored] of vectors) {
  test(`${JSON.stringify(input)} is stored as ${JSON.stringify(stored)}`, () => {
    const bytes = typeof input === 'string' ? undefined : Uint8Array.from(input)
    assert.is(encodeName(bytes ?? String(input)), stored)
    if (typeof input === 'string' && input.isWellFormed()) {
      assert.is(encodeName(Buffer.from(input)), stored, 'as bytes')
      assert.is(decodeName(stored).toString(), input)
    } else if (bytes !== undefined) {
      assert.is(decodeName(stored).toString('hex'), Buffer.from(bytes).toString('hex'))
    }
  })
}

/** Names that no encoding produces still mean what rclone reads in them. */
const foreign: [stored: string, decoded: string | number[]][] = [
  ['\u201b41', 'A'],
  ['\u201be2\u201b82\u201bac', '€'],
  ['x\u201bfF', [0x78, 0xff]],
  ['a:b%', 'a:b%'],
  ['end\u201b', 'end\u201b'],
  ['\u201bjotta', '\u201bjotta'],
  ['\u201b4g', '\u201b4g'],
  ['x\u201b\uff0e', 'x\u201b\uff0e'],
  ['\u201b\u201b\u201b', '\u201b\u201b'],
  ['\u201b\u{1f600}', '\u201b\u{1f600}'],
  ['\ud800', [0xed, 0xa0, 0x80]],
]
for (const [stored, decoded] of foreign) {
  test(`${JSON.stringify(stored)}, which is no encoding, decodes to ${JSON.stringify(decoded)}`, () => {
    const expected = typeof decoded === 'string' ? Buffer.from(decoded) : Buffer.from(decoded)
    assert.is(decodeName(stored).toString('hex'), expected.toString('hex'))
    assert.is.not(encodeName(decodeName(stored)), stored)
  })
}

test('the encoding before rclone 1.74 leaves percent signs alone', () => {
  assert.is(encodeName('a%\uff05:', encodingWithoutPercent), 'a%\uff05\uff1a')
  assert.is(decodeName('a%\uff05\uff1a', encodingWithoutPercent).toString(), 'a%\uff05:')
  assert.is(decodeName('\u201b\uff05', encodingWithoutPercent).toString(), '\u201b\uff05')
})

const required = 'Ctl,InvalidUtf8,Dot'

/** Asked of rclone 1.75.2 and, but for the last set, 1.60.1, by copying files with --local-encoding. */
const flagVectors: Record<string, [name: string, stored: string][]> = {
  'LeftSpace,RightSpace': [
    [' ', '\u2420'],
    ['\u2420', '\u201b\u2420'],
    ['  ', '\u2420\u2420'],
    ['   ', '\u2420 \u2420'],
    [' \u2420', '\u2420\u201b\u2420'],
    ['\u2420 ', '\u201b\u2420\u2420'],
    ['a b', 'a b'],
    ['\u201b ', '\u201b\u201b\u2420'],
    ['\u201b\u2420', '\u201b\u201b\u201b\u2420'],
    [' \u201b ', '\u2420\u201b\u201b\u2420'],
    ['\u2420a\u2420b\u2420', '\u201b\u2420a\u2420b\u201b\u2420'],
  ],
  LeftSpace: [
    [' ', '\u2420'],
    [' .a ', '\u2420.a '],
    ['\u201b\u2420', '\u201b\u201b\u2420'],
    ['\u2420\u2420', '\u201b\u2420\u2420'],
  ],
  RightSpace: [
    [' ', '\u2420'],
    ['\u2420', '\u201b\u2420'],
    [' a ', ' a\u2420'],
    ['a  ', 'a \u2420'],
    ['%\u201b\u2420', '%\u201b\u201b\u201b\u2420'],
  ],
  'LeftPeriod,RightPeriod': [
    ['.', '\uff0e'],
    ['..', '\uff0e\uff0e'],
    ['\uff0e', '\u201b\uff0e'],
    ['\uff0e\uff0e', '\u201b\uff0e\u201b\uff0e'],
    ['.\uff0e', '\uff0e\u201b\uff0e'],
    ['\uff0e.', '\u201b\uff0e\uff0e'],
    ['...', '\uff0e.\uff0e'],
    ['a.b', 'a.b'],
    ['.a\uff0e', '\uff0ea\u201b\uff0e'],
  ],
  LeftPeriod: [
    ['...', '\uff0e..'],
    ['\uff0e.', '\u201b\uff0e.'],
    ['\uff0e\uff0e', '\u201b\uff0e\u201b\uff0e'],
    ['.\uff0ea', '\uff0e\uff0ea'],
  ],
  RightPeriod: [
    ['...', '..\uff0e'],
    ['.\uff0e', '.\u201b\uff0e'],
    ['a\uff0e.', 'a\uff0e\uff0e'],
    ['\u201b.', '\u201b\u201b\uff0e'],
  ],
  'LeftSpace,LeftPeriod,LeftTilde,RightSpace,RightPeriod': [
    [' .', '\u2420\uff0e'],
    ['. ', '\uff0e\u2420'],
    ['~ .', '\uff5e \uff0e'],
    ['~~', '\uff5e~'],
    ['\uff5e~', '\u201b\uff5e~'],
    ['\u201b~', '\u201b\u201b~'],
    ['a~', 'a~'],
  ],
  'LeftCrLfHtVt,RightCrLfHtVt,CrLf': [
    ['\t', '\u2409'],
    ['\u2409a\u240a', '\u201b\u2409a\u201b\u240a'],
    ['\ra\n', '\u240da\u240a'],
    ['\u201b\t', '\u201b\u201b\u2409'],
  ],
  'Slash,SingleQuote,BackQuote,Dollar,Hash,BackSlash,Del': [
    ["/'`$#\\\x7f%", '\uff0f\uff07\uff40\uff04\uff03\uff3c\u2421%'],
    ['\uff0f\uff07\uff40\uff04', '\u201b\uff0f\u201b\uff07\u201b\uff40\u201b\uff04'],
    ['\uff03\uff3c\u2421\uff05', '\u201b\uff03\u201b\uff3c\u201b\u2421\uff05'],
  ],
  None: [
    ['*:\uff0f%\x7f ', '*:\uff0f%\x7f '],
    ['\0\x01\u2400\u2401', '\u2400\u2401\u201b\u2400\u201b\u2401'],
  ],
  'Semicolon,SquareBracket,Exclamation': [
    ['[;!]', '\uff3b\uff1b\uff01\uff3d'],
    ['\uff3b\uff1b\uff01\uff3d', '\u201b\uff3b\u201b\uff1b\u201b\uff01\u201b\uff3d'],
  ],
}

for (const [flags, cases] of Object.entries(flagVectors)) {
  const encoding = parseNameEncoding(`${flags},${required}`)
  for (const [name, stored] of cases) {
    test(`with ${flags}, ${JSON.stringify(name)} is stored as ${JSON.stringify(stored)}`, () => {
      assert.is(encodeName(name, encoding), stored)
      assert.is(decodeName(stored, encoding).toString(), name)
    })
  }
}

test('first and last are those of the name, not of what lies between invalid bytes', () => {
  const encoding = parseNameEncoding(`LeftSpace,RightSpace,${required}`)
  const name = Buffer.from('ff20612020fe2061ff', 'hex')
  assert.is(encodeName(name, encoding), '\u201bFF a  \u201bFE a\u201bFF')
  assert.is(decodeName(encodeName(name, encoding), encoding).toString('hex'), name.toString('hex'))
})

/** rclone stores both names of each row as the second column, so one of them must go elsewhere. */
const collisions: [flags: string, name: string, asRclone: string, stored: string][] = [
  ['LeftPeriod', '.\uff0e', '\uff0e\uff0e', '\uff0e\u201b\uff0e'],
  ['RightPeriod', '\uff0e.', '\uff0e\uff0e', '\u201b\uff0e\uff0e'],
]
for (const [flags, name, asRclone, stored] of collisions) {
  test(`with ${flags} alone, ${JSON.stringify(name)} does not share a stored name with ".."`, () => {
    const encoding = parseNameEncoding(`${flags},${required}`)
    assert.is(encodeName('..', encoding), asRclone)
    assert.is(encodeName(name, encoding), stored)
    assert.is(decodeName(stored, encoding).toString(), name)
  })
}

test('flags are read as rclone reads them: in any order, repeated, with blanks around', () => {
  const text = ' Dot,Colon , Ctl,None,\tInvalidUtf8,Raw,Colon '
  assert.is(parseNameEncoding(text).flags, 'Colon,Ctl,InvalidUtf8,Dot')
  assert.is(
    currentEncoding.flags,
    'Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Percent,Del,Ctl,InvalidUtf8,Dot',
  )
  assert.is(
    encodingWithoutPercent.flags,
    'Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Del,Ctl,InvalidUtf8,Dot',
  )
  assert.equal(parseNameEncoding(currentEncoding.flags), currentEncoding)
})

const refused: [text: string, message: RegExp][] = [
  ['', /^"" is no encoding flag/],
  [`${required},`, /^"" is no encoding flag/],
  [`${required},Blerp`, /^"Blerp" is no encoding flag.*None, Raw, Slash, .*Exclamation\.$/],
  [`${required},colon`, /^"colon" is no/],
  [`${required},0x2`, /^"0x2" is no/],
  [`${required},constructor`, /^"constructor" is no/],
  [`${required};Slash`, /^"Dot;Slash" is no/],
  ['None', /lacks Ctl.*XML/],
  ['Raw', /lacks Ctl.*XML/],
  ['Slash,InvalidUtf8,Dot', /lacks Ctl.*XML/],
  ['Slash,CrLf,Ctl,InvalidUtf8', /lacks Dot.*another folder/],
  ['Slash,Ctl,Dot', /lacks InvalidUtf8.*UTF-8/],
]
for (const [text, message] of refused) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(
      () => parseNameEncoding(text),
      (error: unknown) => error instanceof NameEncodingError && message.test(error.message),
    )
  })
}

/** Random text is mostly plain: mix in what the encoding is about. */
const nastyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'\u201b\uff05\uff0e.%/:*"<>?|\0\x01\x1f\x7f\u2400\u2401\u2421\uff0f4Af'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))
const nastyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 16 }),
  fc
    .tuple(nastyText, fc.uint8Array({ maxLength: 3 }), nastyText)
    .map(([before, bytes, after]) =>
      Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]),
    ),
)

for (const encoding of [currentEncoding, encodingWithoutPercent]) {
  test(`any bytes come back (${encoding.flags})`, () => {
    fc.assert(
      fc.property(nastyBytes, (bytes) => {
        const decoded = decodeName(encodeName(bytes, encoding), encoding)
        assert.is(decoded.toString('hex'), Buffer.from(bytes).toString('hex'))
      }),
      { numRuns: 3000 },
    )
  })

  test(`any Unicode comes back (${encoding.flags})`, () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const stored = encodeName(text, encoding)
        assert.is(decodeName(stored, encoding).toString(), text)
        assert.is(encodeName(Buffer.from(text), encoding), stored)
      }),
      { numRuns: 3000 },
    )
  })
}

const optionalFlags = [
  ...['Slash', 'LtGt', 'DoubleQuote', 'SingleQuote', 'BackQuote', 'Dollar', 'Colon', 'Question'],
  ...['Asterisk', 'Pipe', 'Hash', 'Percent', 'BackSlash', 'CrLf', 'Del', 'SquareBracket'],
  ...['Semicolon', 'Exclamation', 'None', 'Raw'],
]
const placeFlags = [
  ...['LeftSpace', 'LeftPeriod', 'LeftTilde', 'LeftCrLfHtVt'],
  ...['RightSpace', 'RightPeriod', 'RightCrLfHtVt'],
]
const anyEncoding = fc
  .tuple(fc.subarray(placeFlags), fc.subarray(optionalFlags))
  .map((flags) => parseNameEncoding([...flags.flat(), required].join(',')))
/** Short, so that first and last characters meet. */
const edgyBytes = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        ...['\u201b', ' ', '\u2420', '.', '\uff0e', '~', '\uff5e', '\t', '\u2409', 'j', '4', '%'],
        ...['\uff05', '/', '\uff0f', '[', '\uff3b', '\\', '\uff3c', '^', '-', '\x7f', '\u2421'],
      ),
      { maxLength: 4 },
    )
    .map((chars) => Buffer.from(chars.join(''))),
  nastyBytes,
)

test('with any flags any bytes come back', () => {
  fc.assert(
    fc.property(anyEncoding, edgyBytes, (encoding, bytes) => {
      const decoded = decodeName(encodeName(bytes, encoding), encoding)
      assert.is(decoded.toString('hex'), Buffer.from(bytes).toString('hex'))
    }),
    { numRuns: 10_000 },
  )
})

test('with any flags no stored name navigates, is beyond XML or begins as the reserved folder', () => {
  fc.assert(
    fc.property(anyEncoding, edgyBytes, (encoding, bytes) => {
      const stored = encodeName(bytes, encoding)
      assert.ok(stored !== '.' && stored !== '..')
      assert.ok(stored.isWellFormed())
      assert.not.match(stored, /[\u0000-\u001f]/)
      assert.not.match(stored, /^\u201b[^\u201b0-9A-F\u2400-\u2421\uff01-\uff5e]/)
      assert.not.ok(isReservedName(stored))
    }),
    { numRuns: 10_000 },
  )
})

/** Every name of up to three of these; two stored names alike would be two keys in one file. */
test('with any place flags no two names of up to three characters share a stored name', () => {
  const chars = ['', '\u201b', ' ', '\u2420', '.', '\uff0e', '~', '\uff5e', '\t', '\u2409', 'a']
  const names = new Set(chars.flatMap((a) => chars.flatMap((b) => chars.map((c) => a + b + c))))
  for (let bits = 0; bits < 1 << placeFlags.length; bits += 1) {
    const flags = placeFlags.filter((_, index) => bits & (1 << index))
    const encoding = parseNameEncoding([...flags, required].join(','))
    const stored = new Set([...names].map((name) => encodeName(name, encoding)))
    assert.is(stored.size, names.size, encoding.flags)
  }
})

test('what is stored has no character that Jottacloud refuses', () => {
  fc.assert(
    fc.property(nastyBytes, (bytes) => {
      const stored = encodeName(bytes)
      assert.not.match(stored, /[\u0000-\u001f\u007f"*/:<>?|%]/)
      assert.ok(stored !== '.' && stored !== '..')
      assert.ok(stored.isWellFormed())
    }),
    { numRuns: 3000 },
  )
})

test('strings with unpaired surrogates come back as bytes, never as another string', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.integer({ min: 0xd7f0, max: 0xe00f }).map((unit) => String.fromCharCode(unit)),
      }),
      (text) => {
        const decoded = decodeName(encodeName(text))
        if (text.isWellFormed()) assert.is(decoded.toString(), text)
        else assert.is(encodeName(decoded), encodeName(text))
      },
    ),
  )
})

test.run()
