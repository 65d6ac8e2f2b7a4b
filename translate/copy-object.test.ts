import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  freshBytes,
  get,
  head,
  list,
  md5Of,
  placeOf,
  put,
  storeForeign,
  type World,
  withWorld,
} from './acts.test-support.ts'
import type { CopyObjectInput, ObjectMetadata } from './bridge.ts'
import { checkCopySize } from './copy-object.ts'

const test = suite('copies')
const metadata: ObjectMetadata = { contentType: 'x/y', cacheControl: 'no', user: { a: 'b' } }
const labelled = [{ key: 'k', value: 'v' }]

function copy({ bridge }: World, from: string, to: string, more: Partial<CopyObjectInput> = {}) {
  return bridge.copyObject(
    {
      ...{ bucket, key: to, source: { bucket, key: from } },
      ...{ sourceConditions: {}, replaceMetadata: undefined, ...more },
    },
    contextOf(),
  )
}

for (const deduplication of ['account', 'path'] as const) {
  test(`a copy has content, metadata and a time of its own (content known by ${deduplication})`, async () => {
    await withWorld({ emulator: { deduplication } }, async (world) => {
      const { bridge, clock, emulator } = world
      const bytes = freshBytes(300_000)
      await put(bridge, 'source', bytes, { metadata, tags: labelled })
      const sent = emulator.faults.bytesIn({ operation: 'upload' })
      clock.nowMs += 3_600_000
      for (const target of ['new/deep/copy', 'new/deep/copy', 'beside', 'source']) {
        const { etag, modified, sizeBytes, tags } = await copy(world, 'source', target)
        const object = await head(bridge, target)
        assert.equal([etag, object.etag], [md5Of(bytes), md5Of(bytes)])
        assert.equal(modified, new Date(Math.floor(clock.nowMs / 1000) * 1000))
        assert.equal([object.modified, object.metadata], [modified, metadata])
        assert.equal([sizeBytes, tags, object.tags], [bytes.length, labelled, labelled])
        assert.ok((await get(bridge, target)).equals(bytes))
      }
      const replaceMetadata = { contentType: 'z/z', user: { c: 'd' } }
      for (const target of ['beside', 'source']) {
        await copy(world, 'source', target, { replaceMetadata })
        assert.equal((await head(bridge, target)).metadata, replaceMetadata)
      }
      assert.equal((await head(bridge, 'new/deep/copy')).metadata, metadata)
      assert.is(emulator.faults.bytesIn({ operation: 'upload' }), sent)
    })
  })

  test(`a copy onto an object and onto the trash (content known by ${deduplication})`, async () => {
    for (const copyOntoTombstone of ['stays-deleted', 'revives'] as const) {
      await withWorld({ emulator: { deduplication, copyOntoTombstone } }, async (world) => {
        const { bridge } = world
        await put(bridge, 'source', 'copied', { metadata })
        for (const target of ['target', 'folder/target']) {
          await put(bridge, target, 'overwritten', { metadata: { user: { old: 'yes' } } })
          await copy(world, 'source', target)
          assert.is((await get(bridge, target)).toString(), 'copied')
          await put(bridge, target, 'another')
          await bridge.deleteObject({ bucket, key: target }, contextOf())
          await copy(world, 'source', target)
          assert.is((await get(bridge, target)).toString(), 'copied')
          assert.equal((await head(bridge, target)).metadata, metadata)
        }
        assert.equal(await list(bridge), ['folder/target', 'source', 'target'])
      })
    }
  })
}

test('a copy into another bucket, and from one', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    await bridge.createBucket('another', contextOf())
    await put(bridge, 'a/source', 'copied', { metadata })
    await copy(world, 'a/source', 'b/target', { bucket: 'another' })
    const input = { bucket: 'another', key: 'b/target', conditions: {}, range: undefined }
    assert.equal((await bridge.headObject(input, contextOf())).object.metadata, metadata)
    await copy(world, '', 'back', { source: { bucket: 'another', key: 'b/target' } })
    assert.is((await get(bridge, 'back')).toString(), 'copied')
    assert.is(await codeOf(copy(world, 'a/source', 'x', { bucket: 'none' })), 'NoSuchBucket')
    const fromNone = { source: { bucket: 'none', key: 'x' } }
    assert.is(await codeOf(copy(world, '', 'x', fromNone)), 'NoSuchBucket')
  })
})

