// What is remembered of folders is for minutes: it does not pile up, and nothing is lost with it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  contextOf,
  get,
  list,
  placeOf,
  put,
  storeForeign,
  type World,
  withWorld,
} from './acts.test-support.ts'
import { createFolderFacts } from './folder-facts.ts'
import { compareKeys } from './key-order.ts'

const test = suite('folder-facts')
const dayMs = 24 * 60 * 60_000

const long = 'x'.repeat(400)
/** With four names to a folder: tagged names, shards, pieces of long names, empty segments. */
const keys = [
  ...['dir/Hello.doc', 'dir/hello.doc', 'dir/HELLO.DOC', 'dir/sub', 'dir/sub/a', 'dir/Sub/a'],
  ...Array.from({ length: 12 }, (_, n) => `full/${n}`),
  ...[`dir/${long}`, `dir/${long}/a`, 'dir//a', 'dir/', 'plain/a', 'plain/b'],
].sort(compareKeys)

/** Another process writes to so many folders that it forgets old ones. */
async function writeElsewhere(
  { foreign, state, clock }: Pick<World, 'foreign' | 'state' | 'clock'>,
  name: string,
): Promise<void> {
  const facts = createFolderFacts(foreign, state.folders, () => clock.nowMs)
  for (let n = 0; n < 200; n += 1) {
    await facts.created({ device: 'S3', mountpoint: 'other', path: [name, String(n)] })
  }
}

test('what was remembered of folders is forgotten after a day, and all in them is found, written and removed', async () => {
  await withWorld({ folderMaxEntries: 4 }, async (world) => {
    const { bridge, clock, foreign, startAgain, state } = world
    const remembered = async (...path: string[]) =>
      await state.folders.find(['S3', bucket, ...path].join('/'))
    const again = await startAgain()
    for (const key of keys) await put(bridge, key, key)
    assert.ok((await remembered('dir'))?.hasShards)
    assert.ok((await remembered('full'))?.hasShards)

    clock.nowMs += dayMs / 2
    await writeElsewhere(world, 'one')
    assert.ok((await remembered('full'))?.hasShards)

    const forget = async (name: string): Promise<void> => {
      clock.nowMs += dayMs + 60_000
      await writeElsewhere(world, name)
      for (const path of [['dir'], ['full'], ['plain']]) {
        assert.is(await remembered(...path), undefined)
      }
    }
    await forget('two')
    for (const each of [bridge, again]) {
      for (const key of keys) assert.is((await get(each, key)).toString(), key)
      assert.equal(await list(each), keys)
      assert.equal(
        await list(each, { prefix: 'full/' }),
        keys.filter((key) => key.startsWith('full/')),
      )
      assert.equal(await list(each, { delimiter: '/' }), ['dir/', 'full/', 'plain/'])
    }

    await forget('three')
    for (const key of keys) await put(again, key, `${key} again`)
    await put(again, 'full/more', 'more')
    const all = [...keys, 'full/more'].sort(compareKeys)
    assert.equal(await list(bridge), all)
    for (const key of keys) assert.is((await get(bridge, key)).toString(), `${key} again`)
    // Where the folder's shards are, though nobody remembered that it has some.
    assert.is(await foreign.stat(placeOf('full', 'more'), contextOf()), undefined)

    await forget('four')
    const results = await bridge.deleteObjects({ bucket, keys: all }, contextOf())
    assert.ok(results.every(({ error }) => error === undefined))
    assert.equal(await list(again), [])
    assert.equal(await list(again, { delimiter: '/' }), [])
  })
})

test('what others moved into a folder that is forgotten is found at once', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock, foreign, state } = world
    await put(bridge, 'a/Hello', 'one')
    await put(bridge, 'a/hello', 'two')
    await put(bridge, 'b/Hello', 'three')
    clock.nowMs += dayMs + 60_000
    await writeElsewhere(world, 'other')
    assert.is(await state.folders.find(`S3/${bucket}/b`), undefined)
    for await (const { name } of foreign.list(placeOf('a'), contextOf())) {
      if (name !== 'Hello') await storeForeign(foreign, placeOf('b', name), 'moved')
    }
    assert.is((await get(bridge, 'b/hello')).toString(), 'moved')
  })
})

test('of folders that are written to for long, only those of the last day are remembered', async () => {
  await withWorld({}, async ({ foreign, state, clock }) => {
    const facts = createFolderFacts(foreign, state.folders, () => clock.nowMs)
    const folder = (n: number) => ({ device: 'd', mountpoint: 'm', path: [`folder ${n}`] })
    const isRemembered = async (n: number): Promise<boolean> =>
      (await state.folders.find(`d/m/folder ${n}`)) !== undefined
    const daily = 50
    for (let n = 0; n < 30 * daily; n += 1) {
      clock.nowMs += dayMs / daily
      await facts.created(folder(n))
      await facts.saw(folder(n), [
        { path: [], entries: undefined, hasIrregular: true, hasShards: true },
      ])
    }
    let remembered = 0
    for (let n = 0; n < 30 * daily; n += 1) if (await isRemembered(n)) remembered += 1
    // And those that wait for enough others to be written.
    assert.ok(remembered >= daily && remembered <= daily + 128, `${remembered}`)
    for (let n = 29 * daily; n < 30 * daily; n += 1) assert.ok(await isRemembered(n), `${n}`)
  })
})

test('what a clock that was ahead has written is not relied on', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock, foreign } = world
    await put(bridge, 'a/Hello', 'one')
    await put(bridge, 'a/hello', 'two')
    clock.nowMs += 365 * dayMs
    await put(bridge, 'b/Hello', 'three')
    clock.nowMs -= 365 * dayMs
    for await (const { name } of foreign.list(placeOf('a'), contextOf())) {
      if (name !== 'Hello') await storeForeign(foreign, placeOf('b', name), 'moved')
    }
    assert.is((await get(bridge, 'b/hello')).toString(), 'moved')
  })
})

test.run()
