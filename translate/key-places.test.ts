// Where keys live: all that the state knows may be lost, others store what they like, folders get full.
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { placeName } from '../jotta/path.ts'
import {
  bucket,
  codeOf,
  contextOf,
  freshBytes,
  get,
  list,
  md5Of,
  placeOf,
  put,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import { shardFolders } from './key-folder.ts'
import { compareKeys } from './key-order.ts'
import { RESERVED_FOLDER } from './key-path.ts'
import { anyKey } from './key-space.test-support.ts'
import { currentEncoding, parseNameEncoding } from './name-encoding.ts'
import { segmentNames } from './segment-name.ts'

const test = suite('key-places')

const sorted = (keys: readonly string[]): string[] => [...keys].sort(compareKeys)

async function remove({ bridge }: Pick<World, 'bridge'>, ...keys: string[]): Promise<void> {
  const results = await bridge.deleteObjects({ bucket, keys }, contextOf())
  assert.equal(
    results.filter(({ error }) => error !== undefined),
    [],
  )
}

async function namesIn({ foreign }: World, ...path: string[]): Promise<string[]> {
  const names: string[] = []
  for await (const { name, deleted } of foreign.list(placeOf(...path), contextOf())) {
    if (!deleted) names.push(name)
  }
  return names.sort()
}

test('any keys in any order are stored, listed, read and deleted', async () => {
  for (const seed of [1, 2, 3, 4]) {
    await withWorld({ folderMaxEntries: seed === 4 ? 3 : 5000 }, async (world) => {
      const { bridge } = world
      const keys =
        fc.sample(fc.uniqueArray(anyKey, { minLength: 25, maxLength: 25 }), {
          numRuns: 1,
          seed,
        })[0] ?? []
      for (const key of keys) await put(bridge, key, key)
      assert.equal(await list(bridge), sorted(keys))
      for (const key of keys) assert.is((await get(bridge, key)).toString(), key)
      for (const key of keys) await put(bridge, key, `${key} again`)
      assert.equal(await list(bridge), sorted(keys))
      for (const key of keys) assert.is((await get(bridge, key)).toString(), `${key} again`)
      await remove(world, ...keys)
      assert.equal(await list(bridge), [])
    })
  }
})

test('with the state lost, everything is found, written over and deleted under the same keys', async () => {
  const keys = [
    ...['Hello.doc', 'hello.doc', 'a', 'a/b', 'A/c', 'a//b', 'a/', '/a', './..', 'x'.repeat(400)],
    ...[`${'x'.repeat(400)}/y`, 'a\uffff', 'plain/one', 'plain/two', 'plain/Two'],
  ]
  await withWorld({ folderMaxEntries: 4 }, async (world) => {
    for (const key of keys) await put(world.bridge, key, key)
    const again = await world.startElsewhere()
    for (const key of keys.toReversed()) assert.is((await get(again, key)).toString(), key)
    const third = await world.startElsewhere()
    assert.equal(await list(third), sorted(keys))
    for (const key of keys) await put(third, key, 'new')
    assert.equal(await list(world.bridge), sorted(keys))
    for (const key of keys) assert.is((await get(world.bridge, key)).toString(), 'new')
    await remove({ bridge: await world.startElsewhere() }, ...keys)
    assert.equal(await list(world.bridge), [])
  })
})

test('a full folder gets shards, which nobody sees in keys', async () => {
  await withWorld({ folderMaxEntries: 5 }, async (world) => {
    const { bridge } = world
    const keys = Array.from({ length: 60 }, (_, n) => `folder/${n}`)
    await Promise.all(keys.slice(0, 30).map((key) => put(bridge, key, key)))
    for (const key of keys.slice(30)) await put(bridge, key, key)
    assert.equal(await list(bridge), sorted(keys))
    assert.equal(await list(bridge, { prefix: 'folder/', delimiter: '/' }), sorted(keys))
    assert.equal(await list(bridge, { delimiter: '/' }), ['folder/'])
    for (const key of keys) assert.is((await get(bridge, key)).toString(), key)
    const names = await namesIn(world, 'folder')
    const shards = names.filter((name) => /^‛s.$/u.test(name))
    assert.ok(shards.length > 10, names.join())
    // Writers that came at once may have taken a few names too many.
    assert.ok(names.length - shards.length <= 35, names.join())
    for (const shard of shards) assert.ok((await namesIn(world, 'folder', shard)).length <= 7)
    await remove(world, ...keys)
    assert.equal(await list(bridge, { delimiter: '/' }), [])
  })
})

test('names in the trash count, and what was there before stays where it is', async () => {
  await withWorld({ folderMaxEntries: 3 }, async (world) => {
    const { bridge } = world
    for (const key of ['f/1', 'f/2', 'f/3']) await put(bridge, key, key)
    await remove(world, 'f/2', 'f/3')
    for (const key of ['f/4', 'f/1', 'f/2']) await put(bridge, key, 'new')
    const names = await namesIn(world, 'f')
    assert.ok(names.includes('1') && names.includes('2') && !names.includes('4'), names.join())
    assert.equal(await list(bridge), ['f/1', 'f/2', 'f/4'])
  })
})

test('a folder comes back from the trash with names in another casing, and the new key gets its own', async () => {
  const long = 'x'.repeat(300)
  const pairs: [gone: string, key: string][] = [
    ['f/b', 'f/B'],
    ['f/b/c', 'f/B/c'],
    ['f/b/c', 'f/b/C'],
    ['f/b', 'f/B/c'],
    [`f/${long}/a`, `f/${long}/A`],
  ]
  for (const trashedFolderReuse of ['revive', 'rename'] as const) {
    await withWorld({ emulator: { trashedFolderReuse } }, async (world) => {
      for (const [gone, key] of pairs) {
        for (const bridge of [world.bridge, await world.startElsewhere()]) {
          await put(bridge, gone, 'old')
          await remove({ bridge }, gone)
          await put(bridge, key, key)
          assert.equal(await list(bridge), [key])
          assert.is((await get(bridge, key)).toString(), key)
          await put(bridge, gone, 'and back')
          assert.equal(await list(bridge), sorted([gone, key]))
          assert.is((await get(bridge, key)).toString(), key)
          await remove({ bridge }, gone, key)
        }
      }
    })
  }
})

test('a folder filled by others is known to be full at the first write', async () => {
  await withWorld({ folderMaxEntries: 10 }, async (world) => {
    for (let n = 0; n < 12; n += 1)
      await storeForeign(world.foreign, placeOf('f', `${n}`), 'theirs')
    await put(world.bridge, 'f/mine', 'mine')
    assert.not.ok((await namesIn(world, 'f')).includes('mine'))
    await put(world.bridge, 'f/3', 'over theirs')
    assert.is((await get(world.bridge, 'f/3')).toString(), 'over theirs')
    assert.is((await list(world.bridge)).length, 13)
  })
})

test('foreign names have one key each, by which they are read, written over and deleted', async () => {
  const names = [
    '‛x',
    'a‛FF',
    'b／c',
    '‛41',
    'q‛k0123456789abc',
    '‛s0',
    '‛y.txt',
    'long‛n0123456789abc',
  ]
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    for (const name of names) {
      await storeForeign(foreign, placeOf(name), name)
      await storeForeign(foreign, placeOf('in', `${name}d`, 'file'), name)
    }
    const keys = names.flatMap((name) => [`‛w${name}`, `in/‛w${name}d/file`])
    const isOdd = (key: string): boolean => !key.includes('‛w‛yd')
    assert.equal((await list(bridge)).filter(isOdd), sorted(keys).filter(isOdd))
    for (const key of await list(bridge)) {
      const content = (await get(bridge, key)).toString()
      assert.ok(names.includes(content))
      await put(bridge, key, 'written over')
    }
    for (const name of names) {
      const entry = await foreign.stat(placeOf(name), contextOf())
      assert.is(entry?.kind === 'file' && entry.current?.sizeBytes, 'written over'.length, name)
    }
    await remove(world, ...(await list(bridge)))
    assert.equal(await list(bridge), [])
    // Such keys are as good as any, and then are not stored under foreign names.
    await put(bridge, '‛w‛x', 'mine')
    assert.equal(await list(bridge), ['‛w‛x'])
    assert.not.ok((await namesIn(world)).includes('‛x'))
  })
})

