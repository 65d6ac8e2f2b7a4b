// What each bucket may have of its own: the encoding of its names, and where the times of its objects come from.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bodyOf,
  bucket,
  codeOf,
  contextOf,
  get,
  head,
  list,
  put,
  storeForeign,
  type World,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import { encodingWithoutPercent, parseNameEncoding } from './name-encoding.ts'

const test = suite('behaviours')

test('names are stored and found in the encoding of their bucket', async () => {
  const emulator = { percentInPath: 'accept', forbiddenCharacters: 'accept' } as const
  const cases: [encoding: World['placement']['defaults']['encoding'], stored: string][] = [
    [encodingWithoutPercent, '50% \uff1a x'],
    [parseNameEncoding('Slash,Ctl,Dot,InvalidUtf8,Semicolon'), '50% : x'],
  ]
  for (const [encoding, stored] of cases) {
    await withWorld({ emulator, named: { [bucket]: { encoding } } }, async (world) => {
      const { bridge, foreign, at } = world
      const key = '50% : x/50% : x'
      await put(bridge, key, 'content')
      const entry = await foreign.stat(at(stored, stored), contextOf())
      assert.is(entry?.kind, 'file', encoding.flags)
      assert.equal(await list(bridge), [key])
      assert.equal(await list(bridge, { delimiter: '/' }), ['50% : x/'])
      assert.equal(await list(bridge, { prefix: '50% : x/' }), [key])
      assert.is((await get(bridge, key)).toString(), 'content')
      await bridge.deleteObject({ bucket, key }, contextOf())
      assert.equal(await list(bridge), [])
    })
  }
})

test('what another encoding stored is another key', async () => {
  await withWorld({ emulator: { percentInPath: 'accept' } }, async (world) => {
    const { bridge, foreign, at, placement, startAgain } = world
    await put(bridge, '50%', 'current')
    assert.equal(await list(bridge), ['50%'])
    const defaults = { ...placement.defaults, encoding: encodingWithoutPercent }
    const older = await startAgain({ ...placement, defaults })
    assert.equal(await list(older), ['50\uff05'])
    await storeForeign(foreign, at('60%'), 'by an older rclone')
    assert.equal(await list(older), ['50\uff05', '60%'])
    assert.equal(await list(bridge), ['50%', '\u201bw60%'])
    assert.is(await codeOf(get(bridge, '60%')), 'NoSuchKey')
    assert.is((await get(bridge, '\u201bw60%')).toString(), 'by an older rclone')
  })
})

const mtime = { user: { mtime: '1712345678.123456789' } }
const modified = '2024-04-05T19:34:38.000Z'

/** LastModified as each of the acts gives it. */
async function timesOf({ bridge }: World, key: string): Promise<string[]> {
  const input = { bucket, prefix: key, delimiter: '', after: '', maxKeys: 1 }
  const [listed] = (await bridge.listObjects(input, contextOf())).entries
  assert.is(listed?.kind, 'object')
  const times = [(await head(bridge, key)).modified]
  if (listed?.kind === 'object') times.push(listed.modified)
  return times.map((time) => time.toISOString())
}

test('an object has the time in its metadata where its bucket is set to that', async () => {
  for (const versions of ['keep', 'none'] as const) {
    const named = { [bucket]: { modifiedFrom: 'mtime', versions } } as const
    await withWorld({ named }, async (world) => {
      const { bridge, foreign, at, clock } = world
      for (const { way, sizeBytes, announceMd5 } of waysOfPut) {
        // Written over, too.
        for (const fill of ['a', 'b']) {
          await put(bridge, way, fill.repeat(sizeBytes), { announceMd5, metadata: mtime })
          assert.equal(await timesOf(world, way), [modified, modified], way)
          assert.equal((await head(bridge, way)).metadata.user, mtime.user)
        }
      }
      const entry = await foreign.stat(at('spooled'), contextOf())
      assert.is(entry?.kind === 'file' && entry.current?.created?.toISOString(), modified)

      await put(bridge, 'none', 'x', { metadata: { user: { mtime: 'never' } } })
      const now = new Date(clock.nowMs - 700).toISOString()
      assert.equal(await timesOf(world, 'none'), [now, now])
    })
  }
})

test('a copy has the time of the metadata that it gets', async () => {
  await withWorld({ modifiedFrom: 'mtime' }, async (world) => {
    const { bridge, clock } = world
    await put(bridge, 'source', 'x', { metadata: mtime })
    clock.nowMs += 3_600_000
    const copy = async (
      key: string,
      replaceMetadata: { user: Record<string, string> } | undefined,
    ) =>
      await bridge.copyObject(
        {
          ...{ bucket, key, source: { bucket, key: 'source' } },
          ...{ sourceConditions: {}, replaceMetadata },
        },
        contextOf(),
      )
    const kept = await copy('kept', undefined)
    assert.is(kept.modified.toISOString(), modified)
    assert.equal(await timesOf(world, 'kept'), [modified, modified])
    const other = await copy('replaced', { user: { mtime: '2001-09-09T01:46:40Z' } })
    assert.is(other.modified.getTime(), 1e12)
    await copy('source', { user: {} })
    const now = new Date(clock.nowMs - 700).toISOString()
    assert.equal(await timesOf(world, 'source'), [now, now])
  })
})

test('a completed upload has the time that its beginning gave', async () => {
  await withWorld({ modifiedFrom: 'mtime' }, async (world) => {
    const { bridge } = world
    const { uploadId } = await bridge.createMultipartUpload(
      {
        ...{ bucket, key: 'big', metadata: mtime },
        ...{ checksumAlgorithm: undefined, checksumType: undefined },
      },
      contextOf(),
    )
    const address = { bucket, key: 'big', uploadId }
    const body = bodyOf('one part')
    const { etag } = await bridge.uploadPart({ ...address, partNumber: 1, body }, contextOf())
    const parts = [{ partNumber: 1, etag, checksums: {} }]
    await bridge.completeMultipartUpload({ ...address, parts, conditions: {} }, contextOf())
    assert.equal(await timesOf(world, 'big'), [modified, modified])
  })
})

test.run()
