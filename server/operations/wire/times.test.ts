import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseHttpDate, renderHttpDate, renderXmlDate } from './times.ts'

const test = suite('times')

const date = new Date('1994-11-06T08:49:37Z')

for (const text of [
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  'Sun Nov  6 08:49:37 1994',
  '1994-11-06T08:49:37Z',
  '1994-11-06T08:49:37.000Z',
]) {
  test(`${text} is a date`, () => assert.equal(parseHttpDate(text), date))
}

for (const text of [
  '',
  '1994',
  '784111777',
  'Sun, 06 Nov 1994 08:49:37',
  'tomorrow',
  '0',
  'Sun, 99 Nov 1994 08:49:37 GMT',
]) {
  test(`"${text}" is none`, () => assert.is(parseHttpDate(text), undefined))
}

test('header and document agree to the second', () => {
  const late = new Date(date.getTime() + 999)
  assert.is(renderHttpDate(late), 'Sun, 06 Nov 1994 08:49:37 GMT')
  assert.is(renderXmlDate(late), '1994-11-06T08:49:37.000Z')
})

test('dates in documents are the full seconds of those that JavaScript writes, in whatever order they come', () => {
  const anyDate = fc.oneof(
    fc.date({ noInvalidDate: true }),
    fc.nat().map((ms) => new Date(ms)),
  )
  fc.assert(
    fc.property(fc.array(anyDate), (dates) => {
      for (const one of dates) {
        assert.is(renderXmlDate(one), one.toISOString().replace(/\d{3}Z$/, '000Z'))
      }
    }),
  )
  assert.throws(() => renderXmlDate(new Date(Number.NaN)), /Invalid time value/)
  assert.is(renderXmlDate(date), '1994-11-06T08:49:37.000Z')
})

test.run()
