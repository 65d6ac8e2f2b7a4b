import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bucket,
  codeOf,
  contextOf,
  get,
  list,
  put,
  storeForeign,
  withWorld,
} from './acts.test-support.ts'
import { RESERVED_FOLDER } from './key-path.ts'

const test = suite('read-only bridge')

test('what is there is read, and no write reaches Jottacloud', async () => {
  await withWorld({}, async ({ bridge, emulator, startReadOnly }) => {
    await put(bridge, 'deep/key', 'there')
    const reader = await startReadOnly()
    const before = emulator.faults.requests.length
    const context = contextOf()
    const copy = { bucket, key: 'copy', source: { bucket, key: 'deep/key' } }
    const acts = [
      () => put(reader, 'deep/key', 'other'),
      () => put(reader, 'new/key', 'other', { announceMd5: true }),
      () => reader.deleteObject({ bucket, key: 'deep/key' }, context),
      () =>
        reader.copyObject({ ...copy, sourceConditions: {}, replaceMetadata: undefined }, context),
      () => reader.createBucket('another', context),
    ]
    for (const act of acts) assert.is(await codeOf(act()), 'AccessDenied')
    assert.is((await get(reader, 'deep/key')).toString(), 'there')
    assert.equal(await list(reader), ['deep/key'])
    const sent = emulator.faults.requests.slice(before)
    assert.ok(sent.length > 0)
    assert.equal(
      sent.filter(({ method }) => method !== 'GET'),
      [],
    )
  })
})

test('rules of a bucket remove nothing', async () => {
  await withWorld({}, async ({ bridge, clock, startReadOnly }) => {
    const rule = { id: 'r', status: 'Enabled', filter: { form: 'filter', tags: [] } }
    const rules = [{ ...rule, expiration: { days: 1 } }]
    const text = JSON.stringify({ rules, minimumSize: 'all_storage_classes_128K' })
    await bridge.setBucketConfiguration({ bucket, name: 'lifecycle', text }, contextOf())
    await put(bridge, 'old', 'x')
    clock.nowMs += 10 * 24 * 60 * 60_000
    const counts = await (await startReadOnly()).runLifecycle(
      { pause: async () => {} },
      contextOf(),
    )
    assert.equal([counts.objectsExpired, counts.failures], [0, 1])
    assert.equal(await list(bridge), ['old'])
  })
})

test('what a crash left beside the bucket is not moved, and keeps nobody from reading', async () => {
  await withWorld({}, async ({ bridge, foreign, at, startReadOnly }) => {
    await put(bridge, 'key', 'there')
    const left = at(RESERVED_FOLDER, 'replacing', `${Date.parse('2026-03-01T07:59:00Z')}-x`, 'lost')
    await storeForeign(foreign, left, 'the new one')
    const reader = await startReadOnly()
    assert.equal(await list(reader), ['key'])
    assert.is(await codeOf(get(reader, 'lost')), 'NoSuchKey')
    assert.is((await foreign.stat(left, contextOf()))?.deleted, false)
  })
})

test.run()
