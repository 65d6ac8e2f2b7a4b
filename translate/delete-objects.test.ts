import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  codeOf,
  contextOf,
  failureOf,
  get,
  list,
  md5Of,
  placeOf,
  put,
  reachedBy,
  storeForeign,
  type World,
  withWorld,
} from './acts.test-support.ts'

const test = suite('deletes')

async function remove({ bridge }: World, ...keys: string[]): Promise<void> {
  const results = await bridge.deleteObjects({ bucket, keys }, contextOf())
  assert.equal(
    results,
    keys.map((key) => ({ key, error: undefined })),
  )
}

async function isThere({ foreign }: World, ...path: string[]): Promise<boolean> {
  const entry = await foreign.stat(placeOf(...path), contextOf())
  return entry !== undefined && !entry.deleted
}

test('only what is as the conditions say is deleted', async () => {
  await withWorld({}, async ({ bridge, clock }) => {
    const context = contextOf()
    const etag = md5Of('content')
    const modified = new Date(clock.nowMs)
    const cases = [
      [{ ifMatch: ['other'] }, 'PreconditionFailed'],
      [{ ifMatch: [etag], sizeBytes: 8 }, 'PreconditionFailed'],
      [{ modified: new Date(0) }, 'PreconditionFailed'],
      [{ ifMatch: [etag], sizeBytes: 7, modified }, 'no error'],
      [{ ifMatch: ['*'] }, 'no error'],
    ] as const
    for (const [conditions, code] of cases) {
      await put(bridge, 'key', 'content')
      const one = bridge.deleteObject({ bucket, key: 'key', conditions }, context)
      assert.is(await codeOf(one), code)
      assert.equal(await list(bridge), code === 'no error' ? [] : ['key'])
      await put(bridge, 'key', 'content')
      const wanted = { bucket, keys: ['none', 'key'], conditions: [conditions, conditions] }
      const [none, result] = await bridge.deleteObjects(wanted, context)
      assert.equal([none?.error, result?.error?.code ?? 'no error'], [undefined, code])
      assert.equal(await list(bridge), code === 'no error' ? [] : ['key'])
    }
    // An ETag that the record keeps counts as the clients see it.
    const absent = { bucket, key: 'absent', conditions: { ifMatch: [etag] } }
    assert.is(await codeOf(bridge.deleteObject(absent, context)), 'no error')
  })
})

test('a delete goes to the trash, or for good, as configured; folders always to the trash', async () => {
  for (const deleteMode of ['trash', 'permanent'] as const) {
    await withWorld({ deleteMode }, async (world) => {
      await put(world.bridge, 'a/b/c', 'content')
      await world.bridge.deleteObject({ bucket, key: 'a/b/c' }, contextOf())
      const entry = await world.foreign.stat(placeOf('a', 'b', 'c'), contextOf())
      assert.is(entry?.deleted, deleteMode === 'trash' ? true : undefined)
      const folder = await world.foreign.stat(placeOf('a', 'b'), contextOf())
      assert.is(folder?.deleted, true)
      assert.not(await isThere(world, 'a'))
    })
  }
})

test('what is not there is deleted already, whatever it is instead', async () => {
  await withWorld({}, async (world) => {
    await put(world.bridge, 'folder/file', 'content')
    const keys = [
      'none',
      'folder',
      'folder/',
      'Folder/file',
      'folder/file/x',
      'a//b',
      '.',
      '..',
      '%',
    ]
    await remove(world, ...keys)
    assert.equal(await list(world.bridge), ['folder/file'])
    const results = await world.bridge.deleteObjects(
      { bucket, keys: ['', 'x'.repeat(1025), '\ud800', 'folder/file'] },
      contextOf(),
    )
    assert.equal(
      results.map(({ error }) => error?.code),
      ['InvalidArgument', 'KeyTooLongError', 'InvalidURI', undefined],
    )
    assert.equal(await list(world.bridge), [])
  })
})

test('results come in the order of the keys, failures each with their own', async () => {
  await withWorld({}, async ({ bridge, emulator, warnings }) => {
    const keys = Array.from({ length: 30 }, (_, n) => `d${n % 3}/${n}`)
    await Promise.all(keys.map((key) => put(bridge, key, key)))
    const pathPrefix = `/jfs/${emulator.username}/S3/${bucket}/d1/7`
    emulator.faults.failNext({ status: 403, count: 9, match: { operation: 'dl', pathPrefix } })
    const results = await bridge.deleteObjects({ bucket, keys }, contextOf())
    assert.equal(
      results.map(({ key }) => key),
      keys,
    )
    const failed = results.flatMap(({ key, error }) => (error ? [[key, error.code]] : []))
    assert.equal(failed, [['d1/7', 'AccessDenied']])
    assert.equal(await list(bridge), ['d1/7'])
    assert.equal(await list(bridge, { delimiter: '/' }), ['d1/'])
    assert.equal(warnings, [])
  })
})

