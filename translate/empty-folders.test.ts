// Folders that hold no key any more, where the bridge has put folders of its own between: none of them stays
// behind as a prefix that nothing has.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  get,
  list,
  placeOf,
  put,
  reachedBy,
  storeForeign,
  withWorld,
} from './acts.test-support.ts'
import { shardFolders } from './key-folder.ts'
import { S3Error } from './s3-error.ts'

const test = suite('empty folders')

const long = 'x'.repeat(400)
/** Some in shards, some below the pieces of a long name, some tagged. */
const keys = [
  ...Array.from({ length: 24 }, (_, n) => `dir/${n}`),
  ...['dir/Sub/a', 'dir/sub/a', 'dir/SUB/a/b', 'dir/sub', `dir/${long}`, `dir/${long}/a`, 'dir//a'],
]

test('shards and pieces of long names that others emptied keep no prefix alive', async () => {
  for (const left of [shardFolders('a').slice(0, 1), shardFolders('a').slice(0, 3)]) {
    await withWorld({}, async ({ bridge, foreign }) => {
      await put(bridge, `dir/${long}`, 'long')
      await put(bridge, 'dir/a', 'a')
      // What is left of them when somebody has emptied them by hand.
      await foreign.createFolder(placeOf('dir', ...left), contextOf())
      for await (const { kind, name } of foreign.list(placeOf('dir'), contextOf())) {
        if (kind !== 'folder' || !name.startsWith('x')) continue
        for await (const rest of foreign.list(placeOf('dir', name), contextOf())) {
          await foreign.removeFile(placeOf('dir', name, rest.name), 'trash', contextOf())
        }
      }
      assert.equal(await list(bridge, { delimiter: '/' }), ['dir/'])
      await bridge.deleteObject({ bucket, key: 'dir/a' }, contextOf())
      assert.equal(await list(bridge, { delimiter: '/' }), [])
    })
  }
})

test('a shard of a write that failed keeps no prefix alive', async () => {
  await withWorld({ folderMaxEntries: 1 }, async ({ bridge, emulator }) => {
    await put(bridge, 'dir/a', 'a')
    emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
    assert.is(await codeOf(put(bridge, 'dir/b', freshBytes(9))), 'QuotaExceeded')
    await bridge.deleteObject({ bucket, key: 'dir/a' }, contextOf())
    assert.equal(await list(bridge, { delimiter: '/' }), [])
  })
})

test('what others have put into a shard keeps it, and a folder of theirs is a prefix', async () => {
  await withWorld({}, async ({ bridge, foreign }) => {
    const [shard = ''] = shardFolders('a')
    for (const path of [['a'], ['sub', 'a']]) {
      await put(bridge, 'dir/key', 'x')
      await storeForeign(foreign, placeOf('dir', shard, ...path), 'theirs')
      await bridge.deleteObject({ bucket, key: 'dir/key' }, contextOf())
      assert.equal(await list(bridge, { delimiter: '/' }), ['dir/'])
      assert.is((await list(bridge)).length, 1)
      await foreign.removeFolder(placeOf('dir', shard), 'permanent', contextOf())
    }
    await put(bridge, 'dir/key', 'x')
    await foreign.createFolder(placeOf('dir', shard, 'theirs'), contextOf())
    await bridge.deleteObject({ bucket, key: 'dir/key' }, contextOf())
    assert.equal(await list(bridge, { delimiter: '/' }), ['dir/'])
  })
})

test('a file that Jottacloud has not made ready yet keeps its folder and its bucket', async () => {
  for (const state of ['ADDED', 'PROCESSING'] as const) {
    await withWorld({}, async ({ bridge, emulator, foreign }) => {
      await put(bridge, 'dir/sub/key', 'x')
      await storeForeign(foreign, placeOf('dir', 'sub', 'theirs'), 'theirs')
      const pathPrefix = `/jfs/${emulator.username}/S3/${bucket}/dir/sub/theirs`
      emulator.faults.add({ kind: 'showState', state, count: 1000, match: { pathPrefix } })
      await bridge.deleteObject({ bucket, key: 'dir/sub/key' }, contextOf())
      emulator.faults.clear()
      assert.equal(await list(bridge), ['dir/sub/theirs'], state)
      assert.is((await get(bridge, 'dir/sub/theirs')).toString(), 'theirs')
      await bridge.deleteObject({ bucket, key: 'dir/sub/theirs' }, contextOf())
      await storeForeign(foreign, placeOf('theirs'), 'theirs')
      emulator.faults.add({ kind: 'showState', state, count: 1000 })
      assert.is(await codeOf(bridge.deleteBucket(bucket, contextOf())), 'BucketNotEmpty', state)
    })
  }
})

