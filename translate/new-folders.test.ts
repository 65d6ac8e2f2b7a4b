// Folders that a write made and nothing came into: a failed write leaves none of them, and removes none that
// anybody else has, or has something in.
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Match, Rule } from '../jotta/emulator/emulator.ts'
import {
  bodyOf,
  bucket,
  chunksOf,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  get,
  list,
  md5Of,
  placeOf,
  put,
  reachedBy,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import type { Bridge } from './bridge.ts'
import { createFolderFacts } from './folder-facts.ts'
import { createKeyPlaces } from './key-places.ts'
import { currentEncoding } from './name-encoding.ts'
import { createNewFolders, type NewFoldersParts } from './new-folders.ts'
import { createParentFolders } from './parent-folders.ts'
import { S3Error } from './s3-error.ts'

const test = suite('new folders')

/** Live entries of a place and all below it, as Jottacloud has them, but for the bridge's own. */
async function tree(foreign: JottaClient, at: Location): Promise<string[]> {
  const found: string[] = []
  for await (const { kind, name, deleted } of foreign.list(at, contextOf())) {
    if (deleted || name.startsWith('\u201bjotta-s3')) continue
    if (kind === 'file') found.push(name)
    else {
      const below = await tree(foreign, { ...at, path: [...at.path, name] })
      found.push(`${name}/`, ...below.map((path) => `${name}/${path}`))
    }
  }
  return found.sort()
}

const prefixes = (bridge: Bridge, prefix = ''): Promise<string[]> =>
  list(bridge, { prefix, delimiter: '/' })

/** Keys that need folders of every kind: plain ones, tagged ones, pieces of a long name. */
const newKeys = ['new/key', 'new/er/still/key', 'OLD/key', `${'x'.repeat(400)}/key`, 'new//key']

/** `fail` writes to the key, and fails. Nothing of it is left, and the next write goes well. */
async function expectNothingLeft(
  world: World,
  fail: (key: string) => Promise<unknown>,
): Promise<void> {
  const { at, bridge, foreign, emulator, warnings } = world
  await put(bridge, 'old/key', 'old')
  const before = await tree(foreign, at())
  for (const key of newKeys) {
    await fail(key)
    emulator.faults.clear()
    assert.equal(await prefixes(bridge), ['old/'], key)
    assert.equal(await tree(foreign, at()), before, key)
    await put(bridge, key, 'and then')
    assert.is((await get(bridge, key)).toString(), 'and then')
    await bridge.deleteObject({ bucket, key }, contextOf())
    assert.equal(await tree(foreign, at()), before, key)
  }
  assert.equal(warnings, [])
}

const refusals: [what: string, rule: Rule, code: string][] = [
  ['wrong bytes', { kind: 'fail', status: 421, match: { operation: 'upload' } }, 'InternalError'],
  [
    'a full account',
    { kind: 'fail', status: 460, match: { operation: 'upload' } },
    'QuotaExceeded',
  ],
  [
    'no allocation',
    { kind: 'fail', status: 400, match: { operation: 'allocate' } },
    'InvalidArgument',
  ],
  ['cuts', { kind: 'cut', count: 99, match: { operation: 'upload' } }, 'ServiceUnavailable'],
  ['cuts in the body', { kind: 'cutUpload', afterBytes: 0, count: 99 }, 'ServiceUnavailable'],
  ['no folder', { kind: 'fail', status: 400, match: { operation: 'mkDir' } }, 'InvalidArgument'],
  [
    'a folder that is said not to be made',
    { kind: 'fail', status: 400, when: 'after', match: { operation: 'mkDir' } },
    'InvalidArgument',
  ],
]
for (const [what, rule, code] of refusals) {
  test(`a PUT into new folders that fails by ${what} leaves none of them`, async () => {
    for (const { sizeBytes } of waysOfPut.slice(0, 2)) {
      await withWorld({}, async (world) => {
        await expectNothingLeft(world, async (key) => {
          world.emulator.faults.add(rule)
          assert.is(await codeOf(put(world.bridge, key, freshBytes(sizeBytes))), code, key)
        })
      })
    }
  })
}

test('wherever a bucket is, and however it keeps versions, a PUT that fails leaves no new folder', async () => {
  for (const options of [{ layout: 'alias' }, { layout: 'folder', versions: 'none' }] as const) {
    await withWorld(options, async (world) => {
      await expectNothingLeft(world, async (key) => {
        world.emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
        assert.is(await codeOf(put(world.bridge, key, freshBytes(9))), 'QuotaExceeded')
      })
    })
  }
})

test('a PUT that went straight through and cannot be put in its new folders leaves none of them', async () => {
  await withWorld({}, async (world) => {
    await expectNothingLeft(world, async (key) => {
      world.emulator.faults.failNext({ status: 400, match: { operation: 'cphash' } })
      const putting = put(world.bridge, key, freshBytes(200_000), { announceMd5: true })
      assert.is(await codeOf(putting), 'InvalidArgument')
    })
  })
})

test('a PUT whose client goes away leaves no new folder', async () => {
  const cases: [match: Match, sizeBytes: number, announceMd5: boolean][] = [
    [{ operation: 'mkDir' }, 9, false],
    [{ operation: 'allocate' }, 9, false],
    [{ operation: 'upload' }, 6_000_000, false],
    [{ operation: 'cphash' }, 200_000, true],
  ]
  for (const [match, sizeBytes, announceMd5] of cases) {
    await withWorld({}, async (world) => {
      await expectNothingLeft(world, async (key) => {
        const leaving = new AbortController()
        const reached = world.emulator.faults.hold(match)
        const context = contextOf(leaving.signal)
        const putting = put(world.bridge, key, freshBytes(sizeBytes), { announceMd5, context })
        const failing = failureOf(putting)
        await reached.reached()
        // What stores the whole object is waited for, and would: here it is refused.
        if (match.operation === 'cphash') world.emulator.faults.failNext({ status: 400, match })
        leaving.abort(new Error('the client went away'))
        reached.release()
        assert.is((await failing)?.message, 'the client went away')
      })
    })
  }
})

test('a body that proves false leaves no new folder', async () => {
  await withWorld({}, async (world) => {
    await expectNothingLeft(world, async (key) => {
      for (const { sizeBytes, announceMd5 } of waysOfPut) {
        const bytes = freshBytes(sizeBytes)
        const arriving = async function* () {
          yield* chunksOf(bytes)
          await setImmediate()
          throw new S3Error('BadDigest')
        }
        const stream = Readable.from(arriving(), { objectMode: false })
        const failing = put(world.bridge, key, bytes, { announceMd5, stream })
        assert.is(await codeOf(failing), 'BadDigest')
        const wrong = put(world.bridge, key, bytes, { md5: md5Of('another') })
        assert.is(await codeOf(wrong), 'BadDigest')
      }
    })
  })
})

test('a copy that fails leaves no new folder, and one on a false condition makes none', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    const copy = (key: string, conditions = {}) =>
      bridge.copyObject(
        {
          ...{ bucket, key, conditions, source: { bucket, key: 'old/key' } },
          ...{ sourceConditions: {}, replaceMetadata: undefined },
        },
        contextOf(),
      )
    await expectNothingLeft(world, async (key) => {
      emulator.faults.failNext({ status: 403, match: { operation: 'cphash' } })
      assert.is(await codeOf(copy(key)), 'AccessDenied')
      emulator.faults.clear()
      assert.is(await codeOf(copy(key, { ifMatch: ['*'] })), 'NoSuchKey')
      assert.is(emulator.faults.count({ operation: 'mkDir' }), 0)
    })
  })
})

