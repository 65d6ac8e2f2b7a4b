// A folder that others have filled so far that Jottacloud cannot list it any more: what is in it is read, written
// over and deleted, and what is new has its place beside it.
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
} from './acts.test-support.ts'
import type { ListObjectsResult } from './bridge.ts'
import { compareKeys } from './key-order.ts'

const test = suite('folders that cannot be listed')

const count = 8
const theirs = [
  'Hello.doc',
  'a',
  ...Array.from({ length: count }, (_, n) => `their-${n}`),
  'sub/file',
]
const theirKeys = theirs.map((name) => `f/${name}`)

async function withLargeFolder(act: (world: World) => Promise<void>): Promise<void> {
  await withWorld({}, async (world) => {
    const { emulator, foreign } = world
    for (const name of theirs) await storeForeign(foreign, placeOf('f', ...name.split('/')), name)
    emulator.faults.set({ folderMaxEntries: count })
    await act(world)
  })
}

async function expectTheirs({ foreign, bridge }: World, but: string[] = []): Promise<void> {
  for (const name of theirs) {
    const entry = await foreign.stat(placeOf('f', ...name.split('/')), contextOf())
    assert.is(entry?.kind === 'file' && entry.current?.number, 1, name)
    const key = `f/${name}`
    if (!but.includes(key)) assert.is((await get(bridge, key)).toString(), name)
  }
}

test('what is there is read, written over and deleted; what is not is said so', async () => {
  await withLargeFolder(async (world) => {
    const { bridge } = world
    await expectTheirs(world)
    assert.is(await codeOf(get(bridge, 'f/none')), 'NoSuchKey')
    assert.is(await codeOf(get(bridge, 'f/hello.doc')), 'NoSuchKey')
    await put(bridge, 'f/their-1', 'mine')
    assert.is((await get(bridge, 'f/their-1')).toString(), 'mine')
    await bridge.deleteObject({ bucket, key: 'f/their-2' }, contextOf())
    assert.is(await codeOf(get(bridge, 'f/their-2')), 'NoSuchKey')
    assert.equal(world.warnings, [])
  })
})

test('new keys are stored, whatever is there under names that Jottacloud takes for theirs', async () => {
  await withLargeFolder(async (world) => {
    const { bridge, startElsewhere } = world
    const mine = ['f/new', 'f/hello.doc', 'f/HELLO.DOC', 'f/a/b', 'f/sub', 'f/SUB/x', 'F/x', 'f']
    for (const key of mine) await put(bridge, key, `mine: ${key}`)
    for (const reader of [bridge, await startElsewhere()]) {
      for (const key of mine) assert.is((await get(reader, key)).toString(), `mine: ${key}`, key)
    }
    await expectTheirs(world)
    const all = [...theirKeys, ...mine].sort(compareKeys)
    assert.equal(await list(bridge), all)
    for (const key of mine) await put(bridge, key, 'again')
    assert.equal(await list(bridge), all)
    await bridge.deleteObjects({ bucket, keys: mine }, contextOf())
    assert.equal(await list(bridge), [...theirKeys].sort(compareKeys))
    await expectTheirs(world)
  })
})

test('writers that come at once each get their key, and none is under another’s name', async () => {
  await withLargeFolder(async (world) => {
    const keys = [
      'f/new',
      'f/New',
      'f/NEW',
      'f/new/x',
      'f/hello.doc',
      'f/HELLO.doc',
      'f/A',
      'f/A/b',
    ]
    const other = await world.startAgain()
    await Promise.all(keys.flatMap((key) => [put(world.bridge, key, key), put(other, key, key)]))
    for (const key of keys) assert.is((await get(world.bridge, key)).toString(), key)
    assert.equal(await list(world.bridge), [...theirKeys, ...keys].sort(compareKeys))
    await expectTheirs(world)
  })
})

test('that it cannot be listed is found out once, and not for each key', async () => {
  await withLargeFolder(async ({ bridge, emulator }) => {
    await put(bridge, 'f/new-0', 'x')
    emulator.faults.clear()
    for (let n = 1; n < 10; n += 1) await put(bridge, `f/new-${n}`, 'x')
    assert.is(emulator.faults.requests.filter(({ status }) => status === 500).length, 0)
  })
})