test('what is left of a folder’s marker at the top of a bucket has a key that is not empty', async () => {
  await withWorld({ folderMaxEntries: 1 }, async (world) => {
    const { foreign } = world
    const [shard = ''] = shardFolders('‛y')
    const marker = '‛y'
    for (const path of [[marker], [shard, marker]]) {
      await put(world.bridge, 'folder/', 'marker')
      await foreign.moveFile(placeOf('folder', marker), placeOf(...path), contextOf())
      for (const bridge of [world.bridge, await world.startElsewhere()]) {
        for (const delimiter of ['', '/']) {
          const seen = await list(bridge, { delimiter })
          assert.equal(
            seen.filter((name) => name !== 'folder/'),
            ['‛w‛y'],
          )
        }
        assert.ok((await get(bridge, '‛w‛y')).length > 0)
        await put(bridge, '‛w‛y', 'written over')
        const entry = await foreign.stat(placeOf(...path), contextOf())
        assert.is(entry?.kind === 'file' && entry.current?.sizeBytes, 'written over'.length)
      }
      await remove(world, '‛w‛y')
      assert.equal(await list(world.bridge), [])
    }
    // As a key of its own it is as good as any.
    const keys = ['‛w‛y', '‛w‛‛w‛‛y', '‛y', 'a/‛w‛y', 'a/']
    for (const key of keys) await put(world.bridge, key, key)
    assert.equal(await list(world.bridge), sorted(keys))
    const other = await world.startElsewhere()
    for (const key of keys) assert.is((await get(other, key)).toString(), key)
  })
})