test('the copy of a multipart upload is one object with the MD5 as ETag', async () => {
  await withWorld({}, async (world) => {
    const { bridge, state } = world
    await put(bridge, 'source', 'content')
    const record = {
      ...{ bucket, key: 'source', md5: md5Of('content'), sizeBytes: 7, metadata },
      ...{ multipartEtag: `${md5Of('x')}-1`, parts: [{ sizeBytes: 7, checksums: {} }] },
      checksums: { type: 'COMPOSITE', values: { CRC32: 'AAAAAA==' } } as const,
    }
    await state.objects.commit(await state.objects.stage(record))
    assert.is((await head(bridge, 'source')).etag, `${md5Of('x')}-1`)
    assert.is((await copy(world, 'source', 'target')).etag, md5Of('content'))
    const object = await head(bridge, 'target')
    assert.equal(
      [object.etag, object.checksums, object.partCount],
      [md5Of('content'), undefined, undefined],
    )
    assert.equal(object.metadata, metadata)
  })
})

test('sources that are not there, have changed or are refused by a condition are not copied', async () => {
  await withWorld({}, async (world) => {
    const { bridge, foreign } = world
    await put(bridge, 'source', 'copied', { metadata })
    await put(bridge, 'target', 'there')
    const etag = md5Of('copied')
    const cases: [from: string, conditions: CopyObjectInput['sourceConditions'], code: string][] = [
      ['none', {}, 'NoSuchKey'],
      ['Source', {}, 'NoSuchKey'],
      ['a//b', {}, 'NoSuchKey'],
      ['source', { ifMatch: ['another'] }, 'PreconditionFailed'],
      ['source', { ifNoneMatch: [etag] }, 'PreconditionFailed'],
      ['source', { ifUnmodifiedSince: new Date(0) }, 'PreconditionFailed'],
      ['source', { ifMatch: [etag] }, 'no error'],
    ]
    for (const [from, sourceConditions, code] of cases) {
      assert.is(await codeOf(copy(world, from, 'target', { sourceConditions })), code, from)
      const expected = code === 'no error' ? 'copied' : 'there'
      assert.is((await get(bridge, 'target')).toString(), expected)
    }
    await storeForeign(foreign, placeOf('source'), 'by hand')
    await copy(world, 'source', 'target')
    assert.is((await get(bridge, 'target')).toString(), 'by hand')
    assert.equal((await head(bridge, 'target')).metadata.user, {})
    await foreign.removeFile(placeOf('source'), 'trash', contextOf())
    assert.is(await codeOf(copy(world, 'source', 'target')), 'NoSuchKey')
  })
})

test("tags, class and redirect of a copy are the source's or the request's, as S3 has it", async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const tags = [{ key: 'of', value: 'source' }]
    const input = {
      ...{ bucket, key: 'source', body: bodyOf('copied'), conditions: {}, tags },
      metadata: { contentType: 'text/css', websiteRedirectLocation: '/old', user: {} },
      storageClass: 'GLACIER_IR',
    }
    await bridge.putObject(input, contextOf())
    const shown = async (key: string) => {
      const { tags: found, storageClass, metadata: kept } = await head(bridge, key)
      return [found, storageClass, kept.contentType, kept.websiteRedirectLocation]
    }
    await copy(world, 'source', 'plain')
    assert.equal(await shown('plain'), [tags, 'STANDARD', 'text/css', undefined])
    const replaceTags = [{ key: 'of', value: 'copy' }]
    const wanted = { replaceTags, storageClass: 'STANDARD_IA', websiteRedirectLocation: '/new' }
    await copy(world, 'source', 'changed', wanted)
    assert.equal(await shown('changed'), [replaceTags, 'STANDARD_IA', 'text/css', '/new'])
    await copy(world, 'source', 'source', { replaceTags: [], replaceMetadata: { user: {} } })
    assert.equal(await shown('source'), [[], 'STANDARD', undefined, undefined])
  })
})

