// Failures on demand (API 9.4): each really happens, and ends when it should.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { at, type Session, withEmulator } from './testing/with-emulator.ts'

const test = suite('faults')
const path = 'Jotta/Archive/a'
const time = '2026-01-05-T13:00:00Z'

async function fails(work: Promise<unknown>, message: string): Promise<void> {
  let failed = false
  try {
    await work
  } catch {
    failed = true
  }
  assert.ok(failed, message)
}

test('the next calls that match fail, and then no more', async () => {
  await withEmulator({}, async (session, { faults }) => {
    faults.failNext({ count: 2, status: 503, match: { operation: 'stat' }, retryAfterSeconds: 7 })
    faults.failNext({ status: 429, match: { method: 'POST', pathPrefix: '/files/' }, body: 'slow' })
    assert.is((await session.get('Jotta')).status, 200)
    const first = await session.get('Jotta/Archive')
    assert.is(first.status, 503)
    assert.is(first.headers.get('retry-after'), '7')
    assert.is(at(first.xml, 'error', 'code'), '503')
    const limited = await session.allocate(path, 'x')
    assert.is(limited.status, 429)
    assert.is(limited.text, 'slow')
    assert.is((await session.get('Jotta/Archive')).status, 503)
    assert.is((await session.get('Jotta/Archive')).status, 200)
    assert.is((await session.allocate(path, 'x')).status, 200)
  })
})

test('a reply can be lost after the work was done', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, 'a')
    faults.failNext({ status: 502, when: 'after', match: { operation: 'mv' } })
    assert.is((await session.transfer('mv', path, 'Jotta/Archive/b')).status, 502)
    assert.is(await session.content('Jotta/Archive/b'), 'a')
    faults.add({ kind: 'cut', when: 'after', match: { operation: 'rm' } })
    await fails(session.post('Jotta/Archive/b', '?rm=true'), 'the connection is cut')
    assert.is((await session.get('Jotta/Archive/b')).status, 404)
    faults.add({ kind: 'cut', match: { operation: 'mkDir' } })
    await fails(session.post('Jotta/Archive/d', '?mkDir=true'), 'the connection is cut')
    assert.is((await session.get('Jotta/Archive/d')).status, 404)
  })
})

test('a refused upload leaves the connection usable', async () => {
  await withEmulator({}, async (session, { faults }) => {
    const content = Buffer.alloc(3_000_000, 'x')
    const allocation = await session.allocate(path, content)
    faults.failNext({ status: 503, match: { operation: 'upload' } })
    assert.is((await session.send(allocation, content)).status, 503)
    assert.is((await session.send(allocation, content)).status, 200)
  })
})

test('uploads are cut with their bytes kept', async () => {
  await withEmulator({}, async (session, { faults }) => {
    const content = Buffer.from('abcdefghij')
    faults.add({ kind: 'cutUpload', afterBytes: 4 })
    await fails(session.send(await session.allocate(path, content), content), 'cut')
    const again = await session.allocate(path, content)
    assert.is(again.json.resume_pos, 4)
    faults.add({ kind: 'cutUpload', afterBytes: 3, how: '420' })
    assert.is((await session.send(again, content, 4)).status, 420)
    const third = await session.allocate(path, content)
    assert.is(third.json.resume_pos, 7)
    faults.set({ cutUploadsAfterBytes: 2 })
    await fails(session.send(third, content, 7), 'cut')
    faults.set({ cutUploadsAfterBytes: 0 })
    assert.is((await session.send(await session.allocate(path, content), content, 9)).status, 200)
    assert.is(await session.content(path), 'abcdefghij')
    assert.is(faults.bytesIn({ operation: 'upload' }), 10)
  })
})

test('downloads are cut, or have a wrong byte', async () => {
  await withEmulator({}, async (session, { faults }) => {
    const content = Buffer.alloc(300_000, 'x')
    await session.put(path, content)
    faults.add({ kind: 'cutDownload', afterBytes: 100_000 })
    await fails(session.get(path, '?mode=bin'), 'cut')
    faults.add({ kind: 'corruptDownload', atByte: 200_000 })
    const wrong = await session.get(path, '?mode=bin')
    assert.is(wrong.bytes.length, content.length)
    assert.not.ok(wrong.bytes.equals(content))
    assert.ok((await session.get(path, '?mode=bin')).bytes.equals(content))
  })
})