test('what others put into the bridge’s shards and long names is theirs, with a key of its own', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    const long = 'x'.repeat(300)
    await put(bridge, `f/${long}`, 'long')
    const [piece = ''] = await namesIn(world, 'f')
    await storeForeign(foreign, placeOf('f', piece, 'theirs'), 'theirs')
    await storeForeign(foreign, placeOf('f', piece, 'deep', 'er'), 'deeper')
    const keys = [`f/${long}`, `f/‛w${piece}/theirs`, `f/‛w${piece}/deep/er`]
    assert.equal(await list(bridge), sorted(keys))
    for (const key of keys) await put(bridge, key, `${key} again`)
    for (const key of keys) assert.is((await get(bridge, key)).toString(), `${key} again`)
    assert.equal(await list(bridge, { prefix: 'f/‛w' }), sorted(keys.slice(1)))
    const below = `f/‛w${piece}/`
    for (const maxKeys of [5, 1000]) {
      assert.equal(await list(bridge, { prefix: below, maxKeys }), sorted(keys.slice(1)))
      const names = await list(bridge, { prefix: below, maxKeys, delimiter: '/' })
      assert.equal(names, [`${below}deep/`, `${below}theirs`])
    }
    await remove(world, `f/${long}`)
    assert.equal(await list(bridge), sorted(keys.slice(1)))
  })
})

test('keys that look like what others put into shards are stored beside these', async () => {
  await withWorld({ folderMaxEntries: 1 }, async ({ bridge, startElsewhere }) => {
    const keys = ['one', 'two', 'three'].flatMap((name) => {
      const shard = `‛w${shardFolders(name)[0]}`
      return [name, `${shard}/${name}`, `${shard}/${name}/x`]
    })
    for (const key of keys) await put(bridge, key, key)
    assert.equal(await list(bridge), sorted(keys))
    const other = await startElsewhere()
    for (const key of keys) assert.is((await get(other, key)).toString(), key)
  })
})

test('no key leads into the bridge’s own folder', async () => {
  await withWorld({}, async (world) => {
    await storeForeign(world.foreign, placeOf(RESERVED_FOLDER, 'x'), 'own')
    for (const key of [
      `${RESERVED_FOLDER}/x`,
      `‛w${RESERVED_FOLDER}/x`,
      `‛w‛w${RESERVED_FOLDER}/x`,
    ]) {
      assert.is(await codeOf(get(world.bridge, key)), 'NoSuchKey')
      await put(world.bridge, key, 'mine')
      assert.is((await get(world.bridge, key)).toString(), 'mine')
    }
    assert.is((await list(world.bridge)).length, 3)
    assert.equal(await namesIn(world, RESERVED_FOLDER), ['x'])
  })
})

test('in a folder that is known, a key that is not there costs one look', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    await put(bridge, 'a/b/c', 'content')
    const costOf = async (key: string): Promise<number> => {
      const before = emulator.faults.requests.length
      assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
      return emulator.faults.requests.length - before
    }
    emulator.faults.clear()
    assert.is(await costOf('a/b/none'), 1)
    const fresh = await world.startElsewhere()
    const before = emulator.faults.requests.length
    assert.is(
      await codeOf(
        fresh.getObject({ bucket, key: 'a/b/none', conditions: {}, range: undefined }, contextOf()),
      ),
      'NoSuchKey',
    )
    // And at most a few more for each segment when nothing is known: never a listing.
    const made = emulator.faults.requests.slice(before)
    assert.ok(made.length <= 16, String(made.length))
  })
})

