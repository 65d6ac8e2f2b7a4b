// Reading objects: whole, in part, under conditions, and when Jottacloud gives other bytes than it should.
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  bytesOf,
  codeOf,
  contextOf,
  failureOf,
  freshBytes,
  get,
  head,
  list,
  md5Of,
  placeOf,
  put,
  storeForeign,
  withWorld,
} from './acts.test-support.ts'
import { RESERVED_FOLDER } from './key-path.ts'
import { S3Error } from './s3-error.ts'

const test = suite('objects')

test('every header that S3 keeps comes back, and a Content-Type that was not given is guessed', async () => {
  await withWorld({}, async ({ bridge, clock }) => {
    const metadata = {
      contentType: 'application/x-mine; charset=x',
      cacheControl: 'max-age=1',
      contentDisposition: 'attachment; filename="å"',
      contentEncoding: 'gzip',
      contentLanguage: 'nb',
      expires: 'not a date',
      websiteRedirectLocation: '/x',
      user: { 'a-b': 'c', unicode: 'blåbær' },
    }
    const checksums = { CRC32: 'AAAAAA==' }
    await put(bridge, 'x.txt', 'content', { metadata, checksums: () => checksums })
    const object = await head(bridge, 'x.txt')
    assert.equal(object.metadata, metadata)
    assert.equal(object.checksums, { type: 'FULL_OBJECT', values: checksums })
    assert.equal(object.modified, new Date(Math.floor(clock.nowMs / 1000) * 1000))
    assert.is(object.partCount, undefined)
    // A write replaces all of it.
    await put(bridge, 'x.txt', 'content')
    assert.equal((await head(bridge, 'x.txt')).metadata, { user: {} })
    assert.is((await head(bridge, 'x.txt')).checksums, undefined)
  })
})

test('ranges are of the object, and an empty object has none', async () => {
  await withWorld({}, async ({ bridge }) => {
    const bytes = freshBytes(100_000)
    await put(bridge, 'x', bytes)
    const ranges: [range: string, start: number, end: number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=10-19', 10, 20],
      ['bytes=99999-', 99_999, 100_000],
      ['bytes=-5', 99_995, 100_000],
      ['bytes=-500000', 0, 100_000],
      ['bytes=0-', 0, 100_000],
      ['bytes=50000-900000', 50_000, 100_000],
      ['bytes=1-2,5-6', 0, 100_000],
      ['lines=1-2', 0, 100_000],
    ]
    for (const [range, start, end] of ranges) {
      assert.ok((await get(bridge, 'x', range)).equals(bytes.subarray(start, end)), range)
    }
    assert.is(await codeOf(get(bridge, 'x', 'bytes=100000-')), 'InvalidRange')
    await put(bridge, 'empty', '')
    assert.is((await get(bridge, 'empty')).length, 0)
    assert.is(await codeOf(get(bridge, 'empty', 'bytes=0-0')), 'InvalidRange')
  })
})

test('conditions on reads: one says 304 with the validators, the other 412', async () => {
  await withWorld({}, async ({ bridge }) => {
    const { etag } = await put(bridge, 'x', 'content')
    const input = { bucket, key: 'x', range: undefined }
    for (const read of [bridge.getObject, bridge.headObject]) {
      const notModified = read({ ...input, conditions: { ifNoneMatch: [etag] } }, contextOf())
      const error = await failureOf(notModified)
      assert.instance(error, S3Error)
      assert.is((error as S3Error).code, 'NotModified')
      assert.is((error as S3Error).elements.ETag, `"${etag}"`)
      const failed = read({ ...input, conditions: { ifMatch: ['x'] } }, contextOf())
      assert.is(await codeOf(failed), 'PreconditionFailed')
    }
  })
})

