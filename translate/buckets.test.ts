import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  get,
  head,
  list,
  placeOf,
  put,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import { RESERVED_FOLDER } from './key-path.ts'
import { S3Error } from './s3-error.ts'

const test = suite('buckets')

async function names({ bridge }: World): Promise<string[]> {
  return (await bridge.listBuckets(contextOf())).map(({ name }) => name)
}

test('what a new bucket is given is kept of it, and forgotten with it', async () => {
  await withWorld({}, async ({ bridge, state }) => {
    const context = contextOf()
    const given = new Map([['owner', '"anna"'] as const, ['acl', '[]'] as const])
    await bridge.createBucket('annas', context, given)
    const sorted = async () => {
      const kept = [...(await bridge.bucketConfigurations('annas'))]
      return kept.filter(([name]) => name !== 'created').sort()
    }
    assert.equal(await sorted(), [...given].sort())
    // Whoever comes second changes nothing of it.
    const again = bridge.createBucket('annas', context, new Map([['owner', '"bob"']]))
    assert.is(await codeOf(again), 'BucketAlreadyOwnedByYou')
    assert.equal(await sorted(), [...given].sort())
    await bridge.deleteBucket('annas', context)
    assert.equal(await sorted(), [])
    // What a creation that failed half way left behind is not the next one's.
    await state.bucketConfigurations.put({ bucket: 'annas', name: 'owner', text: '"anna"' })
    await bridge.createBucket('annas', context)
    assert.equal(await sorted(), [])
  })
})

test('a bucket is made, found, listed and removed, and is a mountpoint meanwhile', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    const context = contextOf()
    await bridge.createBucket('another', context)
    assert.equal(await names(world), ['another', bucket])
    const mountpoints = (await foreign.mountpoints('S3', context)) ?? []
    assert.equal(mountpoints.map(({ name }) => name).sort(), ['another', bucket])
    await bridge.headBucket('another', context)
    assert.is(await codeOf(bridge.createBucket('another', context)), 'BucketAlreadyOwnedByYou')
    await bridge.deleteBucket('another', context)
    assert.equal(await names(world), [bucket])
    assert.is(await codeOf(bridge.headBucket('another', context)), 'NoSuchBucket')
    assert.is(await codeOf(bridge.deleteBucket('another', context)), 'NoSuchBucket')
    for (const name of ['No', 'a', '..', 'a/b', 'Archive', '']) {
      assert.is(await codeOf(bridge.createBucket(name, context)), 'InvalidBucketName', name)
      assert.is(await codeOf(bridge.headBucket(name, context)), 'NoSuchBucket', name)
    }
  })
})

test('a bucket is as old as its making, whatever is written to it later', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, clock } = world
    const context = contextOf()
    const createdOf = async (wanted: string) => {
      return (await bridge.listBuckets(context)).find(({ name }) => name === wanted)?.created
    }
    const made = new Date(clock.nowMs)
    await bridge.createBucket('dated', context)
    assert.equal(await createdOf('dated'), made)
    clock.nowMs += 86_400_000
    await storeForeign(foreign, { device: 'S3', mountpoint: 'dated', path: ['key'] }, 'content')
    assert.equal(await createdOf('dated'), made)
    await bridge.deleteObject({ bucket: 'dated', key: 'key' }, context)
    await bridge.deleteBucket('dated', context)
    await bridge.createBucket('dated', context)
    assert.equal(await createdOf('dated'), new Date(clock.nowMs))
    // One that the bridge has not made, on the other hand, has the time that Jottacloud shows, if any.
    await foreign.createMountpoint('S3', 'elsewhere', context)
    assert.equal(await createdOf('elsewhere'), new Date(0))
  })
})

test('of two that make one bucket at once, one has made it', async () => {
  await withWorld({}, async ({ bridge }) => {
    const makers = [1, 2, 3].map(() => codeOf(bridge.createBucket('racing', contextOf())))
    const codes = await Promise.all(makers)
    const expected = ['BucketAlreadyOwnedByYou', 'BucketAlreadyOwnedByYou', 'no error']
    assert.equal(codes.sort(), expected)
  })
})

test('a bucket that was removed comes back empty, and so do the metadata of its keys', async () => {
  await withWorld({}, async ({ bridge }) => {
    const context = contextOf()
    await put(bridge, 'a/b', 'content', { metadata: { user: { old: 'yes' } } })
    await bridge.deleteObject({ bucket, key: 'a/b' }, context)
    await bridge.deleteBucket(bucket, context)
    await bridge.createBucket(bucket, context)
    assert.equal(await list(bridge), [])
    assert.is(await codeOf(get(bridge, 'a/b')), 'NoSuchKey')
    await put(bridge, 'a/b', 'content')
    assert.equal((await head(bridge, 'a/b')).metadata.user, {})
    assert.equal(await list(bridge), ['a/b'])
  })
})

