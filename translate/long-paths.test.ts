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

test.run()
