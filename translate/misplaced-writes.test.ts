// Writes that land under another key, since another device changes the letter case of a folder after it was looked at.
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
  put,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'

const test = suite('misplaced writes')

/** What another device does to `a/…`: afterwards there is `A`, with copies of `source` of these names. */
async function recase({ foreign, at }: World, ...names: readonly string[]): Promise<void> {
  await foreign.removeFolder(at('a'), 'permanent', contextOf())
  await foreign.createFolder(at('A'), contextOf())
  for (const name of names) await foreign.copyFile(at('source'), at('A', name), contextOf())
}

for (const versions of ['keep', 'none'] as const) {
  for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
    test(`a new key (${way}, versions ${versions}) is stored as itself, and not as a key of another casing`, async () => {
      await withWorld({ versions }, async (world) => {
        const { bridge, foreign, at } = world
        await put(bridge, 'a/seen', 'seen')
        await recase(world)
        const bytes = freshBytes(sizeBytes)
        for (const key of ['a/key', 'a/x/y/key']) {
          await put(bridge, key, bytes, { announceMd5, metadata: { user: { is: key } } })
          assert.ok((await get(bridge, key)).equals(bytes))
          assert.equal((await head(bridge, key)).metadata.user, { is: key })
        }
        assert.equal(await list(bridge), ['a/key', 'a/x/y/key'])
        const made = await foreign.stat(at('A', 'x'), contextOf())
        assert.ok(made === undefined || made.deleted, 'the folder that was made in the other one')
      })
    })
  }

  test(`a copy (versions ${versions}) is stored as itself`, async () => {
    await withWorld({ versions }, async (world) => {
      const { bridge } = world
      await put(bridge, 'a/seen', 'seen')
      await put(bridge, 'source', 'source')
      await recase(world)
      await bridge.copyObject(
        {
          ...{ bucket, key: 'a/key', source: { bucket, key: 'source' } },
          ...{ sourceConditions: {}, replaceMetadata: undefined },
        },
        contextOf(),
      )
      assert.equal(await list(bridge), ['a/key', 'source'])
      assert.is((await get(bridge, 'a/key')).toString(), 'source')
    })
  })

  for (const old of [undefined, 'old'] as const) {
    test(`what another device stores meanwhile (versions ${versions}, over ${old ?? 'nothing'}) stays as it was`, async () => {
      await withWorld({ versions }, async (world) => {
        const { bridge, emulator, foreign, at } = world
        await put(bridge, 'a/seen', 'seen')
        if (old !== undefined) await put(bridge, 'a/key', old)
        await storeForeign(foreign, at('source'), 'by hand')
        const held = emulator.faults.hold({ operation: 'allocate' })
        const putting = put(bridge, 'a/key', 'by S3')
        await held.reached()
        await recase(world, 'key')
        held.release()
        await putting
        assert.is((await get(bridge, 'A/key')).toString(), 'by hand')
        assert.is((await get(bridge, 'a/key')).toString(), 'by S3')
        assert.equal(await list(bridge), ['A/key', 'a/key', 'source'])
        const entry = await foreign.stat(at('A', 'key'), contextOf())
        assert.is(entry?.kind === 'file' && entry.current?.modified?.getUTCFullYear(), 2025)
      })
    })
  }
}

test('what comes back from the trash by it goes there again', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, emulator, at } = world
    await put(bridge, 'a/seen', 'seen')
    await put(bridge, 'a/key', 'old')
    await storeForeign(foreign, at('source'), 'by hand')
    await foreign.removeFile(at('a', 'key'), 'trash', contextOf())
    const held = emulator.faults.hold({ operation: 'allocate' })
    const putting = put(bridge, 'a/key', 'by S3')
    await held.reached()
    await recase(world, 'key')
    await foreign.removeFile(at('A', 'key'), 'trash', contextOf())
    held.release()
    await putting
    assert.equal(await list(bridge), ['a/key', 'source'])
    assert.is((await get(bridge, 'a/key')).toString(), 'by S3')
  })
})

test('what cannot be taken back is told', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, foreign, at } = world
    await put(bridge, 'a/seen', 'seen')
    await storeForeign(foreign, at('source'), 'by hand')
    const held = emulator.faults.hold({ operation: 'allocate' })
    const putting = codeOf(put(bridge, 'a/key', 'by S3'))
    await held.reached()
    await recase(world, 'key')
    // Its content is not known any more.
    emulator.faults.add({ kind: 'fail', status: 404, match: { operation: 'cphash' } })
    held.release()
    assert.is(await putting, 'KeyCaseConflict')
    assert.equal((await head(bridge, 'A/key')).metadata.user, {})
  })
})

/** Waits until a write of `a/key` has landed as `A/key` and is about to see that, for `meanwhile`. */
async function whileLanding(world: World, meanwhile: () => Promise<unknown>): Promise<string> {
  const { bridge, emulator } = world
  await put(bridge, 'a/seen', 'seen')
  const allocating = emulator.faults.hold({ operation: 'allocate' })
  const putting = codeOf(
    put(bridge, 'a/key', freshBytes(1000), { metadata: { user: { my: 'own' } } }),
  )
  await allocating.reached()
  await recase(world)
  const pathPrefix = `/jfs/${emulator.username}/S3/${bucket}/a/key`
  const looking = emulator.faults.hold({ operation: 'stat', pathPrefix }, 'after')
  allocating.release()
  await looking.reached()
  await meanwhile()
  looking.release()
  return await putting
}

test('a write that is not to be found is not said to be stored', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, at } = world
    const code = await whileLanding(world, async () => {
      await foreign.moveFile(at('A', 'key'), at('on the way'), contextOf())
    })
    assert.is(code, 'ServiceUnavailable')
    await put(bridge, 'a/key', 'again')
    assert.is((await get(bridge, 'a/key')).toString(), 'again')
  })
})

test('a write whose folder has its old casing again is stored where it is', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, foreign, at } = world
    const code = await whileLanding(world, async () => {
      await foreign.moveFile(at('A', 'key'), at('on the way'), contextOf())
      await foreign.removeFolder(at('A'), 'permanent', contextOf())
      await foreign.createFolder(at('a'), contextOf())
      await foreign.moveFile(at('on the way'), at('a', 'key'), contextOf())
    })
    assert.is(code, 'no error')
    assert.equal(await list(bridge), ['a/key'])
    assert.equal((await head(bridge, 'a/key')).metadata.user, { my: 'own' })
    assert.is(emulator.faults.count({ operation: 'dl' }), 0)
  })
})

test.run()