test('a download of other bytes fails before its end', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const size of [70_000, 500_000]) {
      const bytes = freshBytes(size)
      await put(bridge, 'x', bytes)
      for (const at of [0, Math.floor(size / 2), size - 1]) {
        emulator.faults.add({ kind: 'corruptDownload', atByte: at })
        const { stream } = await bridge.getObject(
          { bucket, key: 'x', conditions: {}, range: undefined },
          contextOf(),
        )
        let received = 0
        const reading = (async () => {
          for await (const chunk of stream) received += chunk.length
        })()
        assert.ok((await failureOf(reading)) !== undefined, `${at} of ${size}`)
        assert.ok(received < size, `${received} of ${size}`)
        emulator.faults.clear()
      }
      assert.ok((await get(bridge, 'x')).equals(bytes))
    }
  })
})

test('wrong bytes of a small object are asked for again, a few times, before anybody is told of them', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    const bytes = freshBytes(60_000)
    await put(bridge, 'x', bytes)
    emulator.faults.add({ kind: 'corruptDownload', atByte: 59_999, count: 3 })
    assert.ok((await get(bridge, 'x')).equals(bytes))
    emulator.faults.add({ kind: 'corruptDownload', atByte: 0, count: 4 })
    const input = { bucket, key: 'x', conditions: {}, range: undefined }
    assert.is(await codeOf(bridge.getObject(input, contextOf())), 'InternalError')
    assert.is(emulator.faults.count({ operation: 'download' }), 8)
  })
})

test('a small object that is written over with as many bytes is given as it is now', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const [range, expected] of [
      [undefined, 'second 2'],
      ['bytes=0-', 'second 2'],
      ['bytes=7-7', '2'],
    ] as const) {
      await put(bridge, 'x', 'first  1', { metadata: { user: { is: 'first' } } })
      const opening = emulator.faults.hold({ operation: 'download' })
      const input = { bucket, key: 'x', conditions: {}, range }
      const reading = bridge.getObject(input, contextOf())
      await opening.reached()
      await put(bridge, 'x', 'second 2', { metadata: { user: { is: 'second' } } })
      opening.release()
      const { object, stream } = await reading
      assert.is((await bytesOf(stream)).toString(), expected)
      const now = await head(bridge, 'x')
      assert.equal([object.etag, object.modified], [md5Of('second 2'), now.modified])
      assert.is(object.metadata.user.is, 'second')
    }
  })
})

test('conditions hold for the very content that is given', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    await put(bridge, 'x', 'first  1')
    const opening = emulator.faults.hold({ operation: 'download' })
    const conditions = { ifMatch: [md5Of('first  1')] }
    const input = { bucket, key: 'x', conditions, range: undefined }
    const reading = codeOf(bridge.getObject(input, contextOf()))
    await opening.reached()
    await put(bridge, 'x', 'second 2')
    opening.release()
    assert.is(await reading, 'PreconditionFailed')
  })
})

test('a download that is cut goes on where it was, whole or a part', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const size of [10, 70_000, 500_000]) {
      const bytes = freshBytes(size)
      await put(bridge, 'x', bytes)
      for (const afterBytes of [0, 1, Math.floor(size / 2), size - 1]) {
        emulator.faults.add({ kind: 'cutDownload', afterBytes })
        assert.ok((await get(bridge, 'x')).equals(bytes), `${afterBytes} of ${size}`)
      }
      emulator.faults.add({ kind: 'cutDownload', afterBytes: 3, count: 2 })
      assert.ok((await get(bridge, 'x', 'bytes=2-8')).equals(bytes.subarray(2, 9)))
    }
  })
})

test('bytes of another version are never given out under an ETag, not even a part of them', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    for (const range of [undefined, 'bytes=0-69999', 'bytes=100-', 'bytes=0-']) {
      const old = freshBytes(100_000)
      await put(bridge, 'x', old)
      const opening = emulator.faults.hold({ operation: 'download' })
      const reading = failureOf(get(bridge, 'x', range))
      await opening.reached()
      // As large as the old one, so that only its content tells.
      await storeForeign(foreign, placeOf('x'), freshBytes(100_000))
      opening.release()
      const failure = await reading
      assert.instance(failure, S3Error, String(range))
    }
  })
})