test('two writers of a file and of a folder of one name both succeed', async () => {
  await withWorld({}, async ({ bridge }) => {
    for (let round = 0; round < 6; round += 1) {
      const keys = [`r${round}`, `r${round}/a`, `R${round}/b`, `R${round}`]
      await Promise.all(keys.map((key) => put(bridge, key, key)))
      for (const key of keys) assert.is((await get(bridge, key)).toString(), key)
    }
    assert.is((await list(bridge)).length, 24)
  })
})

test('of two writers in two processes that make folders of one name, each gets its own', async () => {
  for (const [first, second] of [
    ['x/1', 'X/2'],
    ['y', 'Y/2'],
    ['z/1', 'Z'],
    ['v/1', 'v'],
  ] as const) {
    await withWorld({}, async ({ bridge, startAgain, emulator }) => {
      const other = await startAgain()
      const making = emulator.faults.hold({ method: 'POST' })
      const one = put(bridge, first, first)
      await making.reached()
      const two = put(other, second, second)
      // It comes to where it waits, or to the same request.
      for (let turn = 0; turn < 500; turn += 1) await setImmediate()
      making.release()
      await Promise.all([one, two])
      for (const key of [first, second]) {
        assert.is((await get(bridge, key)).toString(), key)
        assert.is((await get(other, key)).toString(), key)
      }
      assert.equal(await list(bridge), sorted([first, second]))
    })
  }
})

test('a folder that another process replaced with a file is no longer taken for one', async () => {
  await withWorld({}, async ({ bridge, startAgain }) => {
    const other = await startAgain()
    for (const conditions of [{}, { ifNoneMatch: ['*'] }]) {
      for (const { way, ...options } of waysOfPut) {
        const folder = `${way} ${Object.keys(conditions)}`
        await put(bridge, `${folder}/seen`, 'x')
        await remove({ bridge: other }, `${folder}/seen`)
        await put(other, folder, 'file')
        const content = freshBytes(options.sizeBytes)
        await put(bridge, `${folder}/new`, content, { ...options, conditions })
        assert.equal(await get(other, `${folder}/new`), content)
        assert.is((await get(bridge, folder)).toString(), 'file')
      }
    }
  })
})

test('a tagged name that another installation made is known once it was written to', async () => {
  await withWorld({}, async ({ bridge, startElsewhere }) => {
    const other = await startElsewhere()
    for (const key of ['a', 'Hello.doc']) await put(bridge, key, key)
    assert.is(await codeOf(get(bridge, 'a/none')), 'NoSuchKey')
    for (const key of ['a/b', 'hello.doc']) await put(other, key, 'theirs')
    for (const key of ['a/c', 'hello.doc']) await put(bridge, key, 'mine')
    for (const key of ['a/c', 'hello.doc']) assert.is((await get(bridge, key)).toString(), 'mine')
    assert.is((await get(bridge, 'a/b')).toString(), 'theirs')
    assert.equal(await list(bridge), ['Hello.doc', 'a', 'a/b', 'a/c', 'hello.doc'])
  })
})

test('what another installation has stored or deleted is known ten minutes later, whatever was known before', async () => {
  await withWorld({ folderMaxEntries: 4 }, async (world) => {
    const { bridge, clock } = world
    const other = await world.startElsewhere()
    const mine = ['f/Hello.doc', 'f/a', 'f/sub/one']
    for (const key of mine) await put(bridge, key, key)
    const theirs = [
      'f/hello.doc',
      'f/a/b',
      'f/A',
      'f/',
      'f/sub/two',
      'f/Sub/one',
      'f/6',
      'f/7',
      'f/8',
    ]
    // Asked for in vain, so that all that is remembered says that they are not there.
    for (const key of theirs) assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
    for (const key of theirs) await put(other, key, 'theirs')
    await remove({ bridge: other }, 'f/Hello.doc')
    clock.nowMs += 10 * 60_000
    for (const key of theirs) assert.is((await get(bridge, key)).toString(), 'theirs', key)
    assert.is(await codeOf(get(bridge, 'f/Hello.doc')), 'NoSuchKey')
    for (const key of theirs) await put(bridge, key, 'over theirs')
    clock.nowMs += 10 * 60_000
    for (const key of theirs) assert.is((await get(other, key)).toString(), 'over theirs', key)
    assert.equal(await list(other), sorted(['f/a', 'f/sub/one', ...theirs]))
  })
})

