import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeBytes, describeTime, jsonLine, printable, renderColumns } from './plain-text.ts'

const test = suite('plain text')

test('amounts are told for people and to the byte', () => {
  const cases: [number | undefined, string][] = [
    [undefined, 'unknown'],
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1.0 KiB (1024 bytes)'],
    [73_400_320, '70.0 MiB (73400320 bytes)'],
    [5 * 1024 ** 4, '5.0 TiB (5497558138880 bytes)'],
    [Number.MAX_SAFE_INTEGER, '8.0 PiB (9007199254740991 bytes)'],
  ]
  for (const [bytes, text] of cases) assert.is(describeBytes(bytes), text)
})

test('times are UTC to the second', () => {
  assert.is(describeTime(new Date('2026-03-01T08:00:00.999Z')), '2026-03-01 08:00:00Z')
  assert.is(describeTime(undefined), '-')
})

test('a name cannot move the cursor, nor show itself backwards', () => {
  assert.is(printable('æ 😀 ％ ␛'), 'æ 😀 ％ ␛')
  assert.is(printable('a\x1b[2Jb\n\u202ec'), 'a\\u{1b}[2Jb\\u{a}\\u{202e}c')
})

test('columns are as wide as their widest cell', () => {
  const rows = [
    ['a', 'bb', 'c'],
    ['aaa', 'b', ''],
  ]
  assert.is(renderColumns(rows), 'a    bb  c\naaa  b\n')
  assert.is(renderColumns([]), '')
})

test('a JSON line has every field', () => {
  assert.is(jsonLine({ a: undefined, b: 1 }), '{"a":null,"b":1}\n')
})

test.run()
