import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Location } from '../jotta/client.ts'
import { createRecentPlaces } from './recent-places.ts'

const test = suite('recent places')

const at = (...path: string[]): Location => ({ device: 'S3', mountpoint: 'photos', path })

test('a place is known for half a minute from when it was seen', () => {
  let nowMs = 100_000
  const places = createRecentPlaces(() => nowMs)
  assert.not.ok(places.isKnown(at('a')))
  places.remember(at('a'), 95_000)
  assert.ok(places.isKnown(at('a')))
  assert.not.ok(places.isKnown(at('A')))
  nowMs = 124_999
  assert.ok(places.isKnown(at('a')))
  nowMs = 125_000
  assert.not.ok(places.isKnown(at('a')))
  places.remember(at('a'), nowMs)
  assert.ok(places.isKnown(at('a')))
})

test('a clock that steps back makes nothing known for longer', () => {
  let nowMs = 3_600_000
  const places = createRecentPlaces(() => nowMs)
  places.remember(at('a'), nowMs)
  nowMs = 0
  assert.not.ok(places.isKnown(at('a')))
})

test('a place is forgotten with what is below it, and with nothing else', () => {
  const places = createRecentPlaces(() => 0)
  const kept = [at(), at('ab'), at('b', 'a')]
  for (const place of [...kept, at('a'), at('a', 'b'), at('a', 'b', 'c')]) places.remember(place, 0)
  places.forget(at('a'))
  for (const place of kept) assert.ok(places.isKnown(place))
  for (const place of [at('a'), at('a', 'b'), at('a', 'b', 'c')]) {
    assert.not.ok(places.isKnown(place))
  }
})

test('of very many places those that were seen last are known', () => {
  const places = createRecentPlaces(() => 0)
  places.remember(at('first'), 0)
  places.remember(at('second'), 0)
  places.remember(at('first'), 0)
  for (let count = 0; count < 9_999; count += 1) places.remember(at(`${count}`), 0)
  assert.ok(places.isKnown(at('first')))
  assert.not.ok(places.isKnown(at('second')))
})

test.run()
