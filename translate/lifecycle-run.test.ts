// Lifecycle rules carried out on a real local Jottacloud: what goes, and above all what stays.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  failureOf,
  get,
  list,
  put,
  storeForeign,
  type World,
  withWorld,
} from './acts.test-support.ts'
import type { LifecycleFilter, LifecycleRule } from './lifecycle-rules.ts'

const test = suite('lifecycle run')

const dayMs = 24 * 60 * 60_000
const noPause = async (): Promise<void> => {}

function rule(
  more: Partial<LifecycleRule> = { expiration: { days: 30 } },
  filter: Partial<LifecycleFilter> = {},
): LifecycleRule {
  return { id: 'r', status: 'Enabled', filter: { form: 'filter', tags: [], ...filter }, ...more }
}

async function setRules({ bridge }: World, rules: readonly LifecycleRule[]): Promise<void> {
  const text = JSON.stringify({ rules, minimumSize: 'all_storage_classes_128K' })
  await bridge.setBucketConfiguration({ bucket, name: 'lifecycle', text }, contextOf())
}

async function run({ bridge }: World, pause: (before: string) => Promise<void> = noPause) {
  return await bridge.runLifecycle({ pause }, contextOf())
}

test('what is due goes to the trash, and everything else stays', async () => {
  for (const deleteMode of ['trash', 'permanent'] as const) {
    await withWorld({ deleteMode }, async (world) => {
      const { bridge, clock, foreign, at } = world
      await setRules(world, [rule({ expiration: { days: 30 } }, { prefix: 'logs/' })])
      for (const key of ['logs/old', 'logs/deep/old', 'log', 'other']) await put(bridge, key, key)
      clock.nowMs += 20 * dayMs
      await put(bridge, 'logs/young', 'young')
      clock.nowMs += 10 * dayMs
      assert.is((await run(world)).objectsExpired, 0, 'not before the midnight')
      clock.nowMs += dayMs
      const counts = await run(world)
      assert.equal([counts.objectsExpired, counts.failures], [2, 0])
      assert.equal(await list(bridge), ['log', 'logs/young', 'other'])
      const entry = await foreign.stat(at('logs', 'old'), contextOf())
      assert.equal([entry?.kind, entry?.deleted], ['file', true], deleteMode)
      assert.is((await run(world)).objectsExpired, 0)
    })
  }
})

test('tags and sizes are those of the object at that moment', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock } = world
    const tags = [{ key: 'keep', value: 'no' }]
    await setRules(world, [
      rule({ id: 'tag', expiration: { days: 1 } }, { tags }),
      rule({ id: 'size', expiration: { days: 1 } }, { sizeGreaterThanBytes: 5 }),
    ])
    for (const key of ['tagged', 'untagged', 'retagged']) await put(bridge, key, 'x')
    await put(bridge, 'large', 'large.')
    const tag = async (key: string, wanted: typeof tags) =>
      await bridge.putObjectTagging({ bucket, key, tags: wanted }, contextOf())
    await tag('tagged', tags)
    await tag('retagged', tags)
    await tag('retagged', [{ key: 'keep', value: 'yes' }])
    clock.nowMs += 3 * dayMs
    const counts = await run(world)
    assert.equal(await list(bridge), ['retagged', 'untagged'])
    assert.equal([counts.objectsExpired, counts.objectsKept], [2, 2])
  })
})

test('an old time that came with an upload makes nothing old', async () => {
  await withWorld({ modifiedFrom: 'mtime' }, async (world) => {
    const { bridge, clock, foreign, at } = world
    await setRules(world, [rule({ expiration: { days: 30 } })])
    await put(bridge, 'restored', 'x', { metadata: { user: { mtime: '1000000000' } } })
    await storeForeign(foreign, at('synced'), 'from another device, with the time of its file')
    const counts = await run(world)
    assert.equal([counts.objectsExpired, counts.objectsKept], [0, 2])
    assert.equal(await list(bridge), ['restored', 'synced'])
    clock.nowMs += 32 * dayMs
    assert.is((await run(world)).objectsExpired, 2)
  })
})

