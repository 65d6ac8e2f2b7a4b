// Section 5 of the protocol reference, over HTTP.
import { once } from 'node:events'
import { request } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { at, createClock, list, md5, type Session, withEmulator } from './testing/with-emulator.ts'

const test = suite('upload')
const path = 'Jotta/Archive/reports/a.csv'
const time = '2026-01-05T13:00:00+01:00'

async function fileOf(session: Session, where = path): Promise<unknown> {
  return at((await session.get(where)).xml, 'file')
}

test('allocate and upload make a file and its folders', async () => {
  await withEmulator({}, async (session) => {
    const allocation = await session.allocate(path, 'hello', { created: time, modified: time })
    assert.is(allocation.json.state, 'INCOMPLETE')
    assert.is(allocation.json.resume_pos, 0)
    assert.is(allocation.json.path, 'Archive/reports/a.csv')
    const early = await fileOf(session)
    assert.is(at(early, 'currentRevision'), undefined)
    assert.is(at(early, 'latestRevision', 'state'), 'INCOMPLETE')
    assert.is(at(early, 'latestRevision', 'size'), '0')
    const sent = await session.send(allocation, 'hello')
    assert.is(sent.status, 200)
    assert.is(sent.json.md5, md5('hello'))
    assert.is(sent.json.bytes, 5)
    assert.is(sent.json.modified, Date.parse(time))
    const file = await fileOf(session)
    assert.is(at(file, '@name'), 'a.csv')
    assert.is(at(file, 'path', '#text'), `/${session.username}/Jotta/Archive/reports`)
    assert.is(at(file, 'latestRevision'), undefined)
    assert.is(at(file, 'revisions'), undefined)
    const revision = at(file, 'currentRevision')
    assert.is(at(revision, 'number'), '1')
    assert.is(at(revision, 'state'), 'COMPLETED')
    assert.is(at(revision, 'modified'), '2026-01-05-T12:00:00Z')
    assert.is(at(revision, 'mime'), 'text/csv')
    assert.is(at(revision, 'size'), '5')
    assert.is(await session.content(path), 'hello')
  })
})

test('an empty file is a file', async () => {
  await withEmulator({}, async (session) => {
    const allocation = await session.allocate(path, '')
    assert.is(allocation.json.state, 'INCOMPLETE')
    assert.is((await session.send(allocation, '')).status, 200)
    assert.is(at(await fileOf(session), 'currentRevision', 'size'), '0')
    const answer = await session.get(path, '?mode=bin')
    assert.is(answer.status, 200)
    assert.is(answer.bytes.length, 0)
    assert.is((await session.get(path, '?mode=bin', { range: 'bytes=0-' })).status, 416)
  })
})

test('a short body keeps its bytes, and the next one goes on where it ended', async () => {
  await withEmulator({}, async (session) => {
    const content = 'abcdefghij'
    const first = await session.send(await session.allocate(path, content), content, undefined, 4)
    assert.is(first.status, 420)
    assert.is(first.json.error_id, 'IncompleteUploadOpenApiException')
    assert.is(at(await fileOf(session), 'latestRevision', 'size'), '4')
    const again = await session.allocate(path, content)
    assert.is(again.json.resume_pos, 4)
    assert.is((await session.send(again, content, 3)).status, 416)
    const third = await session.allocate(path, content)
    assert.is((await session.send(third, content, 4, 1)).status, 420)
    const fourth = await session.allocate(path, content)
    assert.is(fourth.json.resume_pos, 5)
    assert.is((await session.send(fourth, content, 5)).status, 200)
    assert.is(await session.content(path), content)
    assert.is(at(await fileOf(session), 'currentRevision', 'number'), '1')
  })
})

test('a body with another MD5 is corrupt, and the old content is served on', async () => {
  await withEmulator({}, async (session) => {
    await session.put(path, 'good')
    const sent = await session.send(await session.allocate(path, 'other'), 'wrong')
    assert.is(sent.status, 421)
    assert.is(sent.json.error_id, 'CorruptUploadOpenApiException')
    const file = await fileOf(session)
    assert.is(at(file, 'currentRevision', 'number'), '1')
    assert.is(at(file, 'latestRevision', 'state'), 'CORRUPT')
    assert.is(at(file, 'latestRevision', 'size'), undefined)
    assert.is(await session.content(path), 'good')
    const again = await session.allocate(path, 'other')
    assert.is(again.json.state, 'CORRUPT')
    assert.is(again.json.resume_pos, 0)
    assert.is((await session.send(again, 'other')).status, 200)
    assert.is(await session.content(path), 'other')
  })
})