test('a completion that fails leaves no new folder, and one on a false condition makes none', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator } = world
    await expectNothingLeft(world, async (key) => {
      const { uploadId } = await bridge.createMultipartUpload(
        {
          ...{ bucket, key, metadata: { user: {} } },
          ...{ checksumAlgorithm: undefined, checksumType: undefined },
        },
        contextOf(),
      )
      const address = { bucket, key, uploadId }
      const body = bodyOf(freshBytes(90_000))
      const { etag } = await bridge.uploadPart({ ...address, partNumber: 1, body }, contextOf())
      const parts = [{ partNumber: 1, etag, checksums: {} }]
      const complete = (conditions = {}) =>
        bridge.completeMultipartUpload({ ...address, parts, conditions }, contextOf())
      emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
      assert.is(await codeOf(complete()), 'QuotaExceeded')
      emulator.faults.clear()
      assert.is(await codeOf(complete({ ifMatch: ['*'] })), 'NoSuchKey')
      assert.is(emulator.faults.count({ operation: 'mkDir' }), 0)
    })
  })
})

/** A copy of `source` to the key, whose folders are made, that waits for its file, and then fails or not. */
async function heldCopy({ emulator }: World, bridge: Bridge, key: string) {
  const path = `/jfs/${emulator.username}/S3/${bucket}/${key}`
  const match = { operation: 'cphash', pathPrefix: path } as const
  const storing = emulator.faults.hold(match)
  const copying = codeOf(
    bridge.copyObject(
      {
        ...{ bucket, key, source: { bucket, key: 'source' } },
        ...{ sourceConditions: {}, replaceMetadata: undefined },
      },
      contextOf(),
    ),
  )
  await storing.reached()
  return {
    async end(how: 'fail' | 'succeed'): Promise<void> {
      if (how === 'fail') emulator.faults.failNext({ status: 403, match })
      storing.release()
      assert.is(await copying, how === 'fail' ? 'AccessDenied' : 'no error', key)
    },
  }
}