test('deletes of all that is in shards, long names and tagged folders leave nothing, in any order', async () => {
  for (const way of ['all at once', 'one by one', 'from two processes'] as const) {
    await withWorld({ folderMaxEntries: 4 }, async ({ bridge, startAgain }) => {
      const other = await startAgain()
      for (const key of keys) await put(bridge, key, key)
      const remove = async (key: string, of = bridge): Promise<void> => {
        await of.deleteObject({ bucket, key }, contextOf())
      }
      if (way === 'all at once') await Promise.all(keys.map((key) => remove(key)))
      if (way === 'one by one') for (const key of keys) await remove(key)
      if (way === 'from two processes') {
        await Promise.all(keys.map((key, n) => remove(key, n % 2 === 0 ? bridge : other)))
      }
      assert.equal(await list(bridge), [])
      assert.equal(await list(bridge, { delimiter: '/' }), [], way)
    })
  }
})

test('a folder that is empty while others are in one of the same name goes when they have left', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const key of ['dir/sub/a', 'dir/SUB/a']) await put(bridge, key, key)
    const pathOf = (folder: string): string =>
      `/jfs/${emulator.username}/S3/${bucket}/dir/${folder}`
    const held = emulator.faults.hold({ method: 'POST', pathPrefix: `${pathOf('sub')}/` })
    const one = bridge.deleteObject({ bucket, key: 'dir/sub/a' }, contextOf())
    await held.reached()
    const other = bridge.deleteObject({ bucket, key: 'dir/SUB/a' }, contextOf())
    await emulator.faults.settled({ method: 'POST', pathPrefix: pathOf('SUB') })
    held.release()
    await Promise.all([one, other])
    assert.equal(await list(bridge, { delimiter: '/' }), [])
  })
})

test('a removal that nobody waits for any more ends before anybody writes into the folder', async () => {
  for (const processes of [1, 2]) {
    await withWorld({}, async ({ bridge, emulator, startAgain }) => {
      const other = processes === 1 ? bridge : await startAgain()
      await put(bridge, 'a/x', 'old')
      const removing = emulator.faults.hold({ operation: 'dlDir' })
      const leaving = new AbortController()
      const context = contextOf(leaving.signal)
      const deleting = failureOf(bridge.deleteObject({ bucket, key: 'a/x' }, context))
      await reachedBy(deleting, removing)
      leaving.abort(new Error('the client went away'))
      const allocated = emulator.faults.count({ operation: 'allocate' })
      const putting = put(other, 'a/y', 'new')
      // Time enough for it, were it not waiting.
      for (let look = 0; look < 20; look += 1) await list(other)
      assert.is(emulator.faults.count({ operation: 'allocate' }), allocated)
      removing.release()
      await deleting
      await putting
      assert.equal(await list(other), ['a/y'])
      assert.is((await get(bridge, 'a/y')).toString(), 'new')
    })
  }
})

test('a write behind a removal that hangs is told to try again, and loses nothing', async () => {
  for (const processes of [1, 2]) {
    await withWorld({ lockWaitMs: 50 }, async ({ bridge, emulator, startAgain }) => {
      const other = processes === 1 ? bridge : await startAgain()
      await put(bridge, 'a/x', 'old')
      const removing = emulator.faults.hold({ operation: 'dlDir' })
      const deleting = bridge.deleteObject({ bucket, key: 'a/x' }, contextOf())
      await reachedBy(deleting, removing)
      const failure = await failureOf(put(other, 'a/y', 'new'))
      assert.ok(failure instanceof S3Error, String(failure))
      assert.equal([failure.code, failure.status], ['ServiceUnavailable', 503])
      assert.ok((failure.retryAfterSeconds ?? 0) > 0)
      removing.release()
      await deleting
      await put(other, 'a/y', 'new')
      assert.is((await get(bridge, 'a/y')).toString(), 'new')
      assert.equal(await list(other), ['a/y'])
    })
  }
})

test.run()