test('it is listed together with all that is below it, page by page', async () => {
  await withLargeFolder(async (world) => {
    const { bridge, emulator } = world
    await put(bridge, 'f/new/x', 'x')
    const names = [...theirKeys.slice(0, -1), 'f/new/', 'f/sub/'].sort(compareKeys)
    for (const maxKeys of [2, 1000]) {
      emulator.faults.clear()
      const found: string[] = []
      let page: ListObjectsResult | undefined
      do {
        page = await bridge.listObjects(
          {
            ...{ bucket, prefix: 'f/', delimiter: '/', maxKeys },
            ...{ after: page?.nextAfter ?? '', cursor: page?.nextCursor },
          },
          contextOf(),
        )
        found.push(...page.entries.map((e) => (e.kind === 'object' ? e.key : e.prefix)))
      } while (page.nextAfter !== undefined)
      assert.equal(found, names)
      assert.is(emulator.faults.count({ operation: 'liststream' }), 1)
    }
  })
})

test('a prefix of no key, and a folder all of whose keys were deleted, are listed as empty', async () => {
  await withLargeFolder(async ({ bridge, emulator, foreign }) => {
    for (const query of [
      { prefix: 'f/none' },
      { prefix: 'f/none', delimiter: '/' },
      { prefix: 'f/none', delimiter: 'x', maxKeys: 3 },
      { prefix: 'f/', after: 'f/zzz' },
    ]) {
      assert.equal(await list(bridge, query), [], JSON.stringify(query))
    }
    await bridge.deleteObjects({ bucket, keys: theirKeys }, contextOf())
    for (const query of [{}, { maxKeys: 3 }, { prefix: 'f/' }, { prefix: 'f/', delimiter: '/' }]) {
      assert.equal(await list(bridge, query), [], JSON.stringify(query))
    }
    // Nobody can say whether it is in the trash: nor then what is in it.
    for (let n = 0; n < count; n += 1) await storeForeign(foreign, placeOf(`g${n}`, 'x'), 'x')
    assert.is(await codeOf(list(bridge, { prefix: 'f/' })), 'ServiceUnavailable')
    emulator.faults.set({ folderMaxEntries: 0 })
    assert.is((await list(bridge)).length, count)
  })
})

test('where nothing can be listed, a listing is refused', async () => {
  await withLargeFolder(async ({ bridge, emulator }) => {
    for (const query of [{ prefix: 'f/', delimiter: '/' }, { prefix: 'f/' }, { maxKeys: 5 }]) {
      const body = 'TransientDataAccessResourceException: Packet for query is too large'
      const match = { operation: 'liststream' } as const
      emulator.faults.failNext({ status: 500, body, match })
      const refusal = await list(bridge, query).catch((error: unknown) => error)
      assert.match(String(refusal), /cannot list this folder, which has too many entries/)
      emulator.faults.clear()
    }
  })
})

test('a folder in one that cannot be listed either cannot be told, and nothing is stored', async () => {
  await withLargeFolder(async ({ bridge, emulator, foreign }) => {
    emulator.faults.set({ folderMaxEntries: 0 })
    for (let n = 0; n < count; n += 1) await storeForeign(foreign, placeOf(`f${n}`), 'x')
    emulator.faults.set({ folderMaxEntries: count })
    assert.is(await codeOf(put(bridge, 'f/new', 'x')), 'ServiceUnavailable')
    assert.is(await codeOf(get(bridge, 'f/new')), 'ServiceUnavailable')
    assert.is((await get(bridge, 'f/a')).toString(), 'a')
    // What lies right in it can be told, since its name is asked for.
    await put(bridge, 'at the root', 'mine')
    assert.is((await get(bridge, 'at the root')).toString(), 'mine')
    emulator.faults.set({ folderMaxEntries: 0 })
    assert.is((await list(bridge)).length, theirs.length + count + 1)
  })
})

test('a failure that passes does not make a folder full', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    const many = Array.from({ length: 150 }, (_, n) => `their-${n}`)
    for (const name of many) await storeForeign(foreign, placeOf('f', name), 'theirs')
    // Not in the head, which tells that the folder is there.
    emulator.faults.add({ kind: 'cutDownload', afterBytes: 20_000, count: 60 })
    assert.is(await codeOf(put(bridge, 'f/new', 'x')), 'ServiceUnavailable')
    assert.is(await foreign.stat(placeOf('f', 'new'), contextOf()), undefined)
    emulator.faults.clear()
    await put(bridge, 'f/new', 'x')
    assert.ok((await foreign.stat(placeOf('f', 'new'), contextOf())) !== undefined)
    assert.is((await list(bridge)).length, many.length + 1)
  })
})

test.run()