test('folders left empty go, one by one or many at once, and others stay', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    const keys = ['a/b/1', 'a/b/2', 'a/b/3', 'a/c/1', 'a/d/e/1', 'z/1', 'z/y/1']
    for (const key of keys) await put(bridge, key, key)
    await foreign.createFolder(placeOf('a', 'mine, empty'), contextOf())
    // After a single delete the folder is known to hold the others.
    await remove(world, 'a/b/1')
    assert.ok(await isThere(world, 'a', 'b'))
    await remove(world, 'a/b/2', 'a/b/3')
    assert.not(await isThere(world, 'a', 'b'))
    await remove(world, 'a/c/1', 'a/d/e/1', 'z/y/1')
    assert.not(await isThere(world, 'a', 'c'))
    assert.not(await isThere(world, 'a', 'd'))
    assert.not(await isThere(world, 'z', 'y'))
    assert.ok(await isThere(world, 'z'))
    // It holds a folder of the owner's, which is none of ours.
    assert.ok(await isThere(world, 'a', 'mine, empty'))
    assert.equal(await list(bridge), ['z/1'])
  })
})

test('a folder of many files is not listed anew for each of them', async () => {
  await withWorld({}, async (world) => {
    const keys = Array.from({ length: 40 }, (_, n) => `folder/${n}`)
    await Promise.all(keys.map((key) => put(world.bridge, key, key)))
    const path = `/jfs/${world.emulator.username}/S3/${bucket}/folder`
    world.emulator.faults.clear()
    for (const key of keys) await world.bridge.deleteObject({ bucket, key }, contextOf())
    const looks = world.emulator.faults.requests.filter(
      (request) => request.path === path && request.method === 'GET',
    )
    assert.ok(looks.length <= 5, String(looks.length))
    assert.not(await isThere(world, 'folder'))
  })
})

test('two deletes that empty a folder at once leave no folder', async () => {
  await withWorld({}, async (world) => {
    for (let round = 0; round < 8; round += 1) {
      await Promise.all(['x', 'y'].map((name) => put(world.bridge, `a/b/${name}`, name)))
      await Promise.all(
        ['x', 'y'].map((name) =>
          world.bridge.deleteObject({ bucket, key: `a/b/${name}` }, contextOf()),
        ),
      )
      assert.not(await isThere(world, 'a'))
      assert.equal(await list(world.bridge, { delimiter: '/' }), [])
    }
  })
})

test('a write that comes while its folder is being removed waits, and is there afterwards', async () => {
  for (const trashedFolderReuse of ['revive', 'rename'] as const) {
    await withWorld({ emulator: { trashedFolderReuse } }, async (world) => {
      const { bridge, emulator } = world
      await put(bridge, 'a/b/x', 'old')
      const removing = emulator.faults.hold({ operation: 'dlDir' })
      const deleting = bridge.deleteObject({ bucket, key: 'a/b/x' }, contextOf())
      await reachedBy(deleting, removing)
      const before = emulator.faults.count({ operation: 'allocate' })
      const writes = [put(bridge, 'a/b/y', 'new'), put(bridge, 'a/b/x', 'also new')]
      const elsewhere = await put(bridge, 'c/d', 'not in the way')
      assert.ok(elsewhere.etag !== '')
      assert.is(emulator.faults.count({ operation: 'allocate' }), before + 1)
      removing.release()
      await Promise.all([deleting, ...writes])
      assert.equal(await list(bridge), ['a/b/x', 'a/b/y', 'c/d'])
      assert.is((await get(bridge, 'a/b/y')).toString(), 'new')
      assert.is((await get(bridge, 'a/b/x')).toString(), 'also new')
    })
  }
})

test('a folder is not removed while a write in it is on its way', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    await put(bridge, 'a/x', 'old')
    const allocating = emulator.faults.hold({ operation: 'allocate' })
    const writing = put(bridge, 'a/b/y', 'new')
    await allocating.reached()
    await bridge.deleteObject({ bucket, key: 'a/x' }, contextOf())
    assert.is(emulator.faults.count({ operation: 'dlDir' }), 0)
    allocating.release()
    await writing
    assert.equal(await list(bridge), ['a/b/y'])
  })
})

