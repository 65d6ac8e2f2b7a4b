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
  md5Of,
  put,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import { RESERVED_FOLDER } from './key-path.ts'

const test = suite('replacing')

const key = 'photos/ä:1.jpg'
const path = ['photos', 'ä\uff1a1.jpg']
const none = { versions: 'none' } as const

/** Files and folders in the bridge's folder for replacements, what is in the trash aside. */
async function leftovers({ foreign, at }: World): Promise<string[]> {
  const folder = at(RESERVED_FOLDER, 'replacing')
  const entry = await foreign.stat(folder, contextOf())
  if (entry === undefined) return []
  const found: string[] = []
  for await (const each of foreign.listTree(folder, contextOf())) {
    found.push(each.path.concat(each.kind === 'file' ? each.name : []).join('/'))
  }
  return found
}

async function revisionsOf({ foreign, at }: World): Promise<number> {
  const entry = await foreign.stat(at(...path), contextOf())
  assert.is(entry?.kind, 'file')
  return entry?.kind === 'file' ? entry.revisions.length + 1 : 0
}

for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
  test(`an object written over ${way} leaves no revision behind`, async () => {
    for (const [versions, expected] of [
      ['keep', 3],
      ['none', 1],
    ] as const) {
      await withWorld({ versions }, async (world) => {
        for (const version of ['1', '2', '3']) {
          const bytes = freshBytes(sizeBytes)
          const metadata = { user: { version } }
          await put(world.bridge, key, bytes, { announceMd5, metadata })
          assert.ok((await get(world.bridge, key)).equals(bytes))
          assert.equal((await head(world.bridge, key)).metadata.user, { version })
        }
        assert.is(await revisionsOf(world), expected, versions)
        assert.equal(await leftovers(world), [])
        assert.equal(await list(world.bridge), [key])
      })
    }
  })
}

test('only what replaces another content is moved: not a first write, nor the same again', async () => {
  await withWorld(none, async ({ bridge, emulator, clock }) => {
    const copy = (from: string, to: string) =>
      bridge.copyObject(
        {
          ...{ bucket, key: to, source: { bucket, key: from } },
          ...{ sourceConditions: {}, replaceMetadata: { user: { round: to } } },
        },
        contextOf(),
      )
    await put(bridge, 'a', 'content')
    await put(bridge, 'a', 'content')
    await put(bridge, 'a', 'content', { announceMd5: true })
    clock.nowMs += 60_000
    await copy('a', 'a')
    await copy('a', 'b')
    const isCommand = ({ operation }: { operation: string }) => ['rm', 'mv'].includes(operation)
    assert.equal(emulator.faults.requests.filter(isCommand), [])
    await put(bridge, 'c', 'other')
    await copy('c', 'b')
    assert.is((await get(bridge, 'b')).toString(), 'other')
    assert.is((await get(bridge, 'a')).toString(), 'content')
    const commands = emulator.faults.requests.filter(isCommand).map(({ operation }) => operation)
    assert.equal(commands, ['rm', 'mv'])
  })
})

test('a bucket may keep versions while its neighbours do not', async () => {
  await withWorld({ named: { [bucket]: none } }, async (world) => {
    await put(world.bridge, key, 'one')
    await put(world.bridge, key, 'two')
    assert.is(await revisionsOf(world), 1)
  })
  await withWorld({ ...none, named: { [bucket]: { versions: 'keep' } } }, async (world) => {
    await put(world.bridge, key, 'one')
    await put(world.bridge, key, 'two')
    assert.is(await revisionsOf(world), 2)
  })
})

test('a write that is refused or fails before its turn changes nothing and leaves nothing', async () => {
  for (const { sizeBytes, announceMd5, way } of waysOfPut) {
    await withWorld(none, async (world) => {
      const { bridge, emulator } = world
      await put(bridge, key, 'the old one')
      const bytes = freshBytes(sizeBytes)
      const conditions = { ifMatch: [md5Of('another')] }
      const refused = await codeOf(put(bridge, key, bytes, { announceMd5, conditions }))
      assert.is(refused, 'PreconditionFailed', way)
      emulator.faults.add({ kind: 'fail', status: 460, match: { operation: 'allocate' } })
      assert.is(await codeOf(put(bridge, key, bytes, { announceMd5 })), 'QuotaExceeded', way)
      assert.is((await get(bridge, key)).toString(), 'the old one')
      assert.equal(await leftovers(world), [])
    })
  }
})