test('known content needs no body, at the same path or another', async () => {
  await withEmulator({}, async (session) => {
    await session.put(path, 'same', { modified: time })
    const touch = await session.allocate(path, 'same', { modified: '2020-01-01T00:00:00Z' })
    assert.is(touch.json.state, 'COMPLETED')
    const file = await fileOf(session)
    assert.is(at(file, 'currentRevision', 'number'), '1')
    assert.is(at(file, 'currentRevision', 'modified'), '2020-01-01-T00:00:00Z')
    const other = await session.allocate('Jotta/Sync/b', 'same')
    assert.is(other.json.state, 'COMPLETED')
    assert.is(await session.content('Jotta/Sync/b'), 'same')
  })
})

test('COMPLETED is never answered for content that is not there', async () => {
  await withEmulator({}, async (session) => {
    await session.allocate('Jotta/Archive/x', 'never sent')
    const content = 'never sent'
    await session.send(await session.allocate('Jotta/Archive/y', content), content, undefined, 9)
    await session.put('Jotta/Archive/z', 'removed')
    await session.post('Jotta/Archive/z', '?rm=true')
    for (const text of [content, 'removed']) {
      assert.is((await session.allocate('Jotta/Archive/new', text)).json.state, 'INCOMPLETE', text)
      assert.is((await session.cphash('Jotta/Archive/new2', text, time)).status, 404, text)
    }
  })
})

test('deduplication can be confined to the path', async () => {
  await withEmulator({ deduplication: 'path' }, async (session) => {
    await session.put(path, 'same')
    assert.is((await session.allocate(path, 'same')).json.state, 'COMPLETED')
    assert.is((await session.allocate('Jotta/Archive/b', 'same')).json.state, 'INCOMPLETE')
    assert.is((await session.cphash('Jotta/Archive/c', 'same', time)).status, 404)
  })
})

test('each content is a revision, five are kept, older ones can be read', async () => {
  await withEmulator({}, async (session) => {
    for (const content of ['one', 'two', 'three', 'four', 'five', 'six', 'seven']) {
      await session.put(path, content)
    }
    const file = await fileOf(session)
    assert.is(at(file, 'currentRevision', 'number'), '7')
    const older = list(at(file, 'revisions', 'revision'))
    assert.equal(
      older.map((one) => at(one, 'number')),
      ['6', '5', '4', '3'],
    )
    assert.is((await session.get(path, '?mode=bin&revision=3')).text, 'three')
    assert.is((await session.get(path, '?mode=bin&revision=2')).status, 404)
    assert.is((await session.get(path, '?mode=bin&revision=x')).status, 404)
    assert.is((await session.allocate('Jotta/Archive/n', 'two')).json.state, 'INCOMPLETE')
    assert.is((await session.allocate('Jotta/Archive/m', 'three')).json.state, 'COMPLETED')
    const listed = at(
      (await session.get('Jotta/Archive/reports')).xml,
      'folder',
      'files',
      'file',
      '0',
    )
    assert.is(at(listed, 'revisions'), undefined)
  })
})

test('REJECT_CONFLICTS refuses where a live file is, and only there', async () => {
  await withEmulator({}, async (session) => {
    const reject = { conflict_handler: 'REJECT_CONFLICTS' }
    assert.is((await session.allocate(path, 'new', reject)).status, 200)
    assert.is((await session.allocate(path, 'new', reject)).status, 200)
    await session.put(path, 'new')
    const refused = await session.allocate(
      path.toUpperCase().replace('JOTTA', 'Jotta'),
      'x',
      reject,
    )
    assert.is(refused.status, 409)
    assert.is(refused.json.error_id, 'UniqueFileException')
    assert.is((await session.allocate(path, 'new', reject)).status, 409)
    await session.post(path, '?dl=true')
    assert.is((await session.allocate(path, 'new', reject)).json.state, 'COMPLETED')
    assert.is((await session.allocate(path, 'x', { conflict_handler: 'X' })).status, 400)
  })
})

