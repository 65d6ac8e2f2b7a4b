// What Jottacloud may show and what it may leave out: unfinished and unknown states, tombstones, other
// casing, empty places; and listings that break off or lie. Never a wrong listing, never a lost object.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import { errorCode, type FaultyBridge, withFaultyBridge } from './faulty-bridge.ts'

const test = suite('strange entries')
const content = Buffer.from('the content')

async function expectMissing(faulty: FaultyBridge, key: string, what: string): Promise<void> {
  assert.is((await faulty.get(`/bucket/${key}`)).status, 404, what)
  assert.is((await faulty.request('HEAD', `/bucket/${key}`)).status, 404, what)
  assert.not((await faulty.keys('bucket')).includes(key), what)
}

test('an upload that others began is no object, and a PUT completes the key', async () => {
  await withFaultyBridge(async (faulty) => {
    const { foreign, ok, expectContent } = faulty
    await ok('PUT', '/bucket/other', { body: content })
    const unfinished = await foreign.allocate('S3/bucket/unfinished', randomBuffer(5000, 'never'))
    assert.is(unfinished.status, 200)
    const broken = await foreign.allocate('S3/bucket/broken', 'as announced')
    assert.is((await foreign.send(broken, 'as it comes!')).status, 421)
    for (const key of ['unfinished', 'broken']) {
      await expectMissing(faulty, key, key)
      await ok('DELETE', `/bucket/${key}`)
      await ok('PUT', `/bucket/${key}`, { body: content })
      await expectContent(`/bucket/${key}`, content)
    }
    // A newer upload that does not end leaves the good content in its place.
    await foreign.allocate('S3/bucket/other', randomBuffer(5000, 'newer'))
    await expectContent('/bucket/other', content)
    assert.equal(await faulty.keys('bucket'), ['broken', 'other', 'unfinished'])
  })
})

test('a file in a state that nobody has seen, or that is not ready, is not there yet', async () => {
  await withFaultyBridge(async (faulty) => {
    const { emulator, ok, expectContent, keys } = faulty
    const { faults } = emulator
    await ok('PUT', '/bucket/a', { body: content })
    await ok('PUT', '/bucket/z', { body: content })
    const path = `/jfs/${emulator.username}/S3/bucket/a`
    for (const state of ['ADDED', 'PROCESSING', 'INCOMPLETE', 'CORRUPT'] as const) {
      faults.clear()
      faults.add({ kind: 'showState', state, count: 1000, match: { pathPrefix: path } })
      await expectMissing(faulty, 'a', state)
      assert.equal(await keys('bucket'), ['z'], state)
    }
    const revision = `<number>1</number><state>ASCENDED</state><size>11</size><md5>${'0'.repeat(32)}</md5>`
    const file = `<file name="a" uuid="u"><currentRevision>${revision}</currentRevision></file>`
    await showing(faulty, file, async () => {
      assert.is((await faulty.get('/bucket/a')).status, 404)
    })
    const folder = `<mountPoint><name>bucket</name><files>${file}</files></mountPoint>`
    await showing(faulty, folder, async () => {
      assert.equal(await keys('bucket', '&delimiter=/'), [])
    })
    await expectContent('/bucket/a', content)
  })
})

test('tombstones are nothing: not read, not listed, not in the way', async () => {
  await withFaultyBridge(async (faulty) => {
    const { foreign, ok, expectContent, keys } = faulty
    for (const key of ['file', 'folder/in', 'taken']) {
      await ok('PUT', `/bucket/${key}`, { body: content })
    }
    await foreign.post('S3/bucket/file', '?dl=true')
    await foreign.post('S3/bucket/folder', '?dlDir=true')
    await foreign.post('S3/bucket/taken', '?dl=true')
    assert.match((await foreign.get('S3/bucket/file')).text, 'deleted=')
    for (const key of ['file', 'folder/in']) await expectMissing(faulty, key, key)
    assert.equal(await keys('bucket'), [])
    const put = randomBuffer(200, 'new')
    await ok('PUT', '/bucket/folder/in', { body: put })
    await ok('PUT', '/bucket/file', { body: content })
    const headers = { 'x-amz-copy-source': '/bucket/file' }
    await ok('PUT', '/bucket/taken', { headers })
    await expectContent('/bucket/file', content)
    await expectContent('/bucket/folder/in', put)
    await expectContent('/bucket/taken', content)
    assert.equal(await keys('bucket'), ['file', 'folder/in', 'taken'])
  })
})