test('of two writers into one new folder one fails, and the object of the other is there and listed', async () => {
  for (const processes of [1, 2]) {
    for (const failing of ['first', 'second'] as const) {
      for (const order of ['first', 'second', 'both at once'] as const) {
        await withWorld({}, async (world) => {
          const { bridge, foreign, startAgain } = world
          const other = processes === 1 ? bridge : await startAgain()
          await put(bridge, 'source', 'content')
          const first = await heldCopy(world, bridge, 'new/er/first')
          const second = await heldCopy(world, other, 'new/er/second')
          const ends = {
            first: () => first.end(failing === 'first' ? 'fail' : 'succeed'),
            second: () => second.end(failing === 'second' ? 'fail' : 'succeed'),
          }
          if (order === 'both at once') await Promise.all([ends.first(), ends.second()])
          else {
            const earlier = ends[order]()
            const isAlone = processes === 1 || failing !== order
            // Else it waits for the other one to leave the folder.
            if (isAlone) await earlier
            await ends[order === 'first' ? 'second' : 'first']()
            await earlier
          }
          const kept = `new/er/${failing === 'first' ? 'second' : 'first'}`
          for (const each of [bridge, other]) {
            assert.equal(await prefixes(each), ['new/', 'source'])
            assert.equal(await list(each), [kept, 'source'])
            assert.is((await get(each, kept)).toString(), 'content')
          }
          const live = await foreign.stat(placeOf(...kept.split('/')), contextOf())
          assert.is(live?.deleted, false)
        })
      }
    }
  }
})

test('a process that has seen a new folder writes into it when another one has removed it', async () => {
  for (const trashedFolderReuse of ['revive', 'rename'] as const) {
    await withWorld({ emulator: { trashedFolderReuse } }, async (world) => {
      const { bridge, startAgain } = world
      const other = await startAgain()
      await put(bridge, 'source', 'content')
      const writer = await heldCopy(world, bridge, 'new/er/key')
      assert.is(await codeOf(get(other, 'new/er/other')), 'NoSuchKey')
      assert.equal(await prefixes(other), ['new/', 'source'])
      await writer.end('fail')
      assert.equal(await prefixes(other), ['source'])
      await put(other, 'new/er/other', 'other')
      for (const each of [bridge, other]) {
        assert.equal(await list(each), ['new/er/other', 'source'])
        assert.equal(await prefixes(each, 'new/er/'), ['new/er/other'])
        assert.is((await get(each, 'new/er/other')).toString(), 'other')
      }
    })
  }
})

test('of writers into one new folder that all fail, the last one leaves nothing', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, emulator } = world
    await put(bridge, 'source', 'content')
    const writers = []
    for (const key of ['new/a', 'new/b', 'new/er/c', 'new/er/d']) {
      writers.push(await heldCopy(world, bridge, key))
    }
    // The one that made it first.
    for (const writer of writers) await writer.end('fail')
    assert.equal(await prefixes(bridge), ['source'])
    assert.equal(await tree(foreign, placeOf()), ['source'])
    // None waited for the others.
    assert.is(emulator.faults.count({ operation: 'dlDir' }), 2)
  })
})

test('what uploads that failed left in a new folder does not keep it', async () => {
  await withWorld({}, async ({ bridge, foreign, emulator }) => {
    const sending = emulator.faults.hold({ operation: 'upload' })
    emulator.faults.add({ kind: 'fail', status: 460, count: 4, match: { operation: 'upload' } })
    const keys = ['new/a', 'new/b', 'new/er/c', 'new/er/d']
    const puts = keys.map((key) => codeOf(put(bridge, key, freshBytes(9))))
    await sending.reached(keys.length)
    sending.release()
    assert.equal(
      await Promise.all(puts),
      keys.map(() => 'QuotaExceeded'),
    )
    assert.equal(await tree(foreign, placeOf()), [])
  })
})

