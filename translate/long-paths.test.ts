// Keys of 1,024 bytes that are stored under paths of several thousand: kept whole, or refused before anything
// is stored.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  codeOf,
  contextOf,
  get,
  list,
  placeOf,
  put,
  withWorld,
} from './acts.test-support.ts'
import { compareKeys } from './key-order.ts'

const test = suite('long paths')

function cut(text: string): string {
  let key = text
  while (Buffer.byteLength(key) > 1024) key = key.slice(0, -1)
  return key.isWellFormed() ? key : key.slice(0, -1)
}

const longest = {
  'control characters, three bytes for each': '\u0001'.repeat(1024),
  'characters that XML cannot carry, eight bytes for three': cut('\uffff'.repeat(400)),
  'quotes, six bytes for three': cut('\u201b'.repeat(400)),
  'nothing between slashes': `${'/'.repeat(1023)}a`,
  'as many folders as there can be': `${'a/'.repeat(511)}ab`,
  'long names in folders with long names': cut(`${'\u0002'.repeat(300)}/`.repeat(4)),
  'letters of four bytes': cut('😀'.repeat(300)),
}

test('they are stored, listed, read, written over and deleted', async () => {
  await withWorld({}, async ({ bridge }) => {
    for (const [what, key] of Object.entries(longest)) {
      assert.ok(Buffer.byteLength(key) > 1020, what)
      await put(bridge, key, what)
      assert.is((await get(bridge, key)).toString(), what)
      for (const query of [{}, { prefix: key.slice(0, 500) }, { prefix: key, maxKeys: 3 }]) {
        assert.equal(await list(bridge, query), [key], what)
      }
      await put(bridge, key, 'again')
      assert.is((await get(bridge, key)).toString(), 'again')
      await bridge.deleteObject({ bucket, key }, contextOf())
      assert.equal(await list(bridge, { delimiter: '/' }), [], what)
    }
  })
})

test('a path that Jottacloud does not open is refused, and neither file nor folder is made', async () => {
  for (const status of [400, 414, 431]) {
    for (const [what, key] of Object.entries(longest)) {
      await withWorld({}, async ({ bridge, emulator, foreign }) => {
        // Whatever is in front of the service refuses long requests, and allocations name their path in the body.
        const match = { method: 'GET', pathMinChars: 1000 }
        emulator.faults.add({ kind: 'fail', status, match, count: 9999 })
        assert.is(await codeOf(put(bridge, key, 'content')), 'InvalidArgument', what)
        assert.is(await codeOf(get(bridge, key)), 'NoSuchKey', what)
        emulator.faults.clear()
        assert.equal(await list(bridge, { delimiter: '/' }), [], what)
        for await (const entry of foreign.list(placeOf(), contextOf()))
          assert.unreachable(entry.name)
      })
    }
  }
})

test('at the borders of lengths they live beside their twins, whichever came first, in shards or not', async () => {
  const [just, over] = ['n'.repeat(255), 'n'.repeat(256)]
  const deep = 'd/'.repeat(500)
  const keys = [
    ...[just, just.toUpperCase(), `${just}/x`, over, over.toUpperCase(), `${over}/x`],
    ...[`${over.toUpperCase()}/x`, 'é'.repeat(127), `${'é'.repeat(127)}n`, 'é'.repeat(128)],
    ...['k'.repeat(1024), 'K'.repeat(1024), `${deep}x`, `${deep.slice(0, -2)}D/x`, `${deep}X`],
  ]
  for (const folderMaxEntries of [1, 5000]) {
    for (const ordered of [keys, keys.toReversed()]) {
      await withWorld({ folderMaxEntries }, async ({ bridge, startElsewhere }) => {
        for (const key of ordered) await put(bridge, key, key)
        for (const reader of [bridge, await startElsewhere()]) {
          for (const key of keys) assert.is((await get(reader, key)).toString(), key)
          assert.equal(await list(reader), keys.toSorted(compareKeys))
        }
      })
    }
  }
})

test.run()
