import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createWalkCursor, cursorAt, momentOf, numberOf } from './cursor.ts'

const test = suite('cursors of listings')

test('a moment comes back', () => {
  for (const moment of [0, 1, 35, 36, 1_700_000_000_000, 2 ** 52 - 1]) {
    assert.is(momentOf(cursorAt(moment)), moment)
    assert.is(numberOf(cursorAt(moment)), moment)
  }
})

test('what is no moment is no earlier than any, and every cursor comes back from its number', () => {
  const walked = createWalkCursor()
  assert.is(cursorAt(numberOf(walked)), walked)
  for (const cursor of [walked, '', '-', 'A', '1.5', ' 1', 'z'.repeat(11), 'z'.repeat(40)]) {
    assert.is(momentOf(cursor), undefined, cursor)
    assert.ok(numberOf(cursor) >= 2 ** 52 && Number.isSafeInteger(numberOf(cursor)), cursor)
    assert.is(momentOf(cursorAt(numberOf(cursor))), undefined, cursor)
  }
  for (const moment of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
    assert.is(cursorAt(moment), '')
  }
})

test('the walks of two processes are told apart, also from those of which nobody knows whose', () => {
  const walks = new Set(Array.from({ length: 100 }, createWalkCursor))
  assert.is(walks.size, 100)
  assert.not.ok(walks.has(cursorAt(numberOf(''))))
})

test.run()