for (const deduplication of ['account', 'path'] as const) {
  test(`conditions on the destination hold (${deduplication})`, async () => {
    await withWorld({ emulator: { deduplication } }, async (world) => {
      const { bridge } = world
      await put(bridge, 'source', 'copied')
      await put(bridge, 'target', 'there')
      const created = { conditions: { ifNoneMatch: ['*'] } }
      assert.is(await codeOf(copy(world, 'source', 'target', created)), 'PreconditionFailed')
      const other = { conditions: { ifMatch: [md5Of('other')] } }
      assert.is(await codeOf(copy(world, 'source', 'target', other)), 'PreconditionFailed')
      assert.is(await codeOf(copy(world, 'source', 'none', other)), 'NoSuchKey')
      assert.is((await get(bridge, 'target')).toString(), 'there')
      const right = { conditions: { ifMatch: [md5Of('there')] } }
      assert.is(await codeOf(copy(world, 'source', 'target', right)), 'no error')
      assert.is(await codeOf(copy(world, 'source', 'new', created)), 'no error')
      await put(bridge, 'empty', '')
      assert.is(await codeOf(copy(world, 'empty', 'empty copy', created)), 'no error')
      for (const key of ['target', 'new']) assert.is((await get(bridge, key)).toString(), 'copied')
    })
  })
}

test('a copy has the checksum of the source, or the one that is asked for', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    const bytes = freshBytes(100_000)
    const sums = { SHA1: createHash('sha1').update(bytes).digest('base64') }
    await put(bridge, 'source', bytes, { checksums: () => sums })
    const full = { type: 'FULL_OBJECT', values: sums } as const
    assert.equal((await copy(world, 'source', 'kept')).checksums, full)
    const same = await copy(world, 'source', 'same', { checksumAlgorithm: 'SHA1' })
    assert.equal(same.checksums, full)
    const value = createHash('sha256').update(bytes).digest('base64')
    const computed = { type: 'FULL_OBJECT', values: { SHA256: value } }
    const other = await copy(world, 'source', 'other', { checksumAlgorithm: 'SHA256' })
    assert.equal(other.checksums, computed)
    assert.equal((await head(bridge, 'other')).checksums, computed)
    await copy(world, 'other', 'other', { checksumAlgorithm: 'SHA1' })
    assert.equal((await head(bridge, 'other')).checksums, full)
  })
})

test('a source over 5 GiB is refused', () => {
  checkCopySize(5 * 2 ** 30)
  assert.throws(() => checkCopySize(5 * 2 ** 30 + 1), /maximum allowable size/)
})

test('a failed copy leaves the old object and its metadata', async () => {
  for (const deduplication of ['account', 'path'] as const) {
    await withWorld({ emulator: { deduplication } }, async (world) => {
      const { bridge, emulator } = world
      await put(bridge, 'source', 'copied')
      await put(bridge, 'target', 'there', { metadata })
      for (const [status, code] of [
        [460, 'QuotaExceeded'],
        [403, 'AccessDenied'],
        [503, 'ServiceUnavailable'],
      ] as const) {
        emulator.faults.failNext({ status, count: 99, match: { operation: 'cphash' } })
        assert.is(await codeOf(copy(world, 'source', 'target')), code)
        emulator.faults.clear()
        assert.is((await get(bridge, 'target')).toString(), 'there')
        assert.equal((await head(bridge, 'target')).metadata, metadata)
      }
    })
  }
})

test('copies and puts of one key at once end with content and metadata of one of them', async () => {
  await withWorld({}, async (world) => {
    const { bridge } = world
    for (const name of ['one', 'two'])
      await put(bridge, name, name, { metadata: { user: { name } } })
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([
        copy(world, 'one', 'target'),
        put(bridge, 'target', 'three', { metadata: { user: { name: 'three' } } }),
        copy(world, 'two', 'target'),
      ])
      const content = (await get(bridge, 'target')).toString()
      assert.equal((await head(bridge, 'target')).metadata.user, { name: content })
    }
  })
})

test.run()