test('what is stored in another casing than is asked for is another key, and is never overwritten', async () => {
  await withFaultyBridge(async (faulty) => {
    const { foreign, ok, request, expectContent, keys } = faulty
    await foreign.put('S3/bucket/Holiday/Photo.JPG', content)
    const path = '/bucket/Holiday/Photo.JPG'
    await expectContent(path, content)
    for (const key of ['holiday/photo.jpg', 'Holiday/photo.JPG', 'HOLIDAY/Photo.JPG']) {
      assert.is((await faulty.get(`/bucket/${key}`)).status, 404, key)
      const put = await request('PUT', `/bucket/${key}`, { body: 'other' })
      assert.is(put.status, 200, `${key}: ${put.text}`)
      await expectContent(`/bucket/${key}`, Buffer.from('other'))
      assert.equal(await keys('bucket'), ['Holiday/Photo.JPG', key].sort())
      await ok('DELETE', `/bucket/${key}`)
    }
    await expectContent(path, content)
    assert.equal(await keys('bucket'), ['Holiday/Photo.JPG'])
    assert.equal(await keys('bucket', '&prefix=holiday/'), [])
  })
})

test('an empty bucket in whatever words: no files, no folders, no counts', async () => {
  await withFaultyBridge(async (faulty) => {
    const { keys } = faulty
    assert.equal(await keys('bucket'), [])
    for (const reply of [
      '<mountPoint><name>bucket</name></mountPoint>',
      '<mountPoint><name>bucket</name><folders/><files/></mountPoint>',
      '<mountPoint><name>bucket</name><metadata first="" max="" total="0"/></mountPoint>',
      '<mountPoint><name>bucket</name><folders><folder name="x" deleted=""/></folders></mountPoint>',
    ]) {
      await showing(faulty, reply, async () => assert.equal(await keys('bucket'), [], reply))
    }
    await faulty.ok('PUT', '/empty')
    assert.equal(await keys('empty'), [])
    await faulty.ok('DELETE', '/empty')
    assert.is((await faulty.request('HEAD', '/empty')).status, 404)
  })
})