const failures: [what: string, operation: 'rm' | 'mv', when: 'before' | 'after'][] = [
  ['the removal is not done', 'rm', 'before'],
  ['the removal is done and its answer lost', 'rm', 'after'],
  ['the move is not done', 'mv', 'before'],
  ['the move is done and its answer lost', 'mv', 'after'],
]
for (const [what, operation, when] of failures) {
  test(`where ${what} for good, one of the two contents is there`, async () => {
    await withWorld(none, async (world) => {
      const { bridge, emulator } = world
      await put(bridge, key, 'the old one', { metadata: { user: { is: 'old' } } })
      emulator.faults.add({ kind: 'fail', status: 418, when, count: 1, match: { operation } })
      const code = await codeOf(
        put(bridge, key, 'the new one', { metadata: { user: { is: 'new' } } }),
      )
      assert.is(code, 'ServiceUnavailable')
      const isOld = operation === 'rm' && when === 'before'
      assert.is((await get(bridge, key)).toString(), isOld ? 'the old one' : 'the new one')
      assert.equal((await head(bridge, key)).metadata.user, { is: isOld ? 'old' : 'new' })
      assert.equal(await list(bridge), [key])
      await put(bridge, key, 'a third')
      assert.is((await get(bridge, key)).toString(), 'a third')
      assert.is(await revisionsOf(world), 1)
    })
  })
}

test('a client that goes away in between does not stop it in between', async () => {
  await withWorld(none, async (world) => {
    const { bridge, emulator } = world
    await put(bridge, key, 'the old one')
    const removing = emulator.faults.hold({ operation: 'rm' }, 'after')
    const going = new AbortController()
    const context = contextOf(going.signal)
    const writing = put(bridge, key, 'the new one', { context })
    await removing.reached()
    going.abort(new Error('gone'))
    removing.release()
    await writing
    assert.is((await get(bridge, key)).toString(), 'the new one')
    assert.equal(await leftovers(world), [])
  })
})

test('a process that stopped in between is finished by the next one, metadata and all', async () => {
  await withWorld(none, async ({ bridge, emulator, clock, startAgain }) => {
    await put(bridge, key, 'the old one')
    // The first process stands still here for as long as the second one works.
    const removing = emulator.faults.hold({ operation: 'rm' }, 'after')
    const metadata = { user: { is: 'new' } }
    const writing = put(bridge, key, 'the new one', { metadata })
    await removing.reached()
    // Past the end of its lease, which it does not renew.
    clock.nowMs += 60_000
    const second = await startAgain()
    assert.is((await get(second, key)).toString(), 'the new one')
    assert.equal((await head(second, key)).metadata.user, { is: 'new' })
    assert.equal(await list(second), [key])
    removing.release()
    // It finds its work done.
    await writing
    assert.is((await get(second, key)).toString(), 'the new one')
  })
})

test('while one process moves an object, another waits for it and finds it moved', async () => {
  await withWorld(none, async ({ bridge, emulator, startAgain }) => {
    await put(bridge, key, 'the old one')
    const moving = emulator.faults.hold({ operation: 'mv' })
    const writing = put(bridge, key, 'the new one')
    await moving.reached()
    const reading = get(await startAgain(), key)
    moving.release()
    assert.is((await reading).toString(), 'the new one')
    await writing
    assert.is((await get(bridge, key)).toString(), 'the new one')
    assert.is(emulator.faults.requests.filter(({ operation }) => operation === 'mv').length, 1)
  })
})

const began = `${Date.parse('2026-03-01T07:59:00Z')}-x`

test('what a crash left is moved into place where nothing is, whatever the bucket does now', async () => {
  for (const layout of ['mountpoint', 'alias', 'folder'] as const) {
    await withWorld({ layout }, async (world) => {
      const { bridge, foreign, at } = world
      await storeForeign(foreign, at(RESERVED_FOLDER, 'replacing', began, ...path), 'the new one')
      assert.is((await get(bridge, key)).toString(), 'the new one')
      assert.equal(await leftovers(world), [])
    })
  }
})

test('what a crash left keeps a bucket from being taken for empty', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign, at } = world
    await storeForeign(foreign, at(RESERVED_FOLDER, 'replacing', began, ...path), 'the new one')
    assert.is(await codeOf(bridge.deleteBucket(bucket, contextOf())), 'BucketNotEmpty')
  })
})

test('where a file is, it stays, and what was never confirmed goes to the trash', async () => {
  await withWorld(none, async (world) => {
    const { bridge, foreign, at } = world
    const left = at(RESERVED_FOLDER, 'replacing', began, ...path)
    await storeForeign(foreign, left, 'never confirmed')
    await storeForeign(foreign, at(...path), 'there')
    assert.is((await get(bridge, key)).toString(), 'there')
    assert.equal(await leftovers(world), [])
    const entry = await foreign.stat(left, contextOf())
    assert.is(entry?.deleted, true)
  })
})

test('of two that a crash left for one key, the later one is moved', async () => {
  await withWorld(none, async (world) => {
    const { bridge, foreign, at } = world
    for (const [run, content] of [
      [began, 'later'],
      [`${Date.parse('2026-03-01T07:58:00Z')}-y`, 'earlier'],
    ] as const) {
      await storeForeign(foreign, at(RESERVED_FOLDER, 'replacing', run, ...path), content)
    }
    assert.is((await get(bridge, key)).toString(), 'later')
    assert.equal(await leftovers(world), [])
  })
})

