import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { modifiedOf, parseMtime } from './object-time.ts'

const test = suite('object-time')

const times: [text: string, time: string | undefined][] = [
  ['0', '1970-01-01T00:00:00.000Z'],
  ['1712345678', '2024-04-05T19:34:38.000Z'],
  ['1712345678.123456789', '2024-04-05T19:34:38.000Z'],
  ['1712345678.999999999', '2024-04-05T19:34:38.000Z'],
  [' +1712345678. ', '2024-04-05T19:34:38.000Z'],
  ['-1', '1970-01-01T00:00:00.000Z'],
  ['-0.5', '1970-01-01T00:00:00.000Z'],
  ['253402300799', '9999-12-31T23:59:59.000Z'],
  ['253402300800', '9999-12-31T23:59:59.000Z'],
  ['999999999999999', '9999-12-31T23:59:59.000Z'],
  ['2024-04-05T21:34:38+02:00', '2024-04-05T19:34:38.000Z'],
  ['2024-04-05t19:34:38.75z', '2024-04-05T19:34:38.000Z'],
  ['2024-04-05 19:34:38Z', '2024-04-05T19:34:38.000Z'],
  ['1901-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
  ['9999-12-31T23:59:59-12:00', '9999-12-31T23:59:59.000Z'],
  ['2024-02-30T00:00:00Z', undefined],
  ['2024-04-05T24:34:38Z', undefined],
  ['2024-04-05T19:34:38', undefined],
  ['2024-04-05', undefined],
  ['', undefined],
  ['yesterday', undefined],
  ['1e9', undefined],
  ['0x10', undefined],
  ['1712345678 1', undefined],
  ['9'.repeat(400), undefined],
]
for (const [text, time] of times) {
  test(`${JSON.stringify(text)} is ${time ?? 'no time'}`, () => {
    const timeMs = parseMtime(text)
    const modified = modifiedOf({ modifiedFrom: 'mtime' }, { user: { mtime: text } }, 5_700)
    if (time === undefined) {
      assert.is(timeMs, undefined)
      assert.is(modified.getTime(), 5_000)
    } else {
      assert.is(modified.toISOString(), time)
    }
  })
}

test('only where it is asked for', () => {
  const metadata = { user: { mtime: '1712345678' } }
  assert.is(modifiedOf({ modifiedFrom: 'upload' }, metadata, 5_700).getTime(), 5_000)
  assert.is(modifiedOf({ modifiedFrom: 'mtime' }, { user: {} }, 5_700).getTime(), 5_000)
})

test.run()