test('a tagged name is looked for although its write was never told to have ended', async () => {
  await withWorld({}, async ({ bridge, state, startAgain }) => {
    for (const key of ['a', 'Hello.doc']) await put(bridge, key, key)
    const { commit } = state.objects
    for (const key of ['hello.doc', 'a/b']) {
      Object.assign(state.objects, { commit: () => Promise.reject(new Error('killed')) })
      await put(bridge, key, key).catch(() => {})
      Object.assign(state.objects, { commit })
      assert.is((await get(await startAgain(), key)).toString(), key)
    }
  })
})

test('a raw percent sign of others is refused by every act, and what is there stays', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    // Stored, though the client's look at it fails.
    await storeForeign(foreign, placeOf('f', 'a%b'), 'theirs').catch(() => {})
    assert.equal(await list(bridge), ['f/‛wa%b'])
    const address = { bucket, key: 'f/‛wa%b' }
    assert.is(await codeOf(get(bridge, address.key)), 'InvalidRequest')
    assert.is(await codeOf(bridge.deleteObject(address, contextOf())), 'InvalidRequest')
    assert.is(await codeOf(put(bridge, address.key, 'mine')), 'InvalidRequest')
    assert.is(await codeOf(get(bridge, 'f/‛wnone%')), 'NoSuchKey')
    assert.equal(await namesIn(world, 'f'), ['a%b'])
  })
})

const withoutColon = parseNameEncoding('Ctl,Dot,InvalidUtf8')

test('a name that Jottacloud refuses is an error of the key, and nothing is stored', async () => {
  await withWorld({ encoding: withoutColon }, async ({ bridge, foreign, state, at }) => {
    await put(bridge, 'f/old', 'old')
    const metadata = { user: { a: 'b' } }
    const keys = ['a:b', 'a:b/c', 'new/a:b', 'new/a:b/c', 'f/a:b', 'f/a:b/c']
    for (const key of keys) {
      for (const { sizeBytes, announceMd5 } of waysOfPut) {
        const content = freshBytes(sizeBytes)
        const putting = put(bridge, key, content, { announceMd5, metadata })
        assert.is(await codeOf(putting), 'InvalidArgument', key)
        assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
        assert.is(
          await state.objects.find(bucket, key, { md5: md5Of(content), sizeBytes }),
          undefined,
        )
      }
      const source = { source: { bucket, key: 'f/old' }, sourceConditions: {} }
      const input = { bucket, key, ...source, replaceMetadata: undefined }
      const copying = bridge.copyObject(input, contextOf())
      assert.is(await codeOf(copying), 'InvalidArgument', key)
    }
    assert.equal(await list(bridge), ['f/old'])
    assert.equal(await list(bridge, { delimiter: '/' }), ['f/'])
    const live: string[] = []
    for (const path of [[], ['f']]) {
      for await (const { name, deleted } of foreign.list(at(...path), contextOf())) {
        if (!deleted && name !== RESERVED_FOLDER) live.push([...path, name].join('/'))
      }
    }
    assert.equal(live.sort(), ['f', 'f/old'])
    for (const path of [[], ['f'], ['new']]) {
      const { hasIrregular, hasShards } = (await state.folders.find(placeName(at(...path)))) ?? {}
      assert.not.ok(hasIrregular || hasShards, path.join('/'))
    }
  })
})

test('a write that comes upon its object where nothing known told of it replaces that', async () => {
  for (const [versions, revisions] of [
    ['none', 0],
    ['keep', 1],
  ] as const) {
    await withWorld({ versions }, async ({ bridge, foreign }) => {
      await put(bridge, 'hello', 'lower')
      const [tagged = ''] = segmentNames('Hello', 'file', currentEncoding).irregular
      await storeForeign(foreign, placeOf(tagged), 'moved here')
      assert.is(await codeOf(get(bridge, 'Hello')), 'NoSuchKey')
      await put(bridge, 'Hello', 'upper')
      assert.is((await get(bridge, 'Hello')).toString(), 'upper')
      assert.equal(await list(bridge), ['Hello', 'hello'])
      const entry = await foreign.stat(placeOf(tagged), contextOf())
      assert.is(entry?.kind === 'file' && entry.revisions.length, revisions, versions)
    })
  }
})

test.run()