test('what cannot be moved stays where it is, and the operator is told', async () => {
  const inTheWay: [what: string, path: string[], isFile: boolean][] = [
    ['a folder', path, false],
    ['a file where a folder would be', ['photos'], true],
    ['a name with other letters', ['photos', 'Ä\uff1a1.JPG'], true],
    ['a folder with other letters', ['PHOTOS', 'x'], true],
  ]
  for (const [what, taken, isFile] of inTheWay) {
    await withWorld(none, async (world) => {
      const { bridge, foreign, at, warnings } = world
      await storeForeign(foreign, at(RESERVED_FOLDER, 'replacing', began, ...path), 'the new one')
      if (isFile) await storeForeign(foreign, at(...taken), 'in the way')
      else await foreign.createFolder(at(...taken), contextOf())
      await put(bridge, 'other', 'works')
      assert.is(warnings.length, 1, what)
      assert.match(warnings[0]?.message ?? '', /cannot be moved to photos/)
      assert.ok((await leftovers(world)).includes([began, ...path].join('/')), what)
    })
  }
})

test('an upload that never ended is no object, and what a crash left takes its place', async () => {
  await withWorld(none, async (world) => {
    const { bridge, foreign, emulator, at } = world
    emulator.faults.add({ kind: 'fail', status: 421, match: { operation: 'upload' } })
    await codeOf(storeForeign(foreign, at(...path), freshBytes(100)).catch(() => {}))
    await storeForeign(foreign, at(RESERVED_FOLDER, 'replacing', began, ...path), 'the new one')
    assert.is((await get(bridge, key)).toString(), 'the new one')
    assert.equal(await leftovers(world), [])
  })
})

test('a bucket whose leftovers cannot be looked at is not used until they can', async () => {
  await withWorld(none, async (world) => {
    const { bridge, foreign, emulator, at } = world
    await storeForeign(foreign, at(RESERVED_FOLDER, 'replacing', began, ...path), 'the new one')
    emulator.faults.add({ kind: 'spoilListing', how: 'truncated' })
    assert.is(await codeOf(get(bridge, key)), 'InternalError')
    // Together, they look once.
    const contents = await Promise.all([get(bridge, key), get(bridge, key), get(bridge, key)])
    assert.equal(contents.map(String), ['the new one', 'the new one', 'the new one'])
  })
})

test('folders of writes that never became whole are removed after a day', async () => {
  await withWorld(none, async (world) => {
    const { bridge, foreign, at, clock, startAgain } = world
    await foreign.createFolder(at(RESERVED_FOLDER, 'replacing', began, 'photos'), contextOf())
    await foreign.createFolder(at(RESERVED_FOLDER, 'replacing', 'not ours'), contextOf())
    await put(bridge, 'x', 'x')
    assert.equal(await leftovers(world), [began, `${began}/photos`, 'not ours'])
    clock.nowMs += 25 * 60 * 60_000
    await put(await startAgain(), 'x', 'x')
    assert.equal(await leftovers(world), ['not ours'])
  })
})

test('what a crash left under a name of the bridge is found at once, by all processes', async () => {
  await withWorld(none, async ({ bridge, foreign, at, startAgain, clock }) => {
    const other = await startAgain()
    await put(bridge, 'a/KEY', 'upper')
    await put(other, 'a/key', 'the old one')
    const names: string[] = []
    for await (const { name } of foreign.list(at('a'), contextOf())) names.push(name)
    const tagged = names.find((name) => name !== 'KEY') ?? ''
    assert.match(tagged, /^key\u201b/)
    // As a process leaves it that was killed between the removal and the move.
    const run = at(RESERVED_FOLDER, 'replacing', `${clock.nowMs}-run`, 'a', tagged)
    await storeForeign(foreign, run, 'the new one')
    await foreign.removeFile(at('a', tagged), 'permanent', contextOf())
    // The folder goes with its last key, is made anew, and is seen to have no such name.
    await other.deleteObject({ bucket, key: 'a/KEY' }, contextOf())
    await put(other, 'a/new', 'new')
    await put(other, 'a/newer', 'new')
    assert.is(await codeOf(get(other, 'a/key')), 'NoSuchKey')
    const later = await startAgain()
    for (const each of [later, other, bridge]) {
      assert.is((await get(each, 'a/key')).toString(), 'the new one')
      assert.equal(await list(each, { prefix: 'a/key' }), ['a/key'])
    }
    assert.is(
      await codeOf(put(other, 'a/key', 'x', { conditions: { ifNoneMatch: ['*'] } })),
      'PreconditionFailed',
    )
    await other.deleteObject({ bucket, key: 'a/key' }, contextOf())
    assert.equal(await list(other), ['a/new', 'a/newer'])
  })
})

test.run()
