// What already lies in Jottacloud where a key wants to be: other casings, other kinds, trash, leftovers.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  codeOf,
  contextOf,
  freshBytes,
  get,
  head,
  list,
  md5Of,
  placeOf,
  put,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import { compareKeys } from './key-order.ts'

const test = suite('what is in the way of a key')

async function remove({ bridge }: World, key: string): Promise<void> {
  await bridge.deleteObject({ bucket, key }, contextOf())
}

async function copy({ bridge }: World, from: string, key: string): Promise<void> {
  const source = { bucket, key: from }
  const rest = { sourceConditions: {}, replaceMetadata: undefined }
  await bridge.copyObject({ bucket, key, source, ...rest }, contextOf())
}

/** Some bytes are taken, and then no more. */
function breakUploads({ emulator }: World): void {
  emulator.faults.add({ kind: 'cutUpload', afterBytes: 100, how: '420' })
  emulator.faults.add({ kind: 'cutUpload', afterBytes: 0, how: '420', count: 50 })
}

/** By every act that writes. */
async function writes(world: World, key: string): Promise<string[]> {
  const { bridge } = world
  const codes: string[] = []
  for (const { sizeBytes, announceMd5 } of waysOfPut) {
    codes.push(await codeOf(put(bridge, key, freshBytes(sizeBytes), { announceMd5 })))
  }
  await put(bridge, 'source of copies', 'copied')
  codes.push(await codeOf(copy(world, 'source of copies', key)))
  await remove(world, 'source of copies')
  return [...new Set(codes)]
}

const alike: [what: string, first: string, second: string][] = [
  ['case', 'Hello.doc', 'hello.doc'],
  ['case beyond ASCII', 'Ærlig', 'ærlig'],
  ['normal form', 'caf\u00e9', 'cafe\u0301'],
  ['case of a folder', 'Photos/a', 'photos/b'],
  ['case of a folder further up', 'Photos/x/a', 'photos/x/b'],
  ['case of a folder and of a file', 'Photos/a', 'photos/A'],
  ['case of a folder, new folders below', 'Photos/a', 'photos/new/er/b'],
  ['normal form of a folder', 'caf\u00e9/a', 'cafe\u0301/b'],
  ['a folder', 'a/b', 'a'],
  ['a folder in another case', 'A/b', 'a'],
  ['a file further up', 'a/b', 'a/b/c/d'],
  ['an empty name', 'a//b', 'a/b'],
  ['an empty file name', 'a/', 'a'],
  ['an empty first name', '/a', 'a'],
  ['only empty names', '/', '//'],
  ['an empty name and an empty folder name', 'a/', 'a//'],
  ['dots', '../a', '.'],
  ['a long name', 'x'.repeat(300), `${'x'.repeat(300)}/${'y'.repeat(300)}`],
  ['long names in another case', 'x'.repeat(300), 'X'.repeat(300)],
  ['a character beyond XML', 'a\ufffe', 'a\uffff/b'],
  ['1024 bytes', 'é'.repeat(512), 'É'.repeat(512)],
  ['1024 bytes of slashes and more', `${'/'.repeat(60)}${'a/'.repeat(482)}`, `${'A/'.repeat(5)}b`],
]
for (const [what, ...keys] of alike) {
  test(`two keys that differ by ${what} live side by side, whichever comes first`, async () => {
    for (const [first, second] of [keys, keys.toReversed()] as [string, string][]) {
      await withWorld({}, async (world) => {
        const { bridge } = world
        await put(bridge, first, 'there', { metadata: { user: { a: 'b' } } })
        assert.is(await codeOf(get(bridge, second)), 'NoSuchKey')
        await remove(world, second)
        assert.equal(await writes(world, second), ['no error'])
        assert.is((await get(bridge, first)).toString(), 'there')
        assert.equal((await head(bridge, first)).metadata.user, { a: 'b' })
        assert.is((await get(bridge, second)).toString(), 'copied')
        assert.equal(await list(bridge), sorted(keys))
        assert.equal(
          await list(bridge, { prefix: second }),
          sorted(keys.filter((key) => key.startsWith(second))),
        )
        await remove(world, first)
        assert.is((await get(bridge, second)).toString(), 'copied')
        await put(bridge, first, 'again')
        await remove(world, second)
        assert.is(await codeOf(get(bridge, second)), 'NoSuchKey')
        assert.equal(await list(bridge), [first])
        await remove(world, first)
        assert.equal(await list(bridge, { delimiter: '/' }), [])
      })
    }
  })
}

test('what others stored is written beside just so', async () => {
  for (const [what, there, key] of alike.slice(0, 11)) {
    await withWorld({}, async (world) => {
      await storeForeign(world.foreign, placeOf(...there.split('/')), 'there')
      assert.equal(await writes(world, key), ['no error'], what)
      assert.equal(await list(world.bridge), sorted([there, key]), what)
      assert.is((await get(world.bridge, there)).toString(), 'there')
    })
  }
})

function sorted(keys: readonly string[]): string[] {
  return [...keys].sort(compareKeys)
}