test('an object that is written anew after it was listed stays', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock } = world
    await setRules(world, [rule({ expiration: { days: 1 } })])
    for (const key of ['a', 'b', 'c']) await put(bridge, key, 'old')
    clock.nowMs += 3 * dayMs
    let removals = 0
    const counts = await run(world, async (before) => {
      if (before !== 'removal') return
      removals += 1
      if (removals === 1) await put(bridge, 'a', 'new')
      // The same content again: as young as any other.
      if (removals === 2) await put(bridge, 'b', 'old')
    })
    assert.equal([counts.objectsExpired, counts.objectsKept], [1, 2])
    assert.is((await get(bridge, 'a')).toString(), 'new')
    assert.equal(await list(bridge), ['a', 'b'])
  })
})

test('rules that are gone, off or changed after the listing remove nothing', async () => {
  const changes: ((world: World) => Promise<void>)[] = [
    async ({ bridge }) =>
      await bridge.setBucketConfiguration(
        { bucket, name: 'lifecycle', text: undefined },
        contextOf(),
      ),
    (world) => setRules(world, [rule({ status: 'Disabled', expiration: { days: 1 } })]),
    (world) => setRules(world, [rule({ expiration: { days: 1 } }, { prefix: 'other' })]),
    (world) => setRules(world, [rule({ expiration: { days: 300 } })]),
  ]
  for (const change of changes) {
    await withWorld({}, async (world) => {
      await setRules(world, [rule({ expiration: { days: 1 } })])
      await put(world.bridge, 'a', 'x')
      world.clock.nowMs += 3 * dayMs
      const counts = await run(world, async (before) => {
        if (before === 'removal') await change(world)
      })
      assert.equal([counts.objectsExpired, counts.objectsKept], [0, 1])
      assert.equal(await list(world.bridge), ['a'])
    })
  }
})

test('rules that cannot be read remove nothing, and the operator is told', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock, warnings } = world
    await put(bridge, 'a', 'x')
    clock.nowMs += 400 * dayMs
    for (const text of ['', '{', '[]', '{"rules":[{"expiration":{"days":1}}]}']) {
      await bridge.setBucketConfiguration({ bucket, name: 'lifecycle', text }, contextOf())
      const counts = await run(world)
      assert.equal([counts.objectsExpired, counts.failures], [0, 1], text)
      assert.match(warnings.at(-1)?.message ?? '', 'lifecycle rules of the bucket bucket')
    }
    assert.equal(await list(bridge), ['a'])
  })
})

test('a listing that fails removes nothing, and the next bucket has its turn', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock, emulator } = world
    const another = 'another'
    await bridge.createBucket(another, contextOf())
    const rules = [rule({ expiration: { days: 1 } })]
    await setRules(world, rules)
    const text = JSON.stringify({ rules, minimumSize: 'all_storage_classes_128K' })
    const input = { bucket: another, name: 'lifecycle', text } as const
    await bridge.setBucketConfiguration(input, contextOf())
    await put(bridge, 'folder/a', 'x')
    await bridge.putObject(
      { bucket: another, key: 'a', body: bodyOf('x'), metadata: { user: {} }, conditions: {} },
      contextOf(),
    )
    clock.nowMs += 3 * dayMs
    emulator.faults.add({ kind: 'fail', status: 403, match: { operation: 'stat' } })
    const counts = await run(world)
    assert.equal([counts.buckets, counts.objectsExpired, counts.failures], [2, 1, 1])
    assert.equal(await list(bridge, { bucket: another }), ['a'])
    assert.is((await run(world)).objectsExpired, 1)
  })
})