test('many puts and deletes in a few folders end as the last of each key says', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const worker = async (n: number): Promise<void> => {
      for (let round = 0; round < 6; round += 1) {
        await put(bridge, `d${n % 2}/e/k${n}`, `${n} ${round}`)
        await bridge.deleteObject({ bucket, key: `d${n % 2}/e/k${n}` }, contextOf())
      }
      if (n < 4) await put(bridge, `d${n % 2}/e/k${n}`, `${n} last`)
    }
    await Promise.all([0, 1, 2, 3, 4, 5].map(worker))
    assert.equal(await list(bridge), ['d0/e/k0', 'd0/e/k2', 'd1/e/k1', 'd1/e/k3'])
    for (const n of [0, 1, 2, 3]) {
      assert.is((await get(bridge, `d${n % 2}/e/k${n}`)).toString(), `${n} last`)
    }
    assert.equal(world.warnings, [])
  })
})

test('a folder that cannot be removed does not fail the delete', async () => {
  await withWorld({}, async ({ bridge, emulator, warnings }) => {
    await put(bridge, 'a/x', 'content')
    emulator.faults.failNext({ status: 403, match: { operation: 'dlDir' } })
    await bridge.deleteObject({ bucket, key: 'a/x' }, contextOf())
    assert.is(warnings.length, 1)
    assert.is(await codeOf(get(bridge, 'a/x')), 'NoSuchKey')
  })
})

test('what is unfinished or foreign in a folder: the first goes with it, the second keeps it', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, emulator, clock } = world
    await put(bridge, 'a/x', 'content')
    await storeForeign(foreign, placeOf('a', '\u201bG'), 'a name that is no key')
    await bridge.deleteObject({ bucket, key: 'a/x' }, contextOf())
    assert.ok(await isThere(world, 'a', '\u201bG'))
    await foreign.removeFile(placeOf('a', '\u201bG'), 'trash', contextOf())
    clock.nowMs += 60_000
    await put(bridge, 'a/x', 'content')
    emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
    assert.is(await codeOf(put(bridge, 'a/y', 'other')), 'QuotaExceeded')
    await bridge.deleteObject({ bucket, key: 'a/x' }, contextOf())
    assert.not(await isThere(world, 'a'))
  })
})

test('a delete that nobody waits for any more ends before the key is written again', async () => {
  for (const deleteMode of ['trash', 'permanent'] as const) {
    await withWorld({ deleteMode }, async ({ bridge, emulator, startAgain }) => {
      const other = await startAgain()
      await put(bridge, 'a/key', 'old')
      await put(bridge, 'a/other', 'old')
      const removing = emulator.faults.hold({ operation: deleteMode === 'trash' ? 'dl' : 'rm' })
      const leaving = new AbortController()
      const context = contextOf(leaving.signal)
      const deleting = failureOf(bridge.deleteObject({ bucket, key: 'a/key' }, context))
      await removing.reached()
      leaving.abort(new Error('the client went away'))
      const allocated = emulator.faults.count({ operation: 'allocate' })
      const putting = put(other, 'a/key', 'new')
      // Time enough for it, were it not waiting.
      for (let look = 0; look < 20; look += 1) await list(other)
      assert.is(emulator.faults.count({ operation: 'allocate' }), allocated)
      removing.release()
      await deleting
      await putting
      assert.is((await get(bridge, 'a/key')).toString(), 'new')
    })
  }
})

test('others have their turns while many keys that are not there are deleted', async () => {
  await withWorld({}, async ({ bridge }) => {
    // In one folder, of which it is known that it is not there once it was asked for.
    const long = 'x'.repeat(900)
    const keys = Array.from({ length: 200 }, (_, number) => `${long}${number}`)
    await bridge.deleteObjects({ bucket, keys: keys.slice(0, 1) }, contextOf())
    let turns = 0
    let isGoing = true
    const others = (async () => {
      while (isGoing) {
        await setImmediate()
        turns += 1
      }
    })()
    const results = await bridge.deleteObjects({ bucket, keys }, contextOf())
    isGoing = false
    await others
    assert.is(results.filter(({ error }) => error === undefined).length, 200)
    // Eight keys at a time.
    assert.ok(turns >= 200 / 8, String(turns))
  })
})

test.run()
