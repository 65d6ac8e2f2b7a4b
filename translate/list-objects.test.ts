import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Entry } from '../jotta/wire.ts'
import {
  bucket,
  codeOf,
  contextOf,
  freshBytes,
  list,
  md5Of,
  placeOf,
  put,
  storeForeign,
  withWorld,
} from './acts.test-support.ts'

import { walkFolders } from './folder-walk.ts'
import { rootFolder, shardFolders } from './key-folder.ts'
import { listPage, type Page } from './listing.ts'
import { allPages, expectedNames, type Query } from './listing-model.test-support.ts'

import type { WalkedObject } from './listings/row.ts'
import { currentEncoding } from './name-encoding.ts'
import { S3Error } from './s3-error.ts'

const test = suite('listings')

/** Names whose order in Jottacloud's letters, in UTF-16 and in UTF-8 differ, and what S3 allows else. */
const segments = [
  ...['a', 'a!', 'a b', 'a-b', 'a.b', 'a0', 'aa', 'b', 'Z', 'z', '0', '~', '.', '..', '...'],
  ...['!', ' ', '+', '&', ';', "'", '"', '%', '%2F', '*', '<', '>', '?', ':', '|', '\\', '#'],
  ...['\u0001', '\n', '\u007f', '\u0080', '\u00e9', 'e\u0301', '\u00e6', '\ud7ff', '\ue000'],
  ...['\uff0f', '\uff0e', '\uff0e\uff0e', '\u201b', '\u201bG', '\u2400', '\ufffd', '\u{1d4b3}'],
  'long '.repeat(40),
]

const keys = fc
  .array(fc.constantFrom(...segments), { minLength: 1, maxLength: 4 })
  .map((names) => names.join('/'))

function queries(stored: readonly string[]): fc.Arbitrary<Query> {
  const cut = fc
    .tuple(fc.constantFrom(...stored), fc.nat(12))
    .map(([key, length]) => [...key].slice(0, length).join(''))
  const text = fc.oneof(
    fc.constant(''),
    cut,
    fc.constantFrom(...stored),
    fc.constantFrom(...segments),
  )
  return fc.record({
    prefix: text,
    delimiter: fc.constantFrom('', '/', '/', 'a', '/a', '-'),
    after: text,
    maxKeys: fc.constantFrom(1, 2, 3, 7, 1000),
  })
}

test('page after page, a listing is what S3 says it is', async () => {
  const emulator = { listingOrder: 'random', nameMatching: 'exact' } as const
  for (let seed = 1; seed <= 3; seed += 1) {
    await withWorld({ emulator }, async ({ bridge }) => {
      const stored: string[] = []
      for (const key of new Set(fc.sample(keys, { numRuns: 30, seed }))) {
        await put(bridge, key, key)
        stored.push(key)
      }
      assert.ok(stored.length > 10)
      for (const query of fc.sample(queries(stored), { numRuns: 50, seed })) {
        const found = await allPages(bridge, query)
        assert.equal(found, expectedNames(stored, query), JSON.stringify({ seed, query }))
      }
      // And when they are gone, nothing is left of them.
      await bridge.deleteObjects({ bucket, keys: stored }, contextOf())
      assert.equal(
        await allPages(bridge, { prefix: '', delimiter: '/', after: '', maxKeys: 9 }),
        [],
      )
    })
  }
})

test('names that are nobody’s encoding are listed under keys that lead to them', async () => {
  await withWorld({}, async ({ bridge, foreign }) => {
    await put(bridge, 'a', 'a')
    // An encoded letter, a lone quote before one, and a percent-free name as older clients wrote it.
    const names = ['\u201b41', '\u201bG', 'x\u201b', '\u2401\u201b01']
    for (const name of names) {
      await storeForeign(foreign, placeOf(name), name)
      await storeForeign(foreign, placeOf(`folder ${name}`, 'file'), name)
    }
    const keys = await list(bridge)
    assert.is(keys.length, 1 + 2 * names.length)
    for (const key of keys) {
      const input = { bucket, key, conditions: {}, range: undefined }
      assert.is((await bridge.headObject(input, contextOf())).object.key, key)
    }
    assert.ok(keys.includes('\u201bw\u201b41'))
  })
})

test('a prefix in another casing lists nothing, as deep as it may be', async () => {
  await withWorld({}, async ({ bridge }) => {
    await put(bridge, 'Photos/Summer/x', 'x')
    for (const prefix of ['photos/', 'photos/S', 'Photos/summer/', 'photos/Summer/x', 'p']) {
      for (const delimiter of ['', '/']) {
        assert.equal(await list(bridge, { prefix, delimiter }), [], prefix)
      }
    }
    assert.equal(await list(bridge, { prefix: 'Photos/Summer/' }), ['Photos/Summer/x'])
    for (const prefix of ['Photos/Summer/x/', 'Photos//', '/', 'none/', 'none/deeper/']) {
      assert.equal(await list(bridge, { prefix }), [], prefix)
    }
  })
})

test('with a delimiter, a page asks for one folder', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (let n = 0; n < 10; n += 1) await put(bridge, `top/${n}/deep/er`, 'x')
    emulator.faults.clear()
    const names = await list(bridge, { prefix: 'top/', delimiter: '/' })
    assert.equal(
      names,
      Array.from({ length: 10 }, (_, n) => `top/${n}/`),
    )
    assert.is(emulator.faults.count(), 1)
  })
})

test('a listing that breaks off is an error, never a shorter listing', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (let n = 0; n < 40; n += 1) await put(bridge, `f${n}`, 'x')
    for (const afterBytes of [1, 300, 2000]) {
      emulator.faults.add({ kind: 'cutDownload', afterBytes, count: 60 })
      for (const query of [{}, { delimiter: '/' }, { maxKeys: 50 }]) {
        assert.is(await codeOf(list(bridge, query)), 'ServiceUnavailable')
      }
      emulator.faults.clear()
    }
    assert.is((await list(bridge)).length, 40)
  })
})