test('of two uploads at once the one that completes last wins', async () => {
  await withEmulator({}, async (session) => {
    await session.put(path, 'old')
    const one = await session.allocate(path, 'one')
    const two = await session.allocate(path, 'two')
    const alsoTwo = await session.allocate(path, 'two')
    assert.is.not(two.json.upload_id, alsoTwo.json.upload_id)
    assert.is((await session.send(two, 'two')).status, 200)
    assert.is((await session.send(one, 'one')).status, 200)
    assert.is(await session.content(path), 'one')
    assert.is((await session.send(alsoTwo, 'two')).status, 200)
    assert.is(await session.content(path), 'two')
    assert.equal(
      list(at(await fileOf(session), 'revisions', 'revision')).map((one) => at(one, 'size')),
      ['3', '3', '3'],
    )
  })
})

test('a failed attempt uses a number up', async () => {
  await withEmulator({}, async (session) => {
    await session.put(path, 'one')
    await session.allocate(path, 'never')
    await session.put(path, 'three')
    assert.is(at(await fileOf(session), 'currentRevision', 'number'), '3')
  })
})

test('an upload_url is good for one attempt, unless switched, and wants a bearer', async () => {
  await withEmulator({}, async (session, { faults }) => {
    const allocation = await session.allocate(path, 'abc')
    const url = String(allocation.json.upload_url)
    const bare = await session.ask('POST', url, { headers: { authorization: '' }, body: 'abc' })
    assert.is(bare.status, 401)
    assert.is((await session.send(allocation, 'abc', undefined, 1)).status, 420)
    assert.is((await session.send(allocation, 'abc', 1)).status, 404)
    faults.set({ uploadUrls: 'reusable' })
    const reusable = await session.allocate(path, 'abc')
    assert.is((await session.send(reusable, 'abc', 1, 1)).status, 420)
    assert.is((await session.send(reusable, 'abc', 2)).status, 200)
    assert.is((await session.send(reusable, 'abc')).status, 404)
  })
})

test('bodies longer than announced, or of unknown length, change nothing', async () => {
  await withEmulator({}, async (session) => {
    const allocation = await session.allocate(path, 'abc')
    const url = String(allocation.json.upload_url)
    assert.is((await session.ask('POST', url, { body: 'abcd' })).status, 400)
    const headers = { 'transfer-encoding': 'chunked' }
    assert.is((await session.ask('POST', url, { headers, body: 'abc' })).status, 411)
    assert.is((await session.send(allocation, 'abc')).status, 200)
  })
})

test('malformed allocations are refused', async () => {
  await withEmulator({}, async (session) => {
    const cases: readonly Record<string, unknown>[] = [
      { bytes: -1 },
      { bytes: 1.5 },
      { bytes: '1' },
      { bytes: null },
      { md5: 'x' },
      { md5: null },
      { path: null },
      { path: '/jfs/Jotta/Archive' },
      { path: '/jfs/Jotta/Archive/a/../b' },
      { path: '/jfs/Jotta/Archive//b' },
      { path: '/jfs/Jotta/Archive/a\u0001' },
      { path: '/jfs/Jotta/Archive/\ud800' },
      { path: `/jfs/Jotta/Archive/${'a'.repeat(256)}` },
    ]
    for (const more of cases) {
      const answer = await session.allocate(path, 'x', more)
      assert.is(answer.status, 400, JSON.stringify(more))
      assert.is(answer.json.error_id, 'InvalidArgumentException')
    }
    for (const body of ['', '[', 'null', '1']) {
      assert.is((await session.ask('POST', '/files/v1/allocate', { body })).status, 400, body)
    }
    for (const where of ['None/Archive/a', 'Jotta/None/a', 'Jotta/Trash/a']) {
      assert.is((await session.allocate(where, 'x')).status, 404, where)
    }
    assert.equal(await session.names('Jotta/Archive'), [])
  })
})