test('an object that is written over between the look and the download is given as it is now', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    for (const [range, expected] of [
      [undefined, 'the new content'],
      ['bytes=4-6', 'new'],
    ] as const) {
      await put(bridge, 'x', freshBytes(100_000))
      const opening = emulator.faults.hold({ operation: 'download' })
      const input = { bucket, key: 'x', conditions: {}, range }
      const reading = bridge.getObject(input, contextOf())
      await opening.reached()
      await put(bridge, 'x', 'the new content')
      opening.release()
      const { object, stream } = await reading
      assert.is((await bytesOf(stream)).toString(), expected)
      assert.is(object.etag, md5Of('the new content'))
    }
  })
})

test('an object of which the look and the download never agree is refused, and not for ever', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    await put(bridge, 'x', freshBytes(100_000))
    emulator.faults.add({ kind: 'delayVisibility', gets: 1000 })
    // Stored, though whoever stores it does not see it either.
    await storeForeign(foreign, placeOf('x'), 'new').catch(() => {})
    const before = emulator.faults.count({ operation: 'download' })
    assert.is(await codeOf(get(bridge, 'x')), 'ServiceUnavailable')
    assert.is(emulator.faults.count({ operation: 'download' }) - before, 4)
  })
})

test('an object that is deleted between the look and the download is not there', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    await put(bridge, 'x', 'content')
    const opening = emulator.faults.hold({ operation: 'download' })
    const reading = codeOf(get(bridge, 'x'))
    await opening.reached()
    await foreign.removeFile(placeOf('x'), 'permanent', contextOf())
    opening.release()
    assert.is(await reading, 'NoSuchKey')
  })
})

test('a reader that leaves early leaves nothing open', async () => {
  await withWorld({}, async ({ bridge }) => {
    await put(bridge, 'x', freshBytes(2_000_000))
    const leaving = new AbortController()
    const input = { bucket, key: 'x', conditions: {}, range: undefined }
    const { stream } = await bridge.getObject(input, contextOf(leaving.signal))
    for await (const chunk of stream) {
      assert.ok(chunk.length > 0)
      break
    }
    assert.ok(stream.destroyed)
    const second = await bridge.getObject(input, contextOf(leaving.signal))
    leaving.abort(new Error('gone'))
    assert.ok((await failureOf(bytesOf(second.stream))) !== undefined)
  })
})

test('a large body of a known MD5 does not stop on the disk, and leaves no trace of its way', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    const bytes = freshBytes(500_000)
    await put(bridge, 'x', bytes, { announceMd5: true })
    // Content that Jottacloud has already is not sent, but still must arrive at the bridge.
    await put(bridge, 'y', bytes, { announceMd5: true })
    assert.is(emulator.faults.bytesIn({ operation: 'upload' }), bytes.length)
    const left: string[] = []
    for await (const entry of foreign.list(placeOf(RESERVED_FOLDER, 'staging'), contextOf())) {
      left.push(entry.name)
    }
    assert.equal(left, [])
  })
})

test('known content does not become the object before its body has come and proved true', async () => {
  await withWorld({}, async ({ bridge, foreign }) => {
    const known = freshBytes(200_000)
    await storeForeign(foreign, placeOf('known'), known)
    await put(bridge, 'x', 'old', { metadata: { user: { is: 'old' } } })
    const seen: string[] = []
    const arriving = async function* () {
      yield known.subarray(0, 150_000)
      seen.push((await get(bridge, 'x')).toString())
      yield known.subarray(150_000)
      seen.push((await get(bridge, 'x')).toString())
      throw new S3Error('SignatureDoesNotMatch')
    }
    const stream = Readable.from(arriving(), { objectMode: false })
    const lie = put(bridge, 'x', known, { stream, announceMd5: true })
    assert.is(await codeOf(lie), 'SignatureDoesNotMatch')
    assert.equal(seen, ['old', 'old'])
    assert.is((await get(bridge, 'x')).toString(), 'old')
    assert.equal((await head(bridge, 'x')).metadata.user, { is: 'old' })
  })
})

