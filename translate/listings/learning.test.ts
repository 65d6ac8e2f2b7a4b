// What listings teach: the very next act finds what was listed, whoever put it there, and whatever was
// remembered of its folder before.
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
  storeForeign,
  type World,
  withWorld,
} from '../acts.test-support.ts'
import type { ListObjectsInput } from '../bridge.ts'
import { shardFolders } from '../key-folder.ts'
import { currentEncoding } from '../name-encoding.ts'
import { segmentNames } from '../segment-name.ts'

const test = suite('what listings teach')

/** One for each of the ways that listings are made. */
const ways: Record<string, Partial<ListObjectsInput>> = {
  'everything below': {},
  'everything below a prefix': { prefix: 'dir/' },
  'one folder': { prefix: 'dir/', delimiter: '/' },
  'from folder to folder': { maxKeys: 50 },
}

function irregular(segment: string, kind: 'file' | 'folder'): string {
  return segmentNames(segment, kind, currentEncoding).irregular[0] ?? ''
}

/** What another program moves into the folder `dir`, and the key that it has there. */
const moved = {
  'a tagged file': { names: [irregular('hello.doc', 'file')], key: 'dir/hello.doc' },
  'a tagged folder': { names: [irregular('Sub', 'folder'), 'file'], key: 'dir/Sub/file' },
  'a shard': { names: [...shardFolders('file').slice(0, 1), 'file'], key: 'dir/file' },
}

/** A folder of which it is known that nothing in it has such a name. */
async function remembered({ bridge }: World): Promise<void> {
  await put(bridge, 'dir/plain', 'plain')
  assert.is(await codeOf(get(bridge, 'dir/none')), 'NoSuchKey')
}

for (const [way, query] of Object.entries(ways)) {
  for (const [what, { names, key }] of Object.entries(moved)) {
    test(`${what} that others moved is read, written over and deleted once it is listed: ${way}`, async () => {
      for (const act of ['read', 'write', 'delete'] as const) {
        await withWorld({}, async (world) => {
          const { bridge, foreign } = world
          await remembered(world)
          await storeForeign(foreign, placeOf('dir', ...names), 'theirs')
          // What this is about: nothing looks for it.
          assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
          assert.ok((await list(bridge, query)).some((name) => key.startsWith(name)))
          if (query.delimiter === '/') await list(bridge, { ...query, prefix: 'dir/Sub/' })
          if (act === 'read') assert.is((await get(bridge, key)).toString(), 'theirs')
          if (act === 'write') {
            await put(bridge, key, 'mine')
            assert.is((await get(bridge, key)).toString(), 'mine')
          }
          if (act === 'delete') {
            await bridge.deleteObject({ bucket, key }, contextOf())
            assert.equal(await list(bridge), ['dir/plain'])
          } else {
            const entry = await foreign.stat(placeOf('dir', ...names), contextOf())
            const content = act === 'read' ? 'theirs' : 'mine'
            assert.is(entry?.kind === 'file' && entry.current?.sizeBytes, content.length)
            assert.equal((await list(bridge)).sort(), [key, 'dir/plain'].sort())
          }
        })
      }
    })
  }
}

test('another process over the same state knows it too', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, startAgain } = world
    await remembered(world)
    const other = await startAgain()
    const { names, key } = moved['a tagged file']
    await storeForeign(foreign, placeOf('dir', ...names), 'theirs')
    assert.is(await codeOf(get(other, key)), 'NoSuchKey')
    await list(bridge)
    assert.is((await get(other, key)).toString(), 'theirs')
  })
})

test('what was written to a folder while it was listed does not undo what the listing met', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock, emulator, foreign, state } = world
    await remembered(world)
    const { names, key } = moved['a tagged file']
    await storeForeign(foreign, placeOf('dir', ...names), 'theirs')
    const pathPrefix = `/jfs/${emulator.username}/S3/${bucket}/dir`
    const listing = emulator.faults.hold({ method: 'GET', pathPrefix })
    const listed = list(bridge, { prefix: 'dir/', delimiter: '/' })
    await listing.reached()
    // As the write of another process does.
    const plainName = { isIrregular: false, isShard: false }
    await state.folders.add(`S3/${bucket}/dir`, plainName, clock.nowMs)
    listing.release()
    assert.ok((await listed).includes(key))
    assert.is((await get(bridge, key)).toString(), 'theirs')
  })
})

for (const [way, query] of Object.entries(ways).slice(2)) {
  test(`what a listing shows no more is not looked for any more: ${way}`, async () => {
    await withWorld({}, async (world) => {
      const { bridge, emulator, foreign } = world
      for (const key of ['dir/Hello.doc', 'dir/hello.doc']) await put(bridge, key, key)
      const tagged = placeOf('dir', irregular('hello.doc', 'file'))
      const costOf = async (key: string): Promise<number> => {
        const before = emulator.faults.requests.length
        assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
        return emulator.faults.requests.length - before
      }
      assert.ok((await costOf('dir/none')) > 1)
      await foreign.removeFile(tagged, 'permanent', contextOf())
      await list(bridge, query)
      assert.is(await costOf('dir/none'), 1)
    })
  })

  test(`a folder that a listing shows to be full is, and one that it shows to have room: ${way}`, async () => {
    await withWorld({ folderMaxEntries: 3 }, async (world) => {
      const { bridge, foreign } = world
      await put(bridge, 'dir/1', 'x')
      for (const name of ['2', '3']) await storeForeign(foreign, placeOf('dir', name), 'x')
      await list(bridge, query)
      await put(bridge, 'dir/4', 'x')
      const isIn = async (name: string): Promise<boolean> =>
        (await foreign.stat(placeOf('dir', name), contextOf())) !== undefined
      assert.not.ok(await isIn('4'))
      for await (const { kind, name } of foreign.list(placeOf('dir'), contextOf())) {
        if (kind === 'folder')
          await foreign.removeFolder(placeOf('dir', name), 'permanent', contextOf())
        else await foreign.removeFile(placeOf('dir', name), 'permanent', contextOf())
      }
      assert.equal(await list(bridge, query), [])
      await put(bridge, 'dir/5', 'x')
      assert.ok(await isIn('5'))
    })
  })
}

test('folders of which nothing is remembered are not remembered for being listed', async () => {
  await withWorld({}, async ({ bridge, foreign, state }) => {
    await storeForeign(foreign, placeOf('theirs', 'file'), 'x')
    for (const query of [{}, { delimiter: '/', prefix: 'theirs/' }, { maxKeys: 9 }]) {
      assert.is((await list(bridge, query)).length, 1)
    }
    assert.is(await state.folders.find(`S3/${bucket}/theirs`), undefined)
  })
})

test.run()
