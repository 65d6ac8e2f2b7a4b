import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseClientTime, renderJfsTime, renderStreamTime } from './times.ts'

const test = suite('times')
const now = Date.parse('2026-03-01T08:00:00.789Z')

const readable: readonly (readonly [unknown, string])[] = [
  ['2026-03-01-T09:00:00+0100', '2026-03-01-T08:00:00Z'],
  ['2026-03-01-T08:00:00Z', '2026-03-01-T08:00:00Z'],
  ['2026-03-01T09:00:00+01:00', '2026-03-01-T08:00:00Z'],
  ['2026-03-01T02:30:00.999-05:30', '2026-03-01-T08:00:00Z'],
  [1772352000999, '2026-03-01-T08:00:00Z'],
  ['1931-05-06T00:00:00Z', '1931-05-06-T00:00:00Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31-T23:59:59Z'],
]

test('every form a client sends is read, and cut to the second', () => {
  for (const [sent, shown] of readable) {
    assert.is(renderJfsTime(parseClientTime(sent, now)), shown, String(sent))
  }
})

test('what cannot be read is silently now', () => {
  const senseless = [
    undefined,
    null,
    '',
    'yesterday',
    '2026-13-01T00:00:00Z',
    1e300,
    Number.NaN,
    {},
  ]
  for (const sent of senseless) {
    assert.is(renderJfsTime(parseClientTime(sent, now)), '2026-03-01-T08:00:00Z', String(sent))
  }
})

test('no time is an empty text, and liststream has three decimals', () => {
  assert.is(renderJfsTime(null), '')
  assert.is(renderStreamTime(1772352000000), '2026-03-01T08:00:00.000Z')
})

test.run()