test('after a send was cut, a body that announced its MD5 is spooled, and arrives', async () => {
  await withWorld({ emulator: { cutUploadsAfterBytes: 60_000 } }, async ({ bridge, clock }) => {
    const bytes = freshBytes(200_000)
    const first = put(bridge, 'x', bytes, { announceMd5: true })
    assert.is(await codeOf(first), 'ServiceUnavailable')
    await put(bridge, 'x', bytes, { announceMd5: true })
    assert.ok((await get(bridge, 'x')).equals(bytes))
    clock.nowMs += 3_600_000
    const later = put(bridge, 'y', freshBytes(200_000), { announceMd5: true })
    assert.is(await codeOf(later), 'ServiceUnavailable')
  })
})

test('what a killed process left behind on the way is removed a day later, and nothing else', async () => {
  await withWorld({}, async ({ bridge, foreign, clock, startAgain, warnings }) => {
    const staging = [RESERVED_FOLDER, 'staging']
    await storeForeign(foreign, placeOf(...staging, 'old'), 'left behind')
    await storeForeign(foreign, placeOf(RESERVED_FOLDER, 'other'), 'not staged')
    await put(bridge, 'x', freshBytes(100_000), { announceMd5: true })
    assert.is(await foreign.stat(placeOf(...staging, 'old'), contextOf()), undefined)
    assert.ok(await foreign.stat(placeOf(RESERVED_FOLDER, 'other'), contextOf()))
    const bytes = freshBytes(100)
    const time = new Date(clock.nowMs - 60_000)
    await foreign
      .upload(
        placeOf(...staging, 'young'),
        {
          ...{ sizeBytes: 100, md5: md5Of(bytes), created: time, modified: time },
          onExisting: 'reject',
          openContent: () => {
            throw new Error('known')
          },
        },
        contextOf(),
      )
      .catch(() => {})
    const again = await startAgain()
    await put(again, 'y', freshBytes(100_000), { announceMd5: true })
    assert.ok(await foreign.stat(placeOf(...staging, 'young'), contextOf()))
    assert.equal(warnings, [])
  })
})

test('while the content of an object comes, the folders on its way are looked at', async () => {
  await withWorld({}, async ({ bridge, emulator, foreign }) => {
    await storeForeign(foreign, placeOf('a', 'b', 'other'), 'x')
    emulator.faults.clear()
    let looks = 0
    const whole = 'half, and the rest'
    const content = async function* () {
      yield Buffer.from(whole.slice(0, 5))
      for (let turn = 0; turn < 10_000 && looks < 2; turn += 1) {
        await setImmediate()
        looks = emulator.faults.count({ operation: 'stat' })
      }
      yield Buffer.from(whole.slice(5))
    }
    const stream = Readable.from(content(), { objectMode: false })
    await put(bridge, 'a/b/c', '', { stream, sizeBytes: whole.length })
    assert.ok(looks >= 2, `${looks} looks`)
    assert.is((await get(bridge, 'a/b/c')).toString(), whole)
  })
})

test("a folder's marker is an object beside the folder and what is in it", async () => {
  await withWorld({}, async ({ bridge }) => {
    const metadata = { contentType: 'application/x-directory', user: { mode: '16877' } }
    for (const content of ['', 'not empty']) {
      await put(bridge, 'a/', content, { metadata, tags: [{ key: 'k', value: 'v' }] })
      await put(bridge, 'a/b', 'below')
      const marker = await head(bridge, 'a/')
      assert.equal([marker.etag, marker.sizeBytes], [md5Of(content), content.length])
      assert.equal(marker.metadata, metadata)
      assert.equal(marker.tags, [{ key: 'k', value: 'v' }])
      assert.equal((await get(bridge, 'a/')).toString(), content)
      assert.equal(await list(bridge), ['a/', 'a/b'])
      assert.equal(await list(bridge, { delimiter: '/' }), ['a/'])
      assert.equal(await list(bridge, { delimiter: '/', prefix: 'a/' }), ['a/', 'a/b'])
      assert.is(await codeOf(head(bridge, 'a')), 'NoSuchKey')
      // Each goes without the other.
      const gone = content === '' ? 'a/' : 'a/b'
      await bridge.deleteObject({ bucket, key: gone }, contextOf())
      assert.equal(
        await list(bridge),
        ['a/', 'a/b'].filter((key) => key !== gone),
      )
    }
  })
})

test.run()
