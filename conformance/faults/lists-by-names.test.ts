// ListObjects of version 1, whose pages go on by the last name alone, over two `serve` processes that share a data
// folder, and over a process that starts again: whichever is asked knows where the reader's listings are.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../support/signed-request.ts'
import type { BridgeProcess } from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('lists by names alone, by several processes')

const pageKeys = 150
const pages = 6
const keys = Array.from({ length: pages * pageKeys }, (_, n) => `a/${String(n).padStart(4, '0')}`)
/** One of each page but the first, which is written over: so pages end where they ended. */
const written = keys.filter((_, n) => n > pageKeys && n % pageKeys === 70)
const seededBytes = 7

const seeded = keys.map((key, n) => ({
  path: ['S3', 'bucket', ...key.split('/')],
  sizeBytes: seededBytes,
  md5: n.toString(16).padStart(32, '0'),
  modifiedMs: Date.UTC(2026, 0, 1),
}))

/** A listing that is read page by page, from whichever bridge. */
class Listing {
  /** Key -> size. */
  readonly sizes = new Map<string, number>()
  #marker = ''
  isEnded = false
  readonly #list: { readonly prefix: string; readonly delimiter: string }

  constructor(list: { readonly prefix: string; readonly delimiter: string }) {
    this.#list = list
  }

  async next(bridge: BridgeProcess): Promise<void> {
    const query = new URLSearchParams({
      ...this.#list,
      ...{ marker: this.#marker, 'max-keys': `${pageKeys}` },
    })
    const { status, text } = await ask(bridge.url, { method: 'GET', path: `/bucket?${query}` })
    assert.is(status, 200, text)
    const contents = /<Key>([^<]+)<\/Key>.*?<Size>(\d+)<\/Size>/gs
    for (const [, key = '', size] of text.matchAll(contents)) {
      assert.ok(key > this.#marker)
      this.#marker = key
      this.sizes.set(key, Number(size))
    }
    this.isEnded = !text.includes('<IsTruncated>true')
  }
}

for (const delimiter of ['', '/']) {
  test(`of two lists at two processes, the later one shows what was written before it (${delimiter})`, async () => {
    await withEmulatedBridge(
      async ({ bridge: one, startAgain }) => {
        const other = await startAgain()
        const earlier = new Listing({ prefix: 'a/', delimiter })
        await earlier.next(one)
        for (const key of written) {
          const put = { method: 'PUT', path: `/bucket/${key}`, body: 'new' }
          assert.is((await ask(other.url, put)).status, 200)
        }
        const later = new Listing({ prefix: 'a/', delimiter })
        await later.next(other)
        for (let turn = 0; !later.isEnded; turn += 1) {
          await earlier.next(one)
          await later.next(turn % 2 === 0 ? one : other)
        }
        for (const { sizes } of [earlier, later]) assert.equal([...sizes.keys()], keys)
        const missed = written.filter((key) => later.sizes.get(key) !== 3)
        assert.equal(missed, [])
      },
      {},
      { seeded },
    )
  })
}

test('a list goes on after a restart, and Jottacloud is asked for one more listing of it all', async () => {
  await withEmulatedBridge(
    async ({ bridge, startAgain, emulator }) => {
      const listing = new Listing({ prefix: '', delimiter: '' })
      await listing.next(bridge)
      await listing.next(bridge)
      await bridge.kill()
      const again = await startAgain()
      const put = { method: 'PUT', path: `/bucket/${keys.at(-1)}`, body: 'new' }
      assert.is((await ask(again.url, put)).status, 200)
      emulator.faults.clear()
      while (!listing.isEnded) await listing.next(again)
      assert.equal([...listing.sizes.keys()], keys)
      assert.is(listing.sizes.get(keys.at(-1) ?? ''), 3)
      assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
    },
    {},
    { seeded },
  )
})

test.run()
