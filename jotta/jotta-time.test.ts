import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseTime, renderJfsTime, renderRfc3339 } from './jotta-time.ts'

const test = suite('jotta time')

test('both forms are read, with any offset', () => {
  const cases: [text: string | undefined, iso: string | undefined][] = [
    ['2026-03-01-T08:00:00Z', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01-T09:00:00+0100', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01T09:00:00+01:00', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01T08:00:00.987Z', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01T02:30:00-05:30', '2026-03-01T08:00:00.000Z'],
    [' 2026-03-01-T08:00:00Z\n', '2026-03-01T08:00:00.000Z'],
    ['', undefined],
    [undefined, undefined],
    ['2026-03-01', undefined],
    ['2026-12-28-T23:59:59Z', '2026-12-28T23:59:59.000Z'],
    ['2028-02-29-T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['2026-01-31T10:20:30Z', '2026-01-31T10:20:30.000Z'],
    ['1999-12-31-T23:59:59Z', '1999-12-31T23:59:59.000Z'],
    ['2026-13-01-T08:00:00Z', undefined],
    ['2026-00-01-T08:00:00Z', undefined],
    ['2026-03-00-T08:00:00Z', undefined],
    ['2026-03-01-T08:60:00Z', undefined],
    ['2026-03-01--T08:00:00Z', undefined],
    ['2026-03-01-T08:00:0:Z', undefined],
    ['2026-03-01-T25:00:00Z', undefined],
    ['yesterday', undefined],
    ['2026-03-01-T08:00:00', undefined],
  ]
  for (const [text, iso] of cases) assert.is(parseTime(text)?.toISOString(), iso, String(text))
})

test('times are written in UTC with whole seconds, and held inside what can be written', () => {
  const time = new Date('2026-03-01T08:00:00.999Z')
  assert.is(renderRfc3339(time), '2026-03-01T08:00:00Z')
  assert.is(renderJfsTime(time), '2026-03-01-T08:00:00Z')
  assert.is(renderRfc3339(new Date(-1)), '1970-01-01T00:00:00Z')
  assert.is(renderRfc3339(new Date(8.64e15)), '9999-12-31T23:59:59Z')
  assert.throws(() => renderRfc3339(new Date(Number.NaN)))
})

test('what is written is read back', () => {
  for (const ms of [0, 1_000, 1_767_614_400_000, 4_102_444_800_000]) {
    assert.is(parseTime(renderJfsTime(new Date(ms)))?.getTime(), ms)
    assert.is(parseTime(renderRfc3339(new Date(ms)))?.getTime(), ms)
  }
})

test.run()