test('a listing that breaks off, or is not one, is an error and never a shorter listing', async () => {
  await withFaultyBridge(async (faulty) => {
    const { emulator, ok, request, keys } = faulty
    const names = Array.from({ length: 40 }, (_, index) => `key-${String(index).padStart(2, '0')}`)
    for (const name of names) await ok('PUT', `/bucket/${name}`, { body: name })
    const whole = Buffer.byteLength((await faulty.foreign.get('S3/bucket')).text)
    for (const [afterBytes, operation, query] of [0, 200, whole >> 1, whole - 5].flatMap((bytes) =>
      kindsOfListing.map((kind) => [bytes, ...kind] as const),
    )) {
      emulator.faults.add({ kind: 'cutDownload', afterBytes, match: { operation } })
      const answer = await request('GET', `/bucket?list-type=2${query}`)
      const listed = [...answer.text.matchAll(/<Key>([^<]*)</g)].map((found) => found[1])
      // Cut at its head it is asked for again; cut later it is an error, which the client repeats.
      if (answer.status === 200) assert.equal(listed, names, `cut after ${afterBytes}`)
      else assert.equal([answer.status, listed], [503, []], `cut after ${afterBytes}`)
      emulator.faults.clear()
    }
    for (const reply of [
      '',
      'Welcome',
      '<html><body>Maintenance</body></html>',
      '<mountPoint><name>bucket</name><files><file name="a">',
      '<mountPoint><name>bucket</name><files><file/></files></mountPoint>',
      '<mountPoint><name>bucket</name><files></folders></mountPoint>',
    ]) {
      emulator.faults.clear()
      emulator.faults.failNext({
        status: 200,
        body: reply,
        count: 100,
        match: { method: 'GET' },
      })
      for (const [, query] of kindsOfListing) {
        const answer = await request('GET', `/bucket?list-type=2${query}`)
        assert.ok(answer.status >= 500, `${reply}: ${answer.status} ${answer.text}`)
        assert.not.match(answer.text, '<Key>')
      }
    }
    for (const how of ['no-stats', 'wrong-stats', 'truncated'] as const) {
      emulator.faults.clear()
      emulator.faults.add({ kind: 'spoilListing', how })
      // One that is not whole is asked for again; when none is, that is an error.
      assert.equal(await keys('bucket'), names, how)
      emulator.faults.add({ kind: 'spoilListing', how, count: 100 })
      const answer = await request('GET', '/bucket?list-type=2')
      assert.equal([answer.status, errorCode(answer.text)], [503, 'ServiceUnavailable'], how)
    }
    for (const entries of [0, 1, 39]) {
      emulator.faults.clear()
      const match = { operation: 'stat' } as const
      emulator.faults.add({ kind: 'shortListing', entries, count: 100, match })
      const answer = await request('GET', '/bucket?list-type=2&delimiter=/')
      assert.equal([answer.status, errorCode(answer.text)], [503, 'ServiceUnavailable'])
      const probe = await request('GET', '/bucket?list-type=2&max-keys=100')
      assert.equal([probe.status, errorCode(probe.text)], [500, 'InternalError'], `${entries}`)
      // Nor is a bucket removed, whose only objects are not listed.
      assert.is((await request('DELETE', '/bucket')).status, entries === 0 ? 500 : 409)
    }
    emulator.faults.clear()
    assert.equal(await keys('bucket'), names)
  })
})

test('a bucket is not removed on the word of a recursive listing that cannot be trusted', async () => {
  await withFaultyBridge(async (faulty) => {
    const { emulator, foreign, ok, request, expectContent } = faulty
    await ok('PUT', '/full')
    await ok('PUT', '/full/deep/down/object', { body: content })
    for (const how of ['no-stats', 'wrong-stats', 'truncated'] as const) {
      emulator.faults.add({ kind: 'spoilListing', how })
      const answer = await request('DELETE', '/full')
      // One that shows the object before it lies says enough.
      assert.ok([409, 500].includes(answer.status), `${how}: ${answer.text}`)
      emulator.faults.clear()
    }
    await expectContent('/full/deep/down/object', content)
    await ok('PUT', '/void')
    await foreign.post('S3/void/folder/below', '?mkDir=true')
    for (const how of ['no-stats', 'wrong-stats'] as const) {
      emulator.faults.add({ kind: 'spoilListing', how })
      const answer = await request('DELETE', '/void')
      assert.equal([answer.status, errorCode(answer.text)], [500, 'InternalError'], how)
      emulator.faults.clear()
    }
    const match = { operation: 'liststream' } as const
    emulator.faults.add({ kind: 'cutDownload', afterBytes: 60, match })
    const cut = await request('DELETE', '/void')
    assert.ok([204, 503].includes(cut.status), cut.text)
    if (cut.status === 503) await ok('DELETE', '/void')
    assert.is((await request('HEAD', '/void')).status, 404)
  })
})

test.run()

/** Every look at a place, while `act` runs, shows this. */
/** The operation upstream, and the query that takes it. */
const kindsOfListing = [
  ['stat', '&delimiter=/'],
  ['stat', '&max-keys=100'],
  ['liststream', ''],
] as const

async function showing(
  { emulator }: FaultyBridge,
  body: string,
  act: () => Promise<void>,
): Promise<void> {
  const match = { operation: 'stat' } as const
  emulator.faults.clear()
  emulator.faults.failNext({ status: 200, body, count: 1000, match })
  await act()
  emulator.faults.clear()
}