test('a percent sign can be stored but not read back', async () => {
  await withEmulator({}, async (session) => {
    await session.put('Jotta/Archive/100%', 'x')
    assert.equal(await session.names('Jotta/Archive'), ['100%'])
    const answer = await session.get('Jotta/Archive/100%')
    assert.is(answer.status, 400)
    assert.is(answer.headers.get('content-type'), 'text/plain')
    assert.is(answer.text, '400 Bad request')
  })
})

test('a full account refuses at allocate, and a touch is no addition', async () => {
  await withEmulator({ capacityBytes: 10 }, async (session) => {
    await session.put(path, '12345678')
    const refused = await session.allocate('Jotta/Archive/b', 'abc')
    assert.is(refused.status, 460)
    assert.equal(await session.names('Jotta/Archive'), ['reports/'])
    assert.is((await session.allocate(path, '12345678')).json.state, 'COMPLETED')
    assert.is((await session.transfer('cp', path, 'Jotta/Archive/c')).status, 460)
    await session.put('Jotta/Archive/b', 'ab')
    assert.is(at((await session.get('')).xml, 'user', 'quota-write-locked'), 'true')
    await session.post(path, '?dl=true')
    assert.is((await session.allocate('Jotta/Archive/d', 'd')).status, 460)
    await session.ask('POST', '/files/v1/purge_trash')
    assert.is((await session.allocate('Jotta/Archive/d', 'd')).status, 200)
  })
})

test('a client that went away finds its bytes at once', async () => {
  await withEmulator({}, async (session) => {
    const content = Buffer.from('0123456789'.repeat(100))
    for (const length of [400, 700]) {
      const allocation = await session.allocate(path, content)
      const upload = await session.sendPart(path, allocation, content, length)
      const closed = Promise.withResolvers<void>()
      upload.once('close', () => closed.resolve())
      upload.destroy()
      await closed.promise
      assert.is((await session.allocate(path, content)).json.resume_pos, length)
    }
  })
})

test('kept bytes are forgotten after their time, or on demand', async () => {
  const clock = createClock('2026-03-01T08:00:00Z')
  const options = { now: clock.now, partialExpiryMs: 1_800_000 }
  await withEmulator(options, async (session, { faults }) => {
    const start = async () =>
      await session.send(await session.allocate(path, 'abcdef'), 'abcdef', undefined, 3)
    const position = async () => (await session.allocate(path, 'abcdef')).json.resume_pos
    await start()
    assert.is(await position(), 3)
    faults.dropPartials()
    assert.is(await position(), 0)
    await start()
    clock.advance(1_700_000)
    assert.is(await position(), 3)
    clock.advance(100_000)
    assert.is(await position(), 0)
    assert.is(at(await fileOf(session), 'latestRevision', 'state'), 'INCOMPLETE')
  })
})

test('an upload does not land where its file was moved to, nor on one that was removed', async () => {
  await withEmulator({}, async (session) => {
    await session.put('Jotta/Archive/d/f', 'old')
    const one = await session.allocate('Jotta/Archive/d/f', 'new')
    await session.transfer('mvDir', 'Jotta/Archive/d', 'Jotta/Archive/e')
    assert.is((await session.send(one, 'new')).status, 404)
    assert.is(await session.content('Jotta/Archive/e/f'), 'old')
    const two = await session.allocate('Jotta/Archive/e/f', 'new')
    await session.post('Jotta/Archive/e/f', '?rm=true')
    assert.is((await session.send(two, 'new')).status, 404)
    const three = await session.allocate('Jotta/Archive/e/g', 'new')
    await session.post('Jotta/Archive/e', '?dlDir=true')
    assert.is((await session.send(three, 'new')).status, 200)
    assert.is(await session.content('Jotta/Archive/e/g'), 'new')
  })
})

test('a client that goes away after its refusal, its body half sent, is not waited for', async () => {
  await withEmulator({}, async (session) => {
    const upload = request(`${session.url}/files/v1/upload/none`, {
      method: 'POST',
      headers: { authorization: `Bearer ${session.accessToken}`, 'content-length': '1000' },
    })
    upload.on('error', () => undefined)
    upload.write('a part')
    const [reply] = await once(upload, 'response')
    assert.is(reply.statusCode, 404)
    // Its end waits for all that is under way.
    upload.destroy()
  })
})

test.run()