test('many writers into new folders, of which every other fails, lose nothing and leave nothing', async () => {
  await withWorld({}, async (world) => {
    const { bridge, emulator, startAgain } = world
    const bridges = [bridge, await startAgain()]
    const kept = new Set<string>()
    for (let round = 0; round < 6; round += 1) {
      const puts = Array.from({ length: 12 }, async (_, n) => {
        const key = `r${round}/${n % 3}/${n}`
        if (n % 2 === 0) emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
        const code = await codeOf(put(bridges[n % 2] ?? bridge, key, freshBytes(100)))
        if (code === 'no error') kept.add(key)
        else assert.is(code, 'QuotaExceeded')
      })
      await Promise.all(puts)
      emulator.faults.clear()
    }
    assert.is(kept.size, 36)
    assert.equal(await list(bridge), [...kept].sort())
    for (const each of bridges) {
      for (const key of kept) assert.is((await get(each, key)).length, 100)
    }
  })
})

test('what others have put into a folder that a failed write made keeps it', async () => {
  const time = new Date('2026-01-01T00:00:00Z')
  const cases: [what: string, act: (foreign: JottaClient) => Promise<unknown>][] = [
    ['a file', (foreign) => storeForeign(foreign, placeOf('new', 'er', 'theirs'), 'theirs')],
    ['a folder', (foreign) => foreign.createFolder(placeOf('new', 'er', 'theirs'), contextOf())],
    [
      'an upload under way',
      (foreign) =>
        failureOf(
          foreign.upload(
            placeOf('new', 'er', 'theirs'),
            {
              ...{ sizeBytes: 9, md5: md5Of('x'), created: time, modified: time },
              onExisting: 'reject',
              openContent: () => {
                throw new Error('later')
              },
            },
            contextOf(),
          ),
        ),
    ],
  ]
  for (const [what, act] of cases) {
    await withWorld({}, async (world) => {
      const { bridge, foreign } = world
      await put(bridge, 'source', 'content')
      const writer = await heldCopy(world, bridge, 'new/er/key')
      await act(foreign)
      await writer.end('fail')
      const found = await tree(foreign, placeOf())
      const theirs = what === 'a folder' ? 'new/er/theirs/' : 'new/er/theirs'
      assert.equal(found, ['new/', 'new/er/', theirs, 'source'], what)
    })
  }
})

test('a folder that was there before stays, empty as it is', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, emulator } = world
    await foreign.createFolder(placeOf('theirs', 'empty'), contextOf())
    for (const key of ['theirs/key', 'theirs/empty/key', 'theirs/empty/new/key']) {
      emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
      assert.is(await codeOf(put(bridge, key, freshBytes(9))), 'QuotaExceeded')
    }
    const live = await foreign.stat(placeOf('theirs', 'empty'), contextOf())
    assert.is(live?.deleted, false)
    assert.equal(await prefixes(bridge, 'theirs/'), ['theirs/empty/'])
    assert.equal(await prefixes(bridge, 'theirs/empty/'), [])
  })
})

test('a folder that others made since it was seen to be missing is not taken for a new one', async () => {
  await withWorld({}, async ({ foreign, state, clock }) => {
    const now = (): number => clock.nowMs
    const parents = createParentFolders(foreign, now)
    const facts = createFolderFacts(foreign, state.folders, now)
    const made: string[] = []
    const newFolders = {
      making: (folders: readonly Location[]) =>
        void made.push(...folders.map(({ path }) => path.join('/'))),
    }
    const folderMaxEntries = 5000
    const parts = { jotta: foreign, parents, facts, newFolders, folderMaxEntries, now }
    const places = createKeyPlaces(parts)
    const place = { root: placeOf(), encoding: currentEncoding }
    for (const name of ['theirs', 'new']) {
      const target = await places.choose(place, `${name}/er/key`, contextOf())
      if (name === 'theirs') await foreign.createFolder(placeOf(name), contextOf())
      await places.makeFolders(place.root, target, { ...contextOf(), async check() {} })
    }
    assert.equal(made, ['new', 'new/er'])
  })
})

test('a folder that a failed write fetched from the trash is there again, and all that was in it', async () => {
  for (const trashedFolderReuse of ['revive', 'rename'] as const) {
    await withWorld({ emulator: { trashedFolderReuse } }, async (world) => {
      const { bridge, foreign, emulator } = world
      await storeForeign(foreign, placeOf('gone', 'er', 'file'), 'theirs')
      await foreign.removeFolder(placeOf('gone'), 'trash', contextOf())
      emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
      assert.is(await codeOf(put(bridge, 'gone/er/key', freshBytes(9))), 'QuotaExceeded')
      assert.equal(await prefixes(bridge), [])
      const trashed: string[] = []
      for await (const { location } of foreign.listTrash(contextOf())) {
        trashed.push(location?.path.join('/') ?? '')
      }
      const root = trashedFolderReuse === 'revive' ? 'gone' : 'gone (2026-03-01)'
      assert.ok(trashed.includes(root), trashed.join())
      for await (const _ of foreign.restoreFolder(placeOf(root), {
        ...contextOf(),
        trashedBefore: 'restore',
      })) {
        // Each file as it comes.
      }
      assert.is((await get(bridge, `${root}/er/file`)).toString(), 'theirs')
    })
  }
})

