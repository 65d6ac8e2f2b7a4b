import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportMetadata, importMetadata } from './metadata-file.ts'
import { openSqliteState } from './state/sqlite.ts'
import type { ObjectRecord, State } from './state/state.ts'

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

const record: ObjectRecord = {
  bucket: 'bucket',
  key: 'a "key"\n with 😀',
  md5: '0123456789abcdef0123456789abcdef',
  sizeBytes: 7,
  metadata: { contentType: 'text/plain', user: { one: 'ein "s"' } },
  multipartEtag: '0123456789abcdef0123456789abcdef-2',
  partSizesBytes: [5, 2],
  checksums: { type: 'FULL_OBJECT', values: { CRC32: 'AAAAAA==' } },
}
const plain: ObjectRecord = {
  ...record,
  key: 'plain',
  multipartEtag: undefined,
  partSizesBytes: [],
  checksums: undefined,
}

async function exported(state: State): Promise<string> {
  const sink = new PassThrough()
  const text = Array.fromAsync(sink.setEncoding('utf8'))
  await exportMetadata(state, sink)
  sink.end()
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
    assert.equal(await to.objects.find('bucket', record.key, record), record)
    assert.equal(await to.objects.find('bucket', 'plain', plain), plain)
    assert.is(await exported(to), text)
  })
})

test('whatever a request can carry can be taken in again', async () => {
  await withStates(async (from, to) => {
    const user = { ['n'.repeat(2000)]: 'v'.repeat(9000) }
    const wide = { ...plain, metadata: { contentType: 'c'.repeat(20_000), user } }
    await from.objects.commit(await from.objects.stage(wide))
    await importMetadata(to, Readable.from([await exported(from)]))
    assert.equal(await to.objects.find('bucket', 'plain', plain), wide)
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
