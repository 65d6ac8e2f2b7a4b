// Listings of several pages: the order of moments, and who may go on from where a page ended.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

const keptMs = 100
const at = (name: string, nowMs = 0) => ({ name, nowMs, keptMs })
const ended = (name: string, moment: number, nowMs = 0) => {
  return { ...at(name, nowMs), moment, namesMax: 10 }
}

export const listings: Record<string, Proof> = {
  async 'a moment is after all before it, whoever asked, and whatever the clock says'(open) {
    const [one, other] = [await open(), await open()]
    const given = [
      await one.listings.nextMoment(1000),
      await other.listings.nextMoment(1000),
      await one.listings.nextMoment(400),
      await other.listings.nextMoment(1002),
      await other.listings.nextMoment(5000),
    ]
    assert.equal(given, [1000, 1001, 1002, 1003, 5000])
    await one.close()
    await other.close()
    const again = await open()
    assert.is(await again.listings.nextMoment(4999), 5001)
  },

  async 'where pages ended, as many listings go on, each from the latest moment'(open) {
    const [one, other] = [await open(), await open()]
    assert.is(await one.listings.take(at('a')), undefined)
    await one.listings.remember(ended('a', 7))
    await other.listings.remember(ended('a', Number.MAX_SAFE_INTEGER))
    await one.listings.remember(ended('a', 5))
    await one.listings.remember(ended('b', 3))
    assert.is(await other.listings.take(at('a')), Number.MAX_SAFE_INTEGER)
    assert.is(await one.listings.take(at('a')), Number.MAX_SAFE_INTEGER)
    await one.close()
    const again = await open()
    assert.is(await again.listings.take(at('a')), Number.MAX_SAFE_INTEGER)
    assert.is(await other.listings.take(at('a')), undefined)
    // Nothing is left of what was taken.
    await other.listings.remember(ended('a', 4))
    assert.is(await again.listings.take(at('a')), 4)
    assert.is(await again.listings.take(at('a')), undefined)
    assert.is(await again.listings.take(at('b')), 3)
  },

  async 'what ended is forgotten after its time, with what ended there later'(open) {
    const { listings } = await open()
    await listings.remember(ended('a', 9, 1000))
    assert.is(await listings.take(at('a', 1100)), undefined)
    await listings.remember(ended('a', 5, 1100))
    await listings.remember(ended('a', 6, 1150))
    await listings.remember(ended('a', 4, 1199))
    assert.is(await listings.take(at('a', 1199)), 6, 'the first is forgotten and its moment too')
    assert.is(await listings.take(at('a', 1200)), undefined)
    await listings.remember(ended('a', 3, 1200))
    assert.is(await listings.take(at('a', 1299)), 3)
    assert.is(await listings.take(at('a', 1299)), undefined)
  },

  async 'what a clock that was ahead has written is forgotten'(open) {
    const { listings } = await open()
    await listings.remember(ended('a', 9, 5000))
    assert.is(await listings.take(at('a', 4900)), undefined)
    await listings.remember(ended('a', 5, 4900))
    assert.is(await listings.take(at('a', 4901)), 5)
    assert.is(await listings.take(at('a', 4901)), undefined)
    // Of clocks that differ a little, nothing is lost.
    await listings.remember(ended('a', 6, 1000))
    assert.is(await listings.take(at('a', 901)), 6)
  },

  async 'so many names are kept, and of more the oldest forgotten'(open) {
    const { listings } = await open()
    for (let n = 0; n < 12; n += 1) await listings.remember(ended(`${n}`, n, n))
    assert.is(await listings.take(at('0', 20)), undefined)
    assert.is(await listings.take(at('1', 20)), undefined)
    for (let n = 2; n < 12; n += 1) assert.is(await listings.take(at(`${n}`, 20)), n)
  },
}