test('with a clock that is not Jottacloud\u2019s the run ends before anything is removed', async () => {
  for (const jumpMs of [20 * 60_000, 400 * dayMs, -20 * 60_000]) {
    await withWorld({}, async (world) => {
      const { bridge, clock } = world
      await setRules(world, [rule({ expiration: { days: 1 } })])
      await put(bridge, 'a', 'x')
      clock.nowMs += 3 * dayMs
      // Nothing is asked of Jottacloud between the jump and the look at the clocks.
      const failure = await failureOf(
        run(world, async (before) => {
          if (before === 'removal') clock.nowMs += jumpMs
        }),
      )
      assert.match(failure?.message ?? '', /minutes apart/)
      assert.equal(await list(bridge), ['a'])
    })
  }
})

test('stale uploads are given up, and young ones and those of other keys are not', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock, spool, state } = world
    await setRules(world, [rule({ abortUploadsAfterDays: 3 }, { prefix: 'big/' })])
    const begin = async (key: string) => {
      const more = { metadata: { user: {} }, checksumAlgorithm: undefined, checksumType: undefined }
      const input = { bucket, key, ...more }
      const { uploadId } = await bridge.createMultipartUpload(input, contextOf())
      const part = { bucket, key, uploadId, partNumber: 1, body: bodyOf('part') }
      await bridge.uploadPart(part, contextOf())
      return uploadId
    }
    const stale = await begin('big/stale')
    await begin('small')
    clock.nowMs += 3 * dayMs
    await begin('big/young')
    assert.is((await run(world)).uploadsAborted, 0)
    clock.nowMs += dayMs
    assert.is((await run(world)).uploadsAborted, 1)
    const options = { prefix: '', keyMarker: '', uploadIdMarker: '', limit: 10 }
    const left = (await state.uploads.list(bucket, options)).map(({ key }) => key)
    assert.equal(left, ['big/young', 'small'])
    const parts = { bucket, key: 'big/stale', uploadId: stale, afterPartNumber: 0, maxParts: 1 }
    assert.is(await codeOf(bridge.listParts(parts, contextOf())), 'NoSuchUpload')
    let files = 0
    for await (const _ of spool.partFiles(new Date(8640000000000000))) files += 1
    assert.is(files, 2)
  })
})

test('a bucket that is gone fails by itself, and stopping ends the run at once', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, clock } = world
    await setRules(world, [rule({ expiration: { days: 1 } })])
    for (const key of ['a', 'b']) await put(bridge, key, 'x')
    clock.nowMs += 3 * dayMs
    const stopping = new AbortController()
    const pause = async (before: string) => {
      if (before === 'removal') stopping.abort(new Error('stopped'))
    }
    const stopped = await failureOf(bridge.runLifecycle({ pause }, contextOf(stopping.signal)))
    assert.is(stopped?.message, 'stopped')
    assert.equal(await list(bridge), ['a', 'b'])
    await foreign.removeMountpoint('S3', bucket, 'trash', contextOf())
    clock.nowMs += 60_000
    assert.equal((await run(world)).failures, 1)
  })
})

test('objects that cannot be removed keep the rules from those after them for a day, and not for good', async () => {
  await withWorld({}, async (world) => {
    const { bridge, clock, emulator } = world
    await setRules(world, [
      rule({ expiration: { days: 1 } }, { prefix: 'b' }),
      rule({ id: 'z', expiration: { days: 1 } }, { prefix: 'z' }),
    ])
    for (let n = 0; n < 25; n += 1) await put(bridge, `bad/${n}`, 'content')
    for (const key of ['b', 'beyond', 'z']) await put(bridge, key, 'content')
    clock.nowMs += 3 * dayMs
    const match = { method: 'POST', pathPrefix: `/jfs/${emulator.username}/S3/${bucket}/bad` }
    emulator.faults.add({ kind: 'fail', status: 503, count: 9999, match })
    const outcome = async () => {
      const { objectsExpired, failures } = await run(world)
      return [objectsExpired, failures]
    }
    assert.equal(await outcome(), [1, 21])
    assert.equal(await outcome(), [2, 4])
    assert.equal(await outcome(), [0, 21], 'from the first again')
    emulator.faults.clear()
    assert.equal(await outcome(), [4, 0])
    assert.equal(await outcome(), [21, 0])
    assert.equal(await list(bridge), [])
  })
})

test.run()