const trashed: [what: string, there: string, key: string][] = [
  ['the same name', 'a/b', 'a/b'],
  ['a trashed folder', 'a/b', 'a'],
  ['a trashed file on the way', 'a', 'a/b'],
  ['a trashed folder on the way', 'a/b', 'a/c'],
  ['trashed folders on the way', 'a/b/c/d', 'a/b/x/y'],
]
for (const [what, there, key] of trashed) {
  test(`in the trash ${what}: not in the way`, async () => {
    for (const trashedFolderReuse of ['revive', 'rename'] as const) {
      await withWorld({ emulator: { trashedFolderReuse } }, async (world) => {
        const { bridge } = world
        for (const { sizeBytes, announceMd5 } of waysOfPut) {
          await put(bridge, there, freshBytes(100))
          await remove(world, there)
          const bytes = freshBytes(sizeBytes)
          await put(bridge, key, bytes, { announceMd5 })
          assert.ok((await get(bridge, key)).equals(bytes))
          assert.equal(await list(bridge), [key])
          await remove(world, key)
        }
        await put(bridge, there, 'there')
        await remove(world, there)
        await put(bridge, 'source', 'copied')
        await copy(world, 'source', key)
        assert.is((await get(bridge, key)).toString(), 'copied')
        assert.equal(await list(bridge), [key, 'source'].sort())
      })
    }
  })
}

const trashedCases: [what: string, there: string, key: string][] = [
  ['file', 'Hello.doc', 'hello.doc'],
  ['file of another normal form', 'caf\u00e9', 'cafe\u0301'],
  ['folder', 'Photos/a', 'photos/b'],
  ['folder with the same file', 'Photos/a', 'photos/a'],
  ['folder far above', 'Photos/x/y/a', 'photos/x/y/b'],
]
for (const [what, there, key] of trashedCases) {
  test(`a trashed ${what} in another case is never brought back under its own name`, async () => {
    await withWorld({}, async (world) => {
      const { bridge } = world
      await put(bridge, there, 'there')
      await remove(world, there)
      assert.equal(await writes(world, key), ['no error'])
      assert.equal(await list(bridge), [key])
      // Its own key is as free as any.
      await put(bridge, there, 'again')
      assert.equal(await list(bridge), sorted([there, key]))
    })
  })
}

test('with deletes for good, the other casing is free at once', async () => {
  await withWorld({ deleteMode: 'permanent' }, async (world) => {
    await put(world.bridge, 'Hello.doc', 'there')
    await remove(world, 'Hello.doc')
    await put(world.bridge, 'hello.doc', 'new')
    assert.equal(await list(world.bridge), ['hello.doc'])
  })
})

test('where Jottacloud tells names apart, so does the bridge', async () => {
  await withWorld({ emulator: { nameMatching: 'exact' } }, async (world) => {
    for (const key of ['a', 'A', 'P/x', 'p/x', 'caf\u00e9', 'cafe\u0301']) {
      await put(world.bridge, key, key)
    }
    for (const key of await list(world.bridge)) {
      assert.is((await get(world.bridge, key)).toString(), key)
    }
    await remove(world, 'P/x')
    assert.equal(await list(world.bridge), ['A', 'a', 'cafe\u0301', 'caf\u00e9', 'p/x'])
  })
})

for (const kind of ['INCOMPLETE', 'CORRUPT'] as const) {
  test(`a file that is only ${kind} is no object, and its place is free`, async () => {
    await withWorld({}, async (world) => {
      const { bridge, foreign, emulator } = world
      for (const { sizeBytes, announceMd5 } of waysOfPut) {
        const key = `leftover/${sizeBytes}/${announceMd5}`
        if (kind === 'INCOMPLETE') breakUploads(world)
        const bytes = freshBytes(sizeBytes)
        const md5 = kind === 'CORRUPT' ? md5Of('something else') : md5Of(bytes)
        const broken = storeForeign(foreign, placeOf(...key.split('/')), bytes, md5)
        assert.ok(
          await broken.then(
            () => false,
            () => true,
          ),
        )
        emulator.faults.clear()
        assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
        assert.equal(await list(bridge, { prefix: 'leftover' }), [])
        const conditions = { ifNoneMatch: ['*'] }
        await put(bridge, key, bytes, { announceMd5, conditions })
        assert.ok((await get(bridge, key)).equals(bytes))
        await put(bridge, key, freshBytes(sizeBytes), { announceMd5 })
        await remove(world, key)
      }
    })
  })
}

test('an object stays readable while a newer upload of it is broken', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    await put(bridge, 'x', 'the old content', { metadata: { user: { a: 'b' } } })
    breakUploads(world)
    const broken = storeForeign(foreign, placeOf('x'), freshBytes(5000))
    assert.ok(
      await broken.then(
        () => false,
        () => true,
      ),
    )
    assert.is((await get(bridge, 'x')).toString(), 'the old content')
    assert.equal((await head(bridge, 'x')).metadata.user, { a: 'b' })
    assert.equal(await list(bridge), ['x'])
  })
})

test('a file in a state that is not COMPLETED is not there yet', async () => {
  for (const state of ['ADDED', 'PROCESSING', 'INCOMPLETE', 'CORRUPT'] as const) {
    await withWorld({}, async ({ bridge, emulator }) => {
      await put(bridge, 'x', 'content')
      emulator.faults.add({ kind: 'showState', state, count: 100 })
      assert.is(await codeOf(get(bridge, 'x')), 'NoSuchKey')
      assert.equal(await list(bridge), [])
      emulator.faults.clear()
      assert.is((await get(bridge, 'x')).toString(), 'content')
    })
  }
})

test.run()