test('mountpoints of other devices of the owner are buckets by their small letters, or left alone', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    const context = contextOf()
    for (const name of ['MyPhotos', 'My Files', 'æøå', 'x', 'With.Dots']) {
      await foreign.createMountpoint('S3', name, context)
    }
    assert.equal(await names(world), [bucket, 'myphotos', 'with.dots'])
    assert.is(await codeOf(bridge.createBucket('myphotos', context)), 'BucketAlreadyOwnedByYou')
    const photo = { device: 'S3', mountpoint: 'MyPhotos', path: ['a', 'Photo.jpg'] }
    await storeForeign(foreign, photo, 'a photo')
    const input = { bucket: 'myphotos', prefix: '', delimiter: '', after: '', maxKeys: 10 }
    const { entries } = await bridge.listObjects(input, context)
    assert.equal(
      entries.map((entry) => entry.kind === 'object' && entry.key),
      ['a/Photo.jpg'],
    )
    await bridge.deleteObject({ bucket: 'myphotos', key: 'a/Photo.jpg' }, context)
    await bridge.deleteBucket('myphotos', context)
    assert.equal(await names(world), [bucket, 'with.dots'])
    // Back from the trash with its old letters.
    await bridge.createBucket('myphotos', context)
    assert.equal(await names(world), [bucket, 'myphotos', 'with.dots'])
    assert.equal((await bridge.listObjects(input, context)).entries, [])
  })
})

test('where Jottacloud tells letters apart, a bucket is always the same mountpoint', async () => {
  const emulator = { nameMatching: 'exact', listingOrder: 'random' } as const
  await withWorld({ emulator }, async (world) => {
    const { bridge, foreign, clock } = world
    for (const name of ['Bucket', 'BUCKET', 'Twin', 'TWIN']) {
      await foreign.createMountpoint('S3', name, contextOf())
    }
    await put(bridge, 'x', 'in the one')
    for (let round = 0; round < 8; round += 1) {
      clock.nowMs += 60_000
      assert.equal(await names(world), [bucket, 'twin'])
      assert.is((await get(bridge, 'x')).toString(), 'in the one')
    }
  })
})

test('a bucket is not empty while anything live is anywhere in it', async () => {
  const contents: [what: string, path: string[], isEmpty: boolean][] = [
    ['a file', ['file'], false],
    ['a nested file', ['a', 'b', 'c', 'file'], false],
    ['a file under a name that is no key', ['\u201bG'], false],
    ['a nested file under such a name', ['\u201bG', 'x'], false],
    ['what the bridge keeps for itself', [RESERVED_FOLDER, 'staging', 'x'], true],
  ]
  for (const [what, path, isEmpty] of contents) {
    await withWorld({}, async ({ bridge, foreign }) => {
      const context = contextOf()
      await storeForeign(foreign, placeOf(...path), 'content')
      const code = await codeOf(bridge.deleteBucket(bucket, context))
      assert.is(code, isEmpty ? 'no error' : 'BucketNotEmpty', what)
      if (isEmpty) return
      await foreign.removeFile(placeOf(...path), 'trash', context)
      assert.is(await codeOf(bridge.deleteBucket(bucket, context)), 'no error', what)
    })
  }
})

test('trash, empty folders and uploads that never ended do not keep a bucket', async () => {
  await withWorld({}, async ({ bridge, foreign, emulator }) => {
    const context = contextOf()
    await foreign.createFolder(placeOf('empty', 'folder'), context)
    await storeForeign(foreign, placeOf('trashed', 'file'), 'x')
    await foreign.removeFolder(placeOf('trashed'), 'trash', context)
    for (const path of [['broken'], ['deep', 'broken']]) {
      emulator.faults.add({ kind: 'fail', status: 421, match: { operation: 'upload' } })
      await storeForeign(foreign, placeOf(...path), freshBytes(100)).then(
        () => assert.unreachable(),
        () => {},
      )
    }
    assert.equal(await list(bridge), [])
    await bridge.deleteBucket(bucket, context)
  })
})

