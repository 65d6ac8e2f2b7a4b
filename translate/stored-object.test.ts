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

const refused: [what: string, there: string, key: string, code: string][] = [
  ['case', 'Hello.doc', 'hello.doc', 'KeyCaseConflict'],
  ['case beyond ASCII', 'Ærlig', 'ærlig', 'KeyCaseConflict'],
  ['normal form', 'caf\u00e9', 'cafe\u0301', 'KeyCaseConflict'],
  ['case of a folder', 'Photos/a', 'photos/b', 'KeyCaseConflict'],
  ['case of a folder further up', 'Photos/x/a', 'photos/x/b', 'KeyCaseConflict'],
  ['case of a folder, new folders below', 'Photos/a', 'photos/new/er/b', 'KeyCaseConflict'],
  ['normal form of a folder', 'caf\u00e9/a', 'cafe\u0301/b', 'KeyCaseConflict'],
  ['a folder', 'a/b', 'a', 'ExistingObjectIsDirectory'],
  ['a folder in another case', 'A/b', 'a', 'KeyCaseConflict'],
  ['a file on the way', 'a', 'a/b', 'ObjectParentIsFile'],
  ['a file further up', 'a/b', 'a/b/c/d', 'ObjectParentIsFile'],
  ['a file on the way in another case', 'A', 'a/b', 'KeyCaseConflict'],
]
for (const [what, there, key, code] of refused) {
  test(`in the way by ${what}: refused, and nothing is changed`, async () => {
    await withWorld({}, async (world) => {
      const { bridge } = world
      await put(bridge, there, 'there', { metadata: { user: { a: 'b' } } })
      assert.equal(await writes(world, key), [code])
      assert.is((await get(bridge, there)).toString(), 'there')
      assert.equal((await head(bridge, there)).metadata.user, { a: 'b' })
      // What is refused is not there, and taking it away takes nothing else away.
      assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
      await remove(world, key)
      assert.equal(await list(bridge), [there])
      assert.equal(await list(bridge, { prefix: key }), there.startsWith(key) ? [there] : [])
      assert.equal(await list(bridge, { prefix: `${key.slice(0, key.indexOf('/'))}/x` }), [])
    })
  })
}

test('what others stored is in the way just so', async () => {
  for (const [what, there, key, code] of refused) {
    await withWorld({}, async (world) => {
      await storeForeign(world.foreign, placeOf(...there.split('/')), 'there')
      assert.equal(await writes(world, key), [code], what)
      assert.equal(await list(world.bridge), [there], what)
    })
  }
})

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
      assert.equal(await writes(world, key), ['KeyCaseConflict'])
      assert.equal(await list(bridge), [])
      // Its own key is as free as any.
      await put(bridge, there, 'again')
      assert.equal(await list(bridge), [there])
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
      emulator.faults.add({ kind: 'showState', state, count: 2 })
      assert.is(await codeOf(get(bridge, 'x')), 'NoSuchKey')
      assert.equal(await list(bridge), [])
      assert.is((await get(bridge, 'x')).toString(), 'content')
    })
  }
})

test.run()