test('a download can stop or drip half-way, and it is told when its client has gone', async () => {
  await withEmulator({}, async (session, { faults, url }) => {
    await session.put('Jotta/Archive/x', '0123456789')
    faults.add({ kind: 'stallDownload', afterBytes: 4, dripEveryMs: 1 })
    assert.is(await session.content('Jotta/Archive/x'), '0123456789')
    faults.clear()
    faults.add({ kind: 'stallDownload', afterBytes: 4 })
    const headers = { authorization: `Bearer ${session.accessToken}` }
    const target = `${url}${session.jfs('Jotta/Archive/x')}?mode=bin`
    const reply = await fetch(target, { headers })
    const reader = reply.body?.getReader()
    assert.is(Buffer.from((await reader?.read())?.value ?? '').toString(), '0123')
    assert.is(faults.requests[0]?.outcome, 'under way')
    const settled = faults.settled({ operation: 'download' })
    await reader?.cancel()
    await settled
    assert.is(faults.requests[0]?.outcome, 'gone')
    await session.get('Jotta/Archive/x')
    await faults.settled({ operation: 'stat' })
    assert.is(faults.requests[1]?.outcome, 'sent')
  })
})

test('a connection is cut also when the reply before on it has not ended', async () => {
  await withEmulator({}, async (session, { faults, port }) => {
    await session.put(path, '0123456789')
    faults.clear()
    // The first reply is under way for good when the second request comes.
    faults.add({ kind: 'stallDownload', afterBytes: 9, match: { operation: 'download' } })
    faults.add({ kind: 'cut', when: 'after', match: { operation: 'stat' } })
    const target = session.jfs(path)
    const head = `HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${session.accessToken}\r\n\r\n`
    const socket = connect(port, '127.0.0.1')
    socket.resume()
    const closed = once(socket, 'close')
    socket.write(`GET ${target}?mode=bin ${head}GET ${target} ${head}`)
    await closed
    await faults.settled()
    assert.equal(
      faults.requests.map(({ operation, outcome }) => [operation, outcome]),
      [
        ['download', 'gone'],
        ['stat', 'gone'],
      ],
    )
  })
})

test('an upload can be left standing, and a folder be listed short', async () => {
  await withEmulator({}, async (session, { faults, url }) => {
    faults.add({ kind: 'stallUpload', afterBytes: 4 })
    const allocated = await session.allocate(path, '0123456789')
    const target = String(Object(allocated.json).upload_url)
    assert.ok(target.startsWith(url))
    const leaving = new AbortController()
    const headers = { authorization: `Bearer ${session.accessToken}` }
    const sent = fetch(target, {
      method: 'POST',
      body: '0123456789',
      headers,
      signal: leaving.signal,
    })
    while (faults.bytesIn({ operation: 'upload' }) < 10) await setImmediate()
    leaving.abort()
    await fails(sent, 'abort')
    await faults.settled({ operation: 'upload' })
    assert.is(faults.requests.at(-1)?.outcome, 'gone')

    await session.put(path, 'a')
    await session.put('Jotta/Archive/b', 'b')
    await session.post('Jotta/Archive/c', '?mkDir=true')
    faults.add({ kind: 'shortListing', entries: 2 })
    const { xml, text } = await session.get('Jotta/Archive')
    assert.is(at(xml, 'mountPoint', 'metadata', '@total'), '3')
    assert.is([...text.matchAll(/<(?:file|folder) /g)].length, 2)
  })
})

test('a liststream can be truncated or miscounted', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, 'a')
    await session.put('Jotta/Archive/b', 'b')
    const read = async () => {
      const { xml } = await session.get('Jotta/Archive', '?mode=liststream')
      return { files: at(xml, 'filedirlist', 'file'), stats: at(xml, 'filedirlist', 'stats') }
    }
    const good = await read()
    faults.add({ kind: 'spoilListing', how: 'no-stats' })
    assert.equal(await read(), { ...good, stats: undefined })
    faults.add({ kind: 'spoilListing', how: 'wrong-stats' })
    assert.is(at((await read()).stats, 'files'), '3')
    faults.add({ kind: 'spoilListing', how: 'truncated' })
    assert.equal(await read(), { files: undefined, stats: undefined })
    assert.equal(await read(), good)
    faults.add({ kind: 'cutDownload', afterBytes: 60, match: { operation: 'liststream' } })
    await fails(read(), 'cut')
  })
})

test('a finished upload can stay invisible for some GETs', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, 'one')
    faults.add({ kind: 'delayVisibility', gets: 2 })
    await session.put(path, 'three')
    const size = async () => at((await session.get(path)).xml, 'file', 'currentRevision', 'size')
    assert.equal([await size(), await size(), await size()], ['3', '3', '5'])
  })
})

test('states that clients have seen can be shown', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, 'a')
    const match = { pathPrefix: session.jfs(path) }
    faults.add({ kind: 'showState', state: 'PROCESSING', count: 2, match })
    const listed = await session.get('Jotta/Archive')
    assert.match(listed.text, /<state>PROCESSING<\/state>/)
    assert.match((await session.get(path)).text, /<state>PROCESSING<\/state>/)
    assert.match((await session.get(path)).text, /<state>COMPLETED<\/state>/)
  })
})