test('a folder that goes away during a listing is left out, and the rest is there', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    for (const key of ['a/x', 'b/x', 'c/x']) await put(bridge, key, 'x')
    const pathPrefix = `/jfs/${emulator.username}/S3/${bucket}/b`
    for (const gone of ['trash', 'permanent'] as const) {
      const opening = emulator.faults.hold({ method: 'GET', pathPrefix })
      // A few keys are looked for from folder to folder.
      const listing = list(bridge, { maxKeys: 100 })
      await opening.reached()
      await foreign.removeFolder(placeOf('b'), gone, contextOf())
      opening.release()
      assert.equal(await listing, ['a/x', 'c/x'])
      await put(bridge, 'b/y', 'y')
    }
  })
})

test('unfinished and trashed files are not listed', async () => {
  await withWorld({}, async ({ bridge, foreign, emulator }) => {
    await put(bridge, 'a/kept', 'x')
    await put(bridge, 'a/trashed', 'x')
    await foreign.removeFile(placeOf('a', 'trashed'), 'trash', contextOf())
    emulator.faults.failNext({ status: 460, match: { operation: 'upload' } })
    assert.is(await codeOf(put(bridge, 'a/unfinished', freshBytes(10))), 'QuotaExceeded')
    assert.equal(await list(bridge), ['a/kept'])
  })
})

test('a large folder is gone through page by page, one look for each, however it is ordered', async () => {
  const root: Location = { device: 'S3', mountpoint: bucket, path: [] }
  const total = 2000
  let listings = 0
  const entries = async function* (): AsyncGenerator<Entry> {
    listings += 1
    for (let n = 0; n < total; n += 1) {
      yield fileEntry(`f${String((n * 7919) % total).padStart(5, '0')}`)
    }
  }
  const jotta = { list: () => entries() } as Pick<JottaClient, 'list'> as JottaClient
  const names: string[] = []
  let after: string | undefined = ''
  while (after !== undefined) {
    const options = {
      ...{ root, prefix: '', delimiter: '' },
      entriesPerFolder: 101,
      listingsMax: 9,
    }
    const folders = [{ location: root, folder: rootFolder(currentEncoding) }]
    const start = { folders, keyPrefix: '' }
    const facts = { watch: async () => async () => {} }
    const source = walkFolders({ jotta, facts }, start, options, contextOf())
    const page: Page<WalkedObject> = await listPage(source, { ...options, after, maxKeys: 100 })
    names.push(...page.entries.map((entry) => (entry.kind === 'prefix' ? entry.prefix : entry.key)))
    after = page.nextAfter
  }
  assert.equal(names, [...names].sort())
  assert.is(new Set(names).size, total)
  // One look at the folder for each page: what it does not need is not kept for the next.
  assert.is(listings, total / 100)
})

test('what others put into a folder of the bridge’s own is gone through once, however much it is', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    const [shard = ''] = shardFolders('in its own')
    const names = Array.from({ length: 40 }, (_, n) => `name-${n}`)
    const others = names.filter((name) => shardFolders(name)[0] !== shard)
    for (const name of others) await storeForeign(foreign, placeOf(shard, name), 'x')
    emulator.faults.clear()
    const found = await list(bridge, { maxKeys: 100 })
    assert.is(found.length, others.length)
    // Of the bucket, the folder in it, and both once more for the keys below that folder's name.
    assert.ok(emulator.faults.requests.length < 8)
  })
})

function fileEntry(name: string): Entry {
  const revision = {
    ...({ number: 1, state: 'COMPLETED', sizeBytes: 1, md5: md5Of(name) } as const),
    ...{ created: undefined, modified: undefined, updated: undefined, mime: undefined },
  }
  return {
    ...({ kind: 'file', name, uuid: undefined, deleted: false, parentPath: undefined } as const),
    ...{ current: revision, latest: undefined, revisions: [] },
  }
}

test('a bucket that is not there is said so', async () => {
  await withWorld({}, async ({ bridge }) => {
    const error = await list(bridge, { bucket: 'none' }).catch((reason: unknown) => reason)
    assert.instance(error, S3Error)
    assert.equal((error as S3Error).elements, { BucketName: 'none' })
  })
})

test('a listing that cannot be known is refused, never given as empty', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    await put(bridge, 'folder/key', 'content')
    const names = async (prefix: string) => await codeOf(list(bridge, { prefix }))
    for (const status of [404, 409]) {
      for (const prefix of ['', 'folder/']) {
        emulator.faults.failNext({ status, match: { operation: 'stat' } })
        assert.is.not(await codeOf(list(bridge, { prefix, maxKeys: 50 })), 'no error')
        emulator.faults.clear()
        // Where there is another way to know, it is taken.
        for (const delimiter of ['', '/']) {
          emulator.faults.failNext({ status, match: { method: 'GET' } })
          const key = prefix === '' && delimiter === '/' ? 'folder/' : 'folder/key'
          assert.equal(await list(bridge, { prefix, delimiter }), [key])
          assert.ok(emulator.faults.requests.some((request) => request.status === status))
          emulator.faults.clear()
        }
      }
    }
    assert.is(await names(''), 'no error')
    // Another client removes the whole bucket while it is still known to have been there.
    await foreign.removeMountpoint('S3', bucket, 'trash', contextOf())
    assert.is(await names(''), 'NoSuchBucket')
    assert.is(await names('folder/'), 'NoSuchBucket')
    assert.is(await codeOf(bridge.headBucket(bucket, contextOf())), 'NoSuchBucket')
  })
})

test.run()
