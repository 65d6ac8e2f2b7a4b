import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareKeys, endOfPrefix, keyAfter } from './key-order.ts'

const test = suite('key-order')

const key = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      '/',
      '\0',
      'é',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 6,
})

test('keys are ordered as their UTF-8 bytes are', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
      assert.is(Math.sign(compareKeys(a, b)), expected)
    }),
    { numRuns: 5000 },
  )
})

test('astral characters come after U+FFFF, where UTF-16 has them before U+E000', () => {
  const sorted = ['\u{1f600}', '\uffff', '\ue000', 'a', 'B', ''].sort(compareKeys)
  assert.equal(sorted, ['', 'B', 'a', '\ue000', '\uffff', '\u{1f600}'])
})

const ends: [prefix: string, end: string | undefined][] = [
  ['', undefined],
  ['a', 'b'],
  ['a/', 'a0'],
  ['a\u007f', 'a\u0080'],
  ['\ud7ff', '\ue000'],
  ['\uffff', '\u{10000}'],
  ['a\u{10ffff}\u{10ffff}', 'b'],
  ['\u{10ffff}', undefined],
]
for (const [prefix, end] of ends) {
  test(`the keys of prefix ${JSON.stringify(prefix)} end before ${JSON.stringify(end)}`, () => {
    assert.is(endOfPrefix(prefix), end)
  })
}

test('a key is between a prefix and its end exactly when it starts with the prefix', () => {
  fc.assert(
    fc.property(key, key, (prefix, other) => {
      const end = endOfPrefix(prefix)
      const between =
        compareKeys(other, prefix) >= 0 && (end === undefined || compareKeys(other, end) < 0)
      assert.is(between, other.startsWith(prefix))
      assert.ok(end === undefined || end.isWellFormed())
    }),
    { numRuns: 5000 },
  )
})

test('nothing is between a key and the key after it', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      assert.is(compareKeys(b, a) > 0, compareKeys(b, keyAfter(a)) >= 0)
    }),
  )
})

test.run()