test('a bucket whose listing cannot be trusted is not removed', async () => {
  await withWorld({}, async ({ bridge, foreign, emulator }) => {
    await foreign.createFolder(placeOf('empty', 'folder'), contextOf())
    for (const how of ['no-stats', 'wrong-stats', 'truncated'] as const) {
      emulator.faults.add({ kind: 'spoilListing', how })
      assert.is(await codeOf(bridge.deleteBucket(bucket, contextOf())), 'InternalError', how)
    }
    await bridge.headBucket(bucket, contextOf())
  })
})

test('a bucket is not removed under a write that was accepted before', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    const allocating = emulator.faults.hold({ operation: 'allocate' })
    const writing = put(bridge, 'x', 'content')
    await allocating.reached()
    assert.is(await codeOf(bridge.deleteBucket(bucket, contextOf())), 'OperationAborted')
    allocating.release()
    await writing
    assert.is((await get(bridge, 'x')).toString(), 'content')
  })
})

test('a write that waited for the removal of its bucket finds none', async () => {
  // A body on its way to Jottacloud keeps the bucket from being removed.
  const ways = waysOfPut.filter(({ way }) => way !== 'staged')
  for (const { way, sizeBytes, announceMd5 } of ways) {
    await withWorld({}, async ({ bridge, emulator }) => {
      const gate = Promise.withResolvers<void>()
      const bytes = freshBytes(sizeBytes)
      const arriving = async function* () {
        await gate.promise
        yield bytes
      }
      const stream = Readable.from(arriving(), { objectMode: false })
      const writing = codeOf(put(bridge, 'x', bytes, { announceMd5, stream }))
      const removing = emulator.faults.hold({ operation: 'dl' })
      const removal = bridge.deleteBucket(bucket, contextOf())
      await removing.reached()
      gate.resolve()
      removing.release()
      await removal
      assert.is(await writing, 'NoSuchBucket', way)
      assert.equal(await bridge.listBuckets(contextOf()), [])
    })
  }
})

test('a bucket that another process removed is missed as a bucket, not as a key', async () => {
  await withWorld({}, async ({ bridge, foreign, clock }) => {
    await put(bridge, 'x', 'content')
    await foreign.removeMountpoint('S3', bucket, 'trash', contextOf())
    assert.is(await codeOf(put(bridge, 'y', 'content two')), 'NoSuchBucket')
    clock.nowMs += 60_000
    const acts = [() => put(bridge, 'y', 'content'), () => get(bridge, 'x'), () => list(bridge)]
    for (const act of acts) assert.is(await codeOf(act()), 'NoSuchBucket')
  })
})

test('whether a bucket may exist costs one look in a while, however many ask', async () => {
  const named = { album: { path: { device: 'Jotta', mountpoint: 'Archive', path: ['Gone'] } } }
  await withWorld({ named }, async ({ bridge, foreign, clock, emulator }) => {
    const context = contextOf()
    const may = async (name: string) => await bridge.bucketMayExist(name, context)
    // Made by the bridge, set by the operator, or no bucket's name: all of that is known here.
    assert.equal([await may(bucket), await may('album'), await may('No')], [true, true, false])
    assert.is(context.counter.upstreamCalls, 0)
    await foreign.createMountpoint('S3', 'found', contextOf())
    assert.equal(
      [await may('found'), await may('missing'), await may('other')],
      [true, false, false],
    )
    const { upstreamCalls } = context.counter
    assert.ok(upstreamCalls > 0)
    await foreign.createMountpoint('S3', 'later', contextOf())
    clock.nowMs += 9_999
    assert.is(await may('later'), false)
    await bridge.deleteBucket('found', contextOf())
    assert.is(await may('found'), false)
    assert.is(context.counter.upstreamCalls, upstreamCalls)
    clock.nowMs += 1
    const looking = may('later')
    assert.is(await may('missing'), true, 'unknown while the next look is under way')
    assert.equal([await looking, await may('missing')], [true, false])
    await foreign.createMountpoint('S3', 'latest', contextOf())
    clock.nowMs -= 3_600_000
    assert.is(await may('latest'), true, 'a clock that steps back makes no look last longer')

    clock.nowMs += 10_000
    emulator.faults.add({ kind: 'fail', status: 418, count: 1, match: { operation: 'device' } })
    assert.is(await codeOf(may('missing')), 'InternalError')
    const after = context.counter.upstreamCalls
    assert.is(await may('missing'), true, 'a look that failed is not repeated by each asker')
    assert.is(context.counter.upstreamCalls, after)
  })
})

