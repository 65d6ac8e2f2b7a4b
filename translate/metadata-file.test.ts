import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportMetadata, importMetadata } from './metadata-file.ts'
import type { NewObjectRecord } from './state/records.ts'
import { openSqliteState } from './state/sqlite.ts'
import type { State } from './state/state.ts'

const test = suite('metadata file')

async function withStates(act: (from: State, to: State) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'metadata-'))
  const states = ['from', 'to'].map((name) => openSqliteState({ file: join(directory, name) }))
  try {
    const [from, to] = states
    if (from !== undefined && to !== undefined) await act(from, to)
  } finally {
    for (const state of states) await state.close()
    await rm(directory, { recursive: true })
  }
}

const record: NewObjectRecord = {
  bucket: 'bucket',
  key: 'a "key"\n with 😀',
  md5: '0123456789abcdef0123456789abcdef',
  sizeBytes: 7,
  metadata: { contentType: 'text/plain', user: { one: 'ein "s"' } },
  multipartEtag: '0123456789abcdef0123456789abcdef-2',
  parts: [
    { sizeBytes: 5, checksums: { CRC32: 'BBBBBB==' } },
    { sizeBytes: 2, checksums: {} },
  ],
  tags: [{ key: 'project', value: 'é' }],
  storageClass: 'STANDARD_IA',
  acl: '[{"é":1}]',
  checksums: { type: 'FULL_OBJECT', values: { CRC32: 'AAAAAA==' } },
}
const plain: NewObjectRecord = {
  ...record,
  key: 'plain',
  multipartEtag: undefined,
  parts: [],
  checksums: undefined,
}

async function exported(state: State): Promise<string> {
  const sink = new PassThrough()
  const text = Array.fromAsync(sink.setEncoding('utf8'))
  await exportMetadata(state, sink)
  return (await text).join('')
}

test('what is exported is taken in again as it was', async () => {
  await withStates(async (from, to) => {
    const rules = { bucket: 'bucket', name: 'cors', text: '[{"a":"\u2028"}]' } as const
    await from.bucketConfigurations.put(rules)
    for (const kept of [record, plain]) await from.objects.commit(await from.objects.stage(kept))
    const text = await exported(from)
    assert.is(text.trim().split('\n').length, 3)
    assert.is(await importMetadata(to, Readable.from([text])), 3)
    assert.equal(await to.bucketConfigurations.all(), [rules])
    for (const { parts = [], ...kept } of [record, plain]) {
      const expected = { ...kept, partCount: parts.length === 0 ? undefined : parts.length }
      assert.equal(await to.objects.find('bucket', kept.key, kept), expected)
    }
    const all = { afterPartNumber: 0, limit: 9 }
    assert.equal(await to.objects.parts('bucket', record.key, record, all), [
      { partNumber: 1, start: 0, sizeBytes: 5, checksums: { CRC32: 'BBBBBB==' } },
      { partNumber: 2, start: 5, sizeBytes: 2, checksums: {} },
    ])
    assert.is(await exported(to), text)
  })
})

test('what a crash left between a write and its commit is exported, and found again', async () => {
  await withStates(async (from, to) => {
    await from.objects.commit(await from.objects.stage(plain))
    const stored = { ...record, key: plain.key, md5: 'f'.repeat(32) }
    await from.objects.stage(stored)
    await importMetadata(to, Readable.from([await exported(from)]))
    assert.is((await to.objects.find('bucket', plain.key, stored))?.partCount, 2)
    assert.is((await to.objects.find('bucket', plain.key, plain))?.partCount, undefined)
    assert.is(await exported(to), await exported(from))
  })
})

test('an export of the time before tags and part checksums is taken in', async () => {
  await withStates(async (_from, to) => {
    const { parts: _, tags: __, storageClass: ___, ...old } = record
    const line = JSON.stringify({ ...old, partSizesBytes: [5, 2] })
    assert.is(await importMetadata(to, Readable.from([`${line}\n`])), 1)
    assert.equal(await to.objects.find('bucket', old.key, old), { ...old, partCount: 2 })
    const all = { afterPartNumber: 1, limit: 9 }
    assert.equal(await to.objects.parts('bucket', old.key, old, all), [
      { partNumber: 2, start: 5, sizeBytes: 2, checksums: {} },
    ])
  })
})

test('whatever a request can carry can be taken in again', async () => {
  await withStates(async (from, to) => {
    const user = { ['n'.repeat(2000)]: 'v'.repeat(9000) }
    const wide = { ...plain, metadata: { contentType: 'c'.repeat(20_000), user } }
    await from.objects.commit(await from.objects.stage(wide))
    await importMetadata(to, Readable.from([await exported(from)]))
    const { parts: _, ...kept } = wide
    assert.equal(await to.objects.find('bucket', 'plain', plain), { ...kept, partCount: undefined })
  })
})

const broken = [
  ['not JSON', '{"bucket"'],
  ['no object', '7'],
  ['a path for a hash', JSON.stringify({ ...plain, md5: '../../etc' })],
  ['a negative size', JSON.stringify({ ...plain, sizeBytes: -1 })],
] as const
for (const [what, text] of broken) {
  test(`a file with ${what} is refused`, async () => {
    await withStates(async (_from, to) => {
      const error = await importMetadata(to, Readable.from([text])).catch((reason: Error) => reason)
      assert.ok(error instanceof Error)
      assert.is(await exported(to), '')
    })
  })
}

test.run()
