// What a listing of a prefix asks Jottacloud: where the prefix is, and then what is there.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { JottaClient } from '../jotta/client.ts'
import {
  bucket,
  codeOf,
  contextOf,
  get,
  list,
  placeOf,
  put,
  storeForeign,
  withWorld,
} from './acts.test-support.ts'
import type { ListObjectsInput } from './bridge.ts'
import { createFolderFacts } from './folder-facts.ts'
import { shardFolders } from './key-folder.ts'
import { createKeyPlaces } from './key-places.ts'
import { currentEncoding } from './name-encoding.ts'
import { createParentFolders } from './parent-folders.ts'
import { segmentNames } from './segment-name.ts'
import type { LeaseHeld } from './state/records.ts'

const test = suite('looks for a prefix')

const folderOfThree: Partial<ListObjectsInput> = { prefix: 'a/b/c/', delimiter: '/' }

test('a folder that is listed again within half a minute is one call', async () => {
  await withWorld({}, async ({ bridge, foreign, clock }) => {
    await storeForeign(foreign, placeOf('a', 'b', 'c', 'theirs'), 'theirs')
    // What is asked once of every bucket is over then.
    assert.is(await codeOf(get(bridge, 'none')), 'NoSuchKey')
    const callsOf = async (): Promise<number> => {
      const context = contextOf()
      const input = {
        bucket,
        prefix: '',
        delimiter: '',
        after: '',
        maxKeys: 1000,
        cursor: undefined,
      }
      const { entries } = await bridge.listObjects({ ...input, ...folderOfThree }, context)
      assert.is(entries.length, 1)
      return context.counter.upstreamCalls
    }
    // The folder, what else each of the three may be, a tagged name, and the shards that either may be in.
    assert.is(await callsOf(), 1 + 3 * 3 + 1)
    clock.nowMs += 5_000
    assert.is(await callsOf(), 1)
    clock.nowMs += 31_000
    assert.ok((await callsOf()) > 1)
  })
})

test('all that a prefix may be as well is asked for at once', async () => {
  await withWorld({}, async ({ foreign, state, clock }) => {
    await storeForeign(foreign, placeOf('a', 'b', 'c', 'theirs'), 'theirs')
    const everyOther = 3 * 3
    let asked = 0
    const allAsked = Promise.withResolvers<void>()
    const stat: JottaClient['stat'] = async (location, options) => {
      if (location.path.join('/') === 'a/b/c') return await foreign.stat(location, options)
      asked += 1
      if (asked === everyOther) allAsked.resolve()
      // With one after the other this would never go on.
      await allAsked.promise
      return await foreign.stat(location, options)
    }
    const jotta = { ...foreign, stat }
    const now = (): number => clock.nowMs
    const places = createKeyPlaces({
      ...{ jotta, now, folderMaxEntries: 5000 },
      newFolders: { making: () => undefined },
      parents: createParentFolders(jotta, now),
      facts: createFolderFacts(jotta, state.folders, now),
    })
    const place = { root: placeOf(), encoding: currentEncoding }
    const found = await Array.fromAsync(places.findFolders(place, 'a/b/c/', contextOf()))
    assert.equal(
      found.map(({ location }) => location.path),
      [['a', 'b', 'c']],
    )
    assert.is(asked, everyOther)
  })
})

test('a long way is not asked for at once', async () => {
  await withWorld({}, async ({ bridge }) => {
    await put(bridge, `${'x/'.repeat(400)}key`, 'deep')
    const context = contextOf()
    const input = { bucket, delimiter: '/', after: '', maxKeys: 1000, cursor: undefined }
    const page = await bridge.listObjects({ ...input, prefix: 'x/'.repeat(400) }, context)
    assert.is(page.entries.length, 1)
  })
})

const moved = {
  'a tagged folder': [segmentNames('a', 'folder', currentEncoding).irregular[0] ?? '', 'new'],
  'a shard': [...shardFolders('a').slice(0, 1), 'a', 'new'],
}
for (const [what, names] of Object.entries(moved)) {
  test(`${what} that was looked for in vain is found when another process says so, or later`, async () => {
    await withWorld({}, async ({ bridge, foreign, state, clock, startAgain }) => {
      await storeForeign(foreign, placeOf('a', 'theirs'), 'theirs')
      const query = { prefix: 'a/', delimiter: '/' }
      assert.equal(await list(bridge, query), ['a/theirs'])
      await storeForeign(foreign, placeOf(...names), 'new')
      // What others move here is not seen at once by who has just looked.
      assert.equal(await list(bridge, query), ['a/theirs'])
      assert.equal(await list(await startAgain(), query), ['a/new', 'a/theirs'])
      const isShard = what === 'a shard'
      const mark = { place: `S3/${bucket}`, isIrregular: !isShard, isShard }
      await state.folders.mark([mark], clock.nowMs)
      assert.equal(await list(bridge, query), ['a/new', 'a/theirs'])
      await state.folders.forget(`S3/${bucket}`)
      assert.equal(await list(bridge, query), ['a/theirs'])
      clock.nowMs += 31_000
      assert.equal(await list(bridge, query), ['a/new', 'a/theirs'])
    })
  })
}

