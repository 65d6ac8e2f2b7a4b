import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeName, encodeName } from './name-encoding.ts'

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
  assert.is(encodeName('a%\uff05:', 'without-percent'), 'a%\uff05\uff1a')
  assert.is(decodeName('a%\uff05\uff1a', 'without-percent').toString(), 'a%\uff05:')
  assert.is(decodeName('\u201b\uff05', 'without-percent').toString(), '\u201b\uff05')
})

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

for (const encoding of ['current', 'without-percent'] as const) {
  test(`any bytes come back (${encoding})`, () => {
    fc.assert(
      fc.property(nastyBytes, (bytes) => {
        const decoded = decodeName(encodeName(bytes, encoding), encoding)
        assert.is(decoded.toString('hex'), Buffer.from(bytes).toString('hex'))
      }),
      { numRuns: 3000 },
    )
  })

  test(`any Unicode comes back (${encoding})`, () => {
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