test('the folder of the bridge is hidden, and no key reaches into it', async () => {
  await withWorld({}, async ({ bridge, foreign }) => {
    await storeForeign(foreign, placeOf(RESERVED_FOLDER, 'staging', 'x'), 'own')
    await put(bridge, 'x', 'content')
    assert.equal(await list(bridge), ['x'])
    assert.equal(await list(bridge, { delimiter: '/' }), ['x'])
    const own = `${RESERVED_FOLDER}/staging/x`
    for (const key of [own, own.toUpperCase()]) {
      assert.is(await codeOf(get(bridge, key)), 'NoSuchKey')
      assert.equal(await list(bridge, { prefix: key.slice(0, -1) }), [])
      await bridge.deleteObject({ bucket, key }, contextOf())
    }
    // As keys they are as good as any, and stored elsewhere.
    await put(bridge, own, 'mine')
    assert.is((await get(bridge, own)).toString(), 'mine')
    await bridge.deleteObject({ bucket, key: own }, contextOf())
    const entry = await foreign.stat(placeOf(RESERVED_FOLDER, 'staging', 'x'), contextOf())
    assert.is(entry?.deleted, false)
  })
})

test('what is set on a bucket stays with it, and goes with it', async () => {
  await withWorld({}, async ({ bridge, foreign, startAgain }) => {
    const context = contextOf()
    const set = (text: string | undefined, name = 'another') =>
      bridge.setBucketConfiguration({ bucket: name, name: 'cors', text }, context)
    const kept = async (from = bridge) => {
      const { created: _, ...set } = Object.fromEntries(await from.bucketConfigurations('another'))
      return set
    }
    assert.is(await codeOf(set('[]')), 'NoSuchBucket')
    assert.is(await codeOf(set('[]', 'No')), 'NoSuchBucket')
    await bridge.createBucket('another', context)
    await set('[1]')
    await set('[2]')
    assert.equal(await kept(await startAgain()), { cors: '[2]' })
    await set(undefined)
    assert.equal(await kept(), {})
    await set('[3]')
    await bridge.deleteBucket('another', context)
    assert.equal(await kept(), {})

    // A bucket that another program removed leaves nothing to the next one of its name.
    await bridge.createBucket('another', context)
    await set('[4]')
    await foreign.removeMountpoint('S3', 'another', 'permanent', context)
    await bridge.createBucket('another', context)
    assert.equal(await kept(), {})
  })
})

test('a failure of Jottacloud is an S3 error and nothing else', async () => {
  await withWorld({}, async ({ bridge, emulator, clock }) => {
    const faults: [status: number, code: string][] = [
      [503, 'ServiceUnavailable'],
      [429, 'SlowDown'],
      [403, 'AccessDenied'],
      [418, 'InternalError'],
    ]
    for (const [status, code] of faults) {
      emulator.faults.add({ kind: 'fail', status, count: 50, match: { operation: 'device' } })
      clock.nowMs += 60_000
      const acts = [
        () => bridge.listBuckets(contextOf()),
        () => bridge.headBucket(bucket, contextOf()),
      ]
      for (const act of acts) {
        const error = await act().then(
          () => undefined,
          (reason: unknown) => reason,
        )
        assert.instance(error, S3Error)
        assert.is((error as S3Error).code, code)
      }
      emulator.faults.clear()
    }
    emulator.faults.staleRefreshTokens()
    emulator.faults.expireAccessTokens()
    assert.is(await codeOf(bridge.listBuckets(contextOf())), 'ServiceUnavailable')
  })
})

test('a removal of a bucket that nobody waits for any more ends before the bucket is made again', async () => {
  await withWorld({}, async ({ bridge, emulator, startAgain }) => {
    const other = await startAgain()
    const removing = emulator.faults.hold({ operation: 'dl' })
    const leaving = new AbortController()
    const deleting = failureOf(bridge.deleteBucket(bucket, contextOf(leaving.signal)))
    await removing.reached()
    leaving.abort(new Error('the client went away'))
    const created = emulator.faults.count({ operation: 'createMountpoint' })
    const creating = codeOf(other.createBucket(bucket, contextOf()))
    // Time enough for it, were it not waiting.
    for (let look = 0; look < 20; look += 1) await other.listBuckets(contextOf())
    assert.is(emulator.faults.count({ operation: 'createMountpoint' }), created)
    removing.release()
    await deleting
    assert.is(await creating, 'no error')
    await put(other, 'key', 'new')
    assert.is((await get(bridge, 'key')).toString(), 'new')
  })
})

test.run()
