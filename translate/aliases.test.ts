// Buckets that the operator set to a folder or mountpoint, and the layout of a bucket for each folder.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Location } from '../jotta/client.ts'
import {
  bodyOf,
  bucket,
  bytesOf,
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
import type { Bridge } from './bridge.ts'
import { findOddBuckets } from './buckets.ts'

const test = suite('aliases')

const archive = (...path: string[]): Location => ({ device: 'Jotta', mountpoint: 'Archive', path })

async function names({ bridge }: World): Promise<string[]> {
  return (await bridge.listBuckets(contextOf())).map(({ name }) => name)
}

async function putIn(bridge: Bridge, into: string, key: string, content: string): Promise<void> {
  const input = { bucket: into, key, conditions: {}, metadata: { user: {} } }
  await bridge.putObject({ ...input, body: bodyOf(content) }, contextOf())
}

async function getFrom(bridge: Bridge, from: string, key: string): Promise<string> {
  const input = { bucket: from, key, conditions: {}, range: undefined }
  const { stream } = await bridge.getObject(input, contextOf())
  return (await bytesOf(stream)).toString()
}

test('a mountpoint and a folder in it are two views of the same files', async () => {
  const named = {
    archive: { path: { ...archive(), mountpoint: 'ARCHIVE' } },
    photos: { path: archive('photos') },
  }
  await withWorld({ named }, async (world) => {
    const { bridge, foreign } = world
    await foreign.createFolder(archive('Photos'), contextOf())
    assert.equal(await names(world), ['archive', bucket, 'photos'])
    await putIn(bridge, 'photos', 'a/b', 'in the folder')
    assert.is(await getFrom(bridge, 'archive', 'Photos/a/b'), 'in the folder')
    const entry = await foreign.stat(archive('Photos', 'a', 'b'), contextOf())
    assert.is(entry?.kind, 'file')
    await putIn(bridge, 'archive', 'Photos/c', 'from above')
    assert.equal(await list(bridge, { bucket: 'photos' }), ['a/b', 'c'])
    assert.equal(await list(bridge, { bucket: 'archive', prefix: 'Pho' }), [
      'Photos/a/b',
      'Photos/c',
    ])
    await bridge.deleteObject({ bucket: 'photos', key: 'a/b' }, contextOf())
    assert.equal(await list(bridge, { bucket: 'photos', delimiter: '/' }), ['c'])
  })
})

test('an alias is neither made nor removed through S3', async () => {
  await withWorld({ named: { photos: { path: archive('Photos') } } }, async (world) => {
    const { bridge, foreign, clock } = world
    assert.is(await codeOf(bridge.createBucket('photos', contextOf())), 'BucketAlreadyOwnedByYou')
    for (const act of [
      bridge.headBucket('photos', contextOf()),
      putIn(bridge, 'photos', 'x', 'x'),
    ]) {
      const error = await failureOf(act)
      assert.match(error?.message ?? '', /Jotta\/Archive\/Photos .*not there/)
      assert.is(await codeOf(Promise.reject(error)), 'NoSuchBucket')
    }
    assert.equal(await names(world), [bucket])
    assert.is(await foreign.stat(archive('Photos'), contextOf()), undefined)

    await foreign.createFolder(archive('Photos'), contextOf())
    await putIn(bridge, 'photos', 'x', 'x')
    await bridge.deleteObject({ bucket: 'photos', key: 'x' }, contextOf())
    assert.is(await codeOf(bridge.deleteBucket('photos', contextOf())), 'MethodNotAllowed')
    assert.equal(await list(bridge, { bucket: 'photos' }), [])

    // Gone, and back under a name with other letters.
    await foreign.removeFolder(archive('Photos'), 'permanent', contextOf())
    clock.nowMs += 60_000
    assert.is(await codeOf(list(bridge, { bucket: 'photos' })), 'NoSuchBucket')
    await storeForeign(foreign, archive('PHOTOS', 'y'), 'y')
    assert.is(await getFrom(bridge, 'photos', 'y'), 'y')
    assert.equal(await names(world), [bucket, 'photos'])
  })
})

test('a file or a trashed folder is no bucket', async () => {
  const named = { file: { path: archive('file') }, trashed: { path: archive('trashed') } }
  await withWorld({ named }, async (world) => {
    const { bridge, foreign } = world
    await storeForeign(foreign, archive('file'), 'a file')
    await foreign.createFolder(archive('trashed'), contextOf())
    await foreign.removeFolder(archive('trashed'), 'trash', contextOf())
    for (const name of ['file', 'trashed']) {
      assert.is(await codeOf(bridge.headBucket(name, contextOf())), 'NoSuchBucket', name)
    }
    assert.equal(await names(world), [bucket])
  })
})

test('an alias hides the mountpoint of its name, and the operator is told', async () => {
  const named = {
    [bucket]: { path: archive('elsewhere') },
    same: { path: { device: 's3', mountpoint: 'SAME', path: [] } },
    missing: { path: archive('nowhere') },
    plain: { deleteMode: 'permanent' },
  } as const
  await withWorld({}, async (before) => {
    await put(before.bridge, 'x', 'in the mountpoint')
    await before.foreign.createMountpoint('S3', 'Same', contextOf())
    await before.foreign.createFolder(archive('elsewhere'), contextOf())
    const placement = { ...before.placement, named: new Map(Object.entries(named)) }
    const findings = await findOddBuckets(before.foreign, placement, contextOf())
    assert.equal(findings, [
      'the bucket bucket is set to Jotta/Archive/elsewhere and hides S3/bucket, which would be it otherwise',
      'the bucket missing is set to Jotta/Archive/nowhere, which is not in Jottacloud',
    ])
    const bridge = await before.startAgain(placement)
    assert.equal(await list(bridge), [])
    await put(bridge, 'y', 'in the folder')
    assert.equal(await names({ ...before, bridge }), [bucket, 'same'])
    const entry = await before.foreign.stat(archive('elsewhere', 'y'), contextOf())
    assert.is(entry?.kind, 'file')
    // The mountpoint is untouched below.
    assert.equal(await list(before.bridge), ['x'])
  })
})

test('a folder that is a bucket stays when it is emptied through another', async () => {
  const named = { archive: { path: archive() }, photos: { path: archive('deep', 'photos') } }
  await withWorld({ named, layout: 'folder' }, async (world) => {
    const { bridge, foreign } = world
    await foreign.createFolder(archive('deep', 'photos'), contextOf())
    const inArchive = ['deep/photos/x', 'deep/other/x', `Buckets/${bucket}/x`]
    for (const key of inArchive) await putIn(bridge, 'archive', key, key)
    assert.is((await get(bridge, 'x')).toString(), `Buckets/${bucket}/x`)
    await bridge.deleteObjects({ bucket: 'archive', keys: inArchive }, contextOf())
    assert.equal(await names(world), ['archive', bucket, 'photos'])
    assert.is((await foreign.stat(archive('deep', 'other'), contextOf()))?.deleted, true)
    await put(bridge, 'again', 'x')
    await putIn(bridge, 'photos', 'again', 'x')
    assert.equal(await list(bridge, { bucket: 'archive' }), [
      `Buckets/${bucket}/again`,
      'deep/photos/again',
    ])
  })
})

test('each bucket has its own way to delete', async () => {
  const named = { [bucket]: { deleteMode: 'permanent' } } as const
  await withWorld({ named }, async ({ bridge, foreign, at }) => {
    await bridge.createBucket('other', contextOf())
    await put(bridge, 'x', 'x')
    await putIn(bridge, 'other', 'x', 'x')
    for (const each of [bucket, 'other']) {
      await bridge.deleteObject({ bucket: each, key: 'x' }, contextOf())
    }
    assert.is(await foreign.stat(at('x'), contextOf()), undefined)
    const other = { device: 'S3', mountpoint: 'other', path: ['x'] }
    assert.is((await foreign.stat(other, contextOf()))?.deleted, true)
  })
})

test('each folder of the root is a bucket, odd names and trash aside', async () => {
  await withWorld({ layout: 'folder' }, async (world) => {
    const { bridge, foreign } = world
    const at = (...path: string[]) => archive('Buckets', ...path)
    for (const name of ['MyPhotos', 'My Files', 'x', 'gone']) {
      await foreign.createFolder(at(name), contextOf())
    }
    await foreign.removeFolder(at('gone'), 'trash', contextOf())
    await storeForeign(foreign, at('afile'), 'no bucket')
    assert.equal(await names(world), [bucket, 'myphotos'])
    assert.is(await codeOf(bridge.createBucket('afile', contextOf())), 'BucketAlreadyExists')
    assert.is(await codeOf(bridge.createBucket('myphotos', contextOf())), 'BucketAlreadyOwnedByYou')
    await putIn(bridge, 'myphotos', 'a/b', 'x')
    assert.is((await foreign.stat(at('MyPhotos', 'a', 'b'), contextOf()))?.kind, 'file')
    assert.is(await codeOf(bridge.deleteBucket('myphotos', contextOf())), 'BucketNotEmpty')
    await bridge.deleteObject({ bucket: 'myphotos', key: 'a/b' }, contextOf())
    await bridge.deleteBucket('myphotos', contextOf())
    assert.is((await foreign.stat(at('MyPhotos'), contextOf()))?.deleted, true)
    assert.is(await codeOf(list(bridge, { bucket: 'myphotos' })), 'NoSuchBucket')
    // Back from the trash with its old letters, and empty.
    for (const name of ['myphotos', 'gone']) {
      await bridge.createBucket(name, contextOf())
      assert.equal(await list(bridge, { bucket: name }), [])
      await putIn(bridge, name, 'new', 'x')
      assert.equal(await list(bridge, { bucket: name }), ['new'])
    }
    assert.equal(await names(world), [bucket, 'gone', 'myphotos'])
  })
})

test('the root of buckets is made with the first of them, but no mountpoint of the built-in device', async () => {
  const roots: [folder: Location, code: string][] = [
    [archive('not', 'there'), 'no error'],
    [{ device: 'Backups', mountpoint: 'Buckets', path: ['s3'] }, 'no error'],
    [{ device: 'Backups', mountpoint: 'Bare', path: [] }, 'no error'],
    [{ device: 'Jotta', mountpoint: 'NoSuch', path: ['s3'] }, 'InvalidRequest'],
  ]
  await withWorld({}, async (world) => {
    for (const [folder, code] of roots) {
      const placement = { ...world.placement, home: { kind: 'folder', folder } } as const
      const bridge = await world.startAgain(placement)
      assert.equal(await bridge.listBuckets(contextOf()), [])
      assert.is(await codeOf(bridge.headBucket('new', contextOf())), 'NoSuchBucket')
      assert.is(await codeOf(bridge.createBucket('new', contextOf())), code)
      if (code !== 'no error') continue
      await putIn(bridge, 'new', 'x', 'x')
      const at = { ...folder, path: [...folder.path, 'new', 'x'] }
      assert.is((await world.foreign.stat(at, contextOf()))?.kind, 'file')
    }
    const mountpoints = (await world.foreign.mountpoints('Jotta', contextOf())) ?? []
    assert.not.ok(mountpoints.some(({ name }) => name === 'NoSuch'))
  })
})

test.run()
