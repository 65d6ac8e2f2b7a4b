// Section 4.5 of the protocol reference, over HTTP.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withEmulator } from './testing/with-emulator.ts'

const test = suite('download')
const path = 'Jotta/Archive/a.txt'

/** Range, status, body, Content-Range. */
const ranges: readonly (readonly [string, number, string, string | null])[] = [
  ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
  ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
  ['bytes=9-9', 206, '9', 'bytes 9-9/10'],
  ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=5-4', 200, '0123456789', null],
  ['bytes=a-b', 200, '0123456789', null],
  ['bytes=0-1,4-5', 200, '0123456789', null],
  ['items=0-1', 200, '0123456789', null],
]

test('ranges are inclusive at both ends', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, '0123456789')
    for (const [range, status, body, contentRange] of ranges) {
      const answer = await session.get(path, '?mode=bin', { range })
      assert.is(answer.status, status, range)
      assert.is(answer.text, body, range)
      assert.is(answer.headers.get('content-range'), contentRange, range)
      assert.is(answer.headers.get('content-length'), String(body.length), range)
    }
    faults.set({ suffixRanges: 'ignore' })
    assert.is((await session.get(path, '?mode=bin', { range: 'bytes=-3' })).status, 200)
  })
})

test('a start beyond the end is a 416 in XML', async () => {
  await withEmulator({}, async (session) => {
    await session.put(path, '0123456789')
    for (const range of ['bytes=10-', 'bytes=10-20', 'bytes=-0']) {
      const answer = await session.get(path, '?mode=bin', { range })
      assert.is(answer.status, 416, range)
      assert.match(answer.text, /RequestedRangeNotSatisfiedException/)
    }
  })
})

test('HEAD is harmless, or refused when switched', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, '0123456789')
    const head = await session.ask('HEAD', `${session.jfs(path)}?mode=bin`)
    assert.is(head.status, 200)
    assert.is(head.headers.get('content-length'), '10')
    assert.is(head.bytes.length, 0)
    assert.is((await session.ask('HEAD', session.jfs('Jotta/Archive'))).status, 200)
    assert.is((await session.ask('HEAD', session.jfs('Jotta/Archive/none'))).status, 404)
    faults.set({ headRequests: 'refuse' })
    assert.is((await session.ask('HEAD', session.jfs(path))).status, 405)
  })
})

test('modes that do not fit are refused', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, 'x')
    assert.is((await session.get('Jotta/Archive', '?mode=bin')).status, 404)
    assert.is((await session.get(path, '?mode=liststream')).status, 404)
    assert.is((await session.get(path, '?mode=thumb&ts=WS')).status, 404)
    assert.is((await session.get(path, '?mode=unknown')).status, 400)
    faults.set({ unknownRevision: 'serve-current' })
    assert.is((await session.get(path, '?mode=bin&revision=77')).text, 'x')
    await session.post(path, '?dl=true')
    faults.set({ trashedDownloads: 'serve' })
    assert.is(await session.content(path), 'x')
  })
})

test('what is being read stays readable though the file is removed', async () => {
  const content = Buffer.alloc(8 * 1024 * 1024, 'x')
  await withEmulator({}, async (session, { faults }) => {
    await session.put(path, content)
    const hold = faults.hold({ operation: 'download' }, 'after')
    const reading = session.get(path, '?mode=bin')
    await hold.reached()
    assert.is((await session.post(path, '?rm=true')).status, 200)
    hold.release()
    assert.ok((await reading).bytes.equals(content))
    assert.is((await session.get(path, '?mode=bin')).status, 404)
  })
})

test.run()