for (const [what, names] of Object.entries(moved)) {
  test(`a write that misses ${what} that another device has just moved there hides and loses nothing new`, async () => {
    const theirs = [...names.slice(0, -1), 'key']
    for (const versions of ['keep', 'none'] as const) {
      await withWorld({ versions }, async (world) => {
        const { bridge, foreign, clock, startAgain, startElsewhere } = world
        await storeForeign(foreign, placeOf('a', 'theirs'), 'theirs')
        const query = { prefix: 'a/', delimiter: '/' }
        assert.equal(await list(bridge, query), ['a/theirs'])
        await storeForeign(foreign, placeOf(...theirs), 'moved here')
        const expectOf = async (content: string): Promise<void> => {
          for (const each of [bridge, await startAgain(), await startElsewhere()]) {
            assert.is((await get(each, 'a/key')).toString(), content)
            for (const listed of [await list(each), await list(each, query)]) {
              assert.equal(listed, ['a/key', 'a/theirs'])
            }
            const input = { bucket, prefix: 'a/k', after: '', maxKeys: 9, cursor: undefined }
            for (const delimiter of ['', '/']) {
              const { entries } = await each.listObjects({ ...input, delimiter }, contextOf())
              const sizes = entries.map((entry) => entry.kind === 'object' && entry.sizeBytes)
              assert.equal(sizes, [content.length], delimiter)
            }
          }
        }
        await put(bridge, 'a/key', 'new')
        await expectOf('new')
        clock.nowMs += 31_000
        await expectOf('new')
        await put(bridge, 'a/key', 'newer')
        await expectOf('newer')
        // The one that is shown is deleted, and what was moved here is still whole.
        await bridge.deleteObject({ bucket, key: 'a/key' }, contextOf())
        await expectOf('moved here')
        await bridge.deleteObject({ bucket, key: 'a/key' }, contextOf())
        assert.equal(await list(bridge), ['a/theirs'])
      })
    }
  })
}

test('a write looks for what its folders may have as well once in half a minute', async () => {
  await withWorld({}, async ({ bridge, foreign, clock }) => {
    await storeForeign(foreign, placeOf('a', 'b', 'c', 'theirs'), 'theirs')
    const callsOf = async (name: string): Promise<number> => {
      const context = contextOf()
      await put(bridge, `a/b/c/${name}`, name, { context })
      return context.counter.upstreamCalls
    }
    await callsOf('first')
    // The key's own place, and three for the content.
    assert.is(await callsOf('second'), 4)
    clock.nowMs += 29_000
    // And whether the bucket is still there.
    assert.is(await callsOf('third'), 5)
    clock.nowMs += 2_000
    assert.is(await callsOf('fourth'), 4 + 3 * 3)
    assert.is(await callsOf('fifth'), 4)
  })
})

test('what another process put beside a folder that could not be made for certain is found and deleted', async () => {
  await withWorld({}, async ({ bridge, emulator, startAgain }) => {
    const [other, reader] = [await startAgain(), await startAgain()]
    // It is carried out, and nobody is told.
    const pathPrefix = `/jfs/${emulator.username}/S3/${bucket}/new/er`
    const match = { operation: 'mkDir', pathPrefix } as const
    const making = emulator.faults.hold(match, 'after')
    emulator.faults.failNext({ status: 400, when: 'after', match })
    const failing = codeOf(put(bridge, 'new/er/key', 'never'))
    await making.reached()
    await put(other, 'new/name/key', 'lower')
    assert.equal(await list(reader, { prefix: 'new/NAME/', delimiter: '/' }), [])
    await put(other, 'new/NAME/key', 'upper')
    making.release()
    assert.is(await failing, 'InvalidArgument')
    assert.equal(await list(reader, { prefix: 'new/NAME/', delimiter: '/' }), ['new/NAME/key'])
    assert.is((await get(reader, 'new/NAME/key')).toString(), 'upper')
    await reader.deleteObject({ bucket, key: 'new/NAME/key' }, contextOf())
    assert.equal(await list(other), ['new/name/key'])
  })
})

test('nothing is forgotten by a process that stood still while it made folders', async () => {
  await withWorld({}, async ({ bridge, state, clock, startAgain }) => {
    const [other, reader] = [await startAgain(), await startAgain()]
    const { renew } = state.leases
    Object.assign(state.leases, {
      async renew(held: LeaseHeld) {
        Object.assign(state.leases, { renew })
        clock.nowMs += 31_000
        await put(other, 'new/name/key', 'lower')
        assert.equal(await list(reader, { prefix: 'new/NAME/', delimiter: '/' }), [])
        await put(other, 'new/NAME/key', 'upper')
        return await renew({ ...held, expiresMs: clock.nowMs + 30_000 })
      },
    })
    const late = await codeOf(put(bridge, 'new/er/key', 'late'))
    for (const each of [reader, other, await startAgain()]) {
      assert.is((await get(each, 'new/NAME/key')).toString(), 'upper')
    }
    assert.is(late, 'ServiceUnavailable')
  })
})

test('a clock that steps back hides nothing for longer', async () => {
  await withWorld({}, async ({ bridge, foreign, clock }) => {
    await storeForeign(foreign, placeOf('a', 'theirs'), 'theirs')
    const query = { prefix: 'a/', delimiter: '/' }
    assert.equal(await list(bridge, query), ['a/theirs'])
    await storeForeign(foreign, placeOf(...moved['a shard']), 'new')
    clock.nowMs -= 3_600_000
    assert.equal(await list(bridge, query), ['a/new', 'a/theirs'])
  })
})

test.run()