test('requests can be held until released', async () => {
  await withEmulator({}, async (session, { faults }) => {
    const hold = faults.hold({ operation: 'mkDir' })
    const making = [1, 2].map((n) => session.post(`Jotta/Archive/d${n}`, '?mkDir=true'))
    await hold.reached(2)
    assert.equal(await session.names('Jotta/Archive'), [])
    hold.release()
    for (const made of making) assert.is((await made).status, 200)
    const late = faults.hold({ operation: 'rmDir' }, 'after')
    const removing = session.post('Jotta/Archive/d1', '?rmDir=true')
    await late.reached()
    assert.equal(await session.names('Jotta/Archive'), ['d2/'])
    late.release()
    assert.is((await removing).status, 200)
    faults.hold({ operation: 'cp' })
    const waiting = session.transfer('cp', path, path)
    faults.clear()
    assert.is((await waiting).status, 404)
  })
})

test('closing ends what is held', async () => {
  let waiting: Promise<unknown> = Promise.resolve()
  await withEmulator({}, async (session, { faults }) => {
    const hold = faults.hold({ operation: 'device' })
    waiting = fails(session.get('Jotta'), 'cut')
    await hold.reached()
  })
  await waiting
})

test('requests are counted, with their bytes', async () => {
  await withEmulator({}, async (session, { faults }) => {
    faults.clear()
    await session.put(path, 'hello')
    await session.get(path)
    await session.get('Jotta/Archive/none')
    assert.equal(
      faults.requests.map(({ operation, status }) => `${operation} ${status}`),
      ['allocate 200', 'upload 200', 'stat 200', 'stat 404'],
    )
    assert.is(faults.count({ operation: 'stat' }), 2)
    assert.is(faults.count({ method: 'POST' }), 2)
    assert.is(faults.bytesIn({ operation: 'upload' }), 5)
  })
})

test('latency and stream rate slow down, write lock and quota refuse', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, Buffer.alloc(20_000))
    faults.set({ latencyMs: 30, streamRateBytesPerSecond: 200_000 })
    const before = performance.now()
    await session.get(path, '?mode=bin')
    assert.ok(performance.now() - before > 120)
    faults.set({ latencyMs: 0, streamRateBytesPerSecond: 0, writeLock: 'on' })
    assert.is((await session.allocate(path, 'x')).status, 403)
    assert.is((await session.post(path, '?dl=true')).status, 403)
    assert.is(at((await session.get('')).xml, 'user', 'write-locked'), 'true')
    faults.set({ writeLock: 'off', capacityBytes: 1, quotaStatus: 507 })
    assert.is((await session.allocate(path, 'xx')).status, 507)
    assert.is((await session.cphash(path, Buffer.alloc(20_000), time)).status, 200)
    assert.throws(() => faults.set({ latencyMs: 1.5 }), /latencyMs/)
    assert.throws(() => faults.set(JSON.parse('{"nonsense":1}')), /nonsense/)
    assert.throws(() => faults.set(JSON.parse('{"listingOrder":"x"}')), /stored, random/)
  })
})

async function order(session: Session, body: unknown) {
  return await session.ask('POST', '/emulator/faults', {
    headers: { authorization: '' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

test('all of it can be had by an admin call, when there is one', async () => {
  await withEmulator({ adminCalls: true }, async (session) => {
    const made = await order(session, {
      add: [{ kind: 'fail', status: 503, count: 1, match: { operation: 'stat' } }],
      set: { listingOrder: 'random', latencyMs: 1 },
      loginToken: true,
    })
    assert.is(made.status, 200)
    assert.is((await session.get('Jotta/Archive')).status, 503)
    assert.is((await session.login(String(made.json.loginToken))).status, 200)
    await order(session, { do: ['expireAccessTokens'] })
    assert.is((await session.get('Jotta')).status, 401)
    const log = await session.ask('GET', '/emulator/faults')
    assert.ok(Array.isArray(log.json.requests))
    const wrong: readonly unknown[] = [
      '[',
      '[]',
      { add: [{ kind: 'x' }] },
      { add: [{ kind: 'fail' }] },
      { set: { x: 1 } },
      { add: [{ kind: 'cut', when: 'never' }] },
      { add: [{ kind: 'cut', match: { x: 'y' } }] },
      { add: [{ kind: 'showState' }] },
      { hold: 'x' },
      { set: { nameMatching: 'ascii' } },
    ]
    for (const body of wrong)
      assert.is((await order(session, body)).status, 400, JSON.stringify(body))
  })
})

test('without the option there is no admin call', async () => {
  await withEmulator({}, async (session) => {
    assert.is((await order(session, { do: ['clear'] })).status, 401)
    assert.is((await session.ask('GET', '/emulator/faults')).status, 404)
  })
})

test.run()