test('a write that failed though it was carried out keeps its folders, since its object is there', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    const content = freshBytes(100)
    const confirming = emulator.faults.hold({ operation: 'upload' }, 'after')
    const leaving = new AbortController()
    const putting = failureOf(
      put(bridge, 'new/key', content, { context: contextOf(leaving.signal) }),
    )
    await confirming.reached()
    leaving.abort(new Error('the client went away'))
    assert.is((await putting)?.message, 'the client went away')
    confirming.release()
    assert.equal(await prefixes(bridge), ['new/'])
    assert.ok((await get(bridge, 'new/key')).equals(content))
  })
})

test('a failure is told soon though folders cannot be removed, which goes on and can be waited for', async () => {
  await withWorld({}, async ({ bridge, foreign, emulator }) => {
    const removing = emulator.faults.hold({ operation: 'dlDir' })
    emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
    assert.is(await codeOf(put(bridge, 'new/key', freshBytes(9))), 'QuotaExceeded')
    await reachedBy(bridge.settled(), removing)
    assert.equal(await tree(foreign, placeOf()), ['new/', 'new/key'])
    removing.release()
    await bridge.settled()
    assert.equal(await prefixes(bridge), [])
  })
})

test('a write into a folder that is being removed after its failure was told waits, and is there', async () => {
  for (const processes of [1, 2]) {
    await withWorld({}, async ({ bridge, emulator, startAgain }) => {
      const other = processes === 1 ? bridge : await startAgain()
      const removing = emulator.faults.hold({ operation: 'dlDir' })
      emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
      assert.is(await codeOf(put(bridge, 'new/er/key', freshBytes(9))), 'QuotaExceeded')
      await reachedBy(bridge.settled(), removing)
      const allocated = emulator.faults.count({ operation: 'allocate' })
      const again = put(other, 'new/er/key', 'again')
      for (let look = 0; look < 20; look += 1) await list(other, { prefix: 'new/er/' })
      assert.is(emulator.faults.count({ operation: 'allocate' }), allocated)
      removing.release()
      await again
      await bridge.settled()
      for (const each of [bridge, other]) {
        assert.equal(await list(each), ['new/er/key'])
        assert.is((await get(each, 'new/er/key')).toString(), 'again')
      }
    })
  }
})

test('a folder that cannot be removed is told to the operator, and the failure stays what it was', async () => {
  await withWorld({}, async ({ bridge, emulator, warnings }) => {
    emulator.faults.failNext({ status: 400, match: { operation: 'dlDir' } })
    emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
    assert.is(await codeOf(put(bridge, 'new/key', freshBytes(9))), 'QuotaExceeded')
    const [warning, ...more] = warnings.map(({ message }) => message)
    assert.match(warning ?? '', 'folder')
    assert.equal(more, [])
    // It is nobody's any more: what fails in it later leaves it alone.
    emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
    assert.is(await codeOf(put(bridge, 'new/key', freshBytes(9))), 'QuotaExceeded')
    assert.equal(await prefixes(bridge), ['new/'])
  })
})

test('a folder that one write leaves to another is removed by that, whatever became of those below', async () => {
  const removed: string[] = []
  const emptyFolders: NewFoldersParts['emptyFolders'] = {
    async removeIfEmpty(_, folder) {
      removed.push(folder.path.join('/'))
      return 'removed'
    },
  }
  const warn = (message: string) => assert.unreachable(message)
  const newFolders = createNewFolders({ emptyFolders, warn })
  const place = { root: placeOf(), encoding: currentEncoding }
  newFolders.making([placeOf('new'), placeOf('new', 'er')])
  const [first, second] = [newFolders.begin(), newFolders.begin()]
  first.goesTo(placeOf('new', 'er', 'key'))
  second.goesTo(placeOf('new', 'there', 'key'))
  await first.end(place, contextOf())
  assert.equal(removed, ['new/er'])
  await second.end(place, contextOf())
  assert.equal(removed, ['new/er', 'new'])
})

test.run()
